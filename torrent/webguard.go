package torrent

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"gotor/torrent/network"
)

// exchange is how the server that entry names may be reached, and where it may lead
// us: by the rules of the torrent, or of the user for one that they named. What a
// torrent asks of a private address has no query, so that it cannot be made to give
// orders to some service there.
func (w *webSeeds) exchange(kind webKind, entry *url.URL) *network.Exchange {
	rules := w.core.policy.Rules(network.PlainPath)
	switch kind {
	case byUser:
		rules = w.core.client.user.Rules(nil)
	case byTorrentScript:
		rules.Ask = func(u *url.URL, ip netip.Addr) error {
			if ownQuery(u, entry) {
				return nil
			}
			return network.PlainPath(u, ip)
		}
	}
	return network.NewExchange(w.core.client.net, rules)
}

// ownQuery reports whether the query of u, which asks the script at entry, is ours
// alone (BEP 17).
func ownQuery(u, entry *url.URL) bool {
	if entry.RawQuery != "" || u.User != nil || u.Scheme != entry.Scheme || u.Host != entry.Host || u.EscapedPath() != entry.EscapedPath() {
		return false
	}
	query, err := url.ParseQuery(u.RawQuery)
	for key := range query {
		if key != "info_hash" && key != "piece" && key != "ranges" {
			return false
		}
	}
	return err == nil
}

// checkMirror says what is wrong with a URL of the user's.
func checkMirror(m Mirror) error {
	u, err := url.Parse(m.URL)
	if err != nil || u.Host == "" || !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https") {
		return errors.New("a mirror must be an http or https URL")
	}
	return nil
}
