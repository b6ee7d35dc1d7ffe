package tracker

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"

	"gotor/bencode"
)

// bodyLimits bound an HTTP answer: the tokens are those of a few thousand peers
// in long form. Nobody hashes it, and scripts write what other clients take.
func bodyLimits() bencode.Limits {
	return bencode.Limits{Size: maxBody, Tokens: 1 << 18, Lenient: true}
}

// parseBody returns the dictionary of an HTTP answer. White space before it is
// let pass, and whatever is behind it: scripts leave some.
func parseBody(body []byte) (bencode.Value, error) {
	v, err := bencode.Parse(bytes.TrimSpace(body), bodyLimits())
	if err != nil {
		return bencode.Value{}, malformed("%w", err)
	}
	if v.Kind() != bencode.Dict {
		return bencode.Value{}, malformed("got %v, want a dictionary", v.Kind())
	}
	return v, nil
}

// failureOf returns the *Failure that v stands for, nil if it is none.
func failureOf(v bencode.Value) error {
	reason := v.Get("failure reason")
	switch peers := v.Get("peers").Kind() != bencode.Invalid; {
	case reason.Kind() == bencode.Invalid, reason.Kind() != bencode.String && peers:
		return nil // some write a zero there: none
	}
	f := &Failure{Reason: text(reason)}
	retry := v.Get("retry in")
	if minutes, ok := retry.Int(); ok && minutes > 0 {
		f.RetryIn = time.Duration(min(minutes, 24*60)) * time.Minute
	} else if s, _ := retry.Str(); string(s) == "never" {
		f.Never = true
	} else if s, ok := v.Get("min interval").Int(); ok {
		f.RetryIn = interval(s) // not of BEP 31, but some trackers give it
	}
	return f
}

// text returns a string value as it is, cut to what may be shown.
func text(v bencode.Value) string {
	s, _ := v.Str()
	return cut(string(s[:min(len(s), maxText+1)]))
}

// interval brings a tracker's number of seconds into what we keep to.
func interval(seconds int64) time.Duration {
	return time.Duration(min(max(seconds, minInterval), maxInterval)) * time.Second
}

// parseAnnounce reads the dictionary of an announce, and which of the peers in it
// have a host name in place of an address. Keys that are missing or
// of a wrong type are as good as not there: a tracker that counts badly may
// still know peers.
func parseAnnounce(v bencode.Value) (Response, []namedPeer, error) {
	peers, peers6 := v.Get("peers"), v.Get("peers6")
	if peers.Kind() == bencode.Invalid && peers6.Kind() == bencode.Invalid && v.Get("interval").Kind() == bencode.Invalid {
		return Response{}, nil, malformed("neither peers nor interval in it")
	}
	r := Response{
		Seeders:  count(v.Get("complete")),
		Leechers: count(v.Get("incomplete")),
		Warning:  text(v.Get("warning message")),
	}
	r.Interval, r.MinInterval = intervals(v)
	if id, _ := v.Get("tracker id").Str(); len(id) <= maxTrackerID {
		r.TrackerID = string(id)
	}
	ip, _ := v.Get("external ip").Str()
	if addr, ok := netip.AddrFromSlice(ip); ok {
		r.ExternalIP = addr.Unmap()
	}
	var named []namedPeer
	if compact, ok := peers.Str(); ok {
		r.Peers = appendCompact(r.Peers, compact, 4)
	} else {
		r.Peers, named = appendDicts(r.Peers, peers)
	}
	compact, _ := peers6.Str()
	r.Peers = appendCompact(r.Peers, compact, 16)
	return r, named, nil
}

// intervals returns the regular and the least interval of an announce.
func intervals(v bencode.Value) (regular, least time.Duration) {
	n, ok := v.Get("interval").Int()
	if !ok {
		n = stdInterval
	}
	m, _ := v.Get("min interval").Int()
	least = interval(m)
	return max(interval(n), least), least
}

// count returns a number of peers, -1 if v is none.
func count(v bencode.Value) int {
	n, ok := v.Int()
	if !ok || n < 0 || n > 1<<31-1 {
		return -1
	}
	return int(n)
}

// appendCompact appends the peers of a compact list (BEP 7, 23): addresses of
// size bytes, each with a port. What is left of a torn list is not looked at.
func appendCompact(dst []netip.AddrPort, b []byte, size int) []netip.AddrPort {
	if dst == nil {
		dst = make([]netip.AddrPort, 0, min(len(b)/(size+2), maxPeers))
	}
	for ; len(b) >= size+2 && len(dst) < maxPeers; b = b[size+2:] {
		addr, _ := netip.AddrFromSlice(b[:size])
		dst = appendPeer(dst, addr, binary.BigEndian.Uint16(b[size:]))
	}
	return dst
}

// appendDicts appends the peers of a list of dictionaries (BEP 3), and returns
// those that have a name.
func appendDicts(dst []netip.AddrPort, list bencode.Value) (_ []netip.AddrPort, named []namedPeer) {
	for peer := range list.Items() {
		if len(dst) == maxPeers {
			break
		}
		ip, _ := peer.Get("ip").Str()
		port, _ := peer.Get("port").Int()
		if len(ip) > maxHostName || port < 1 || port > 65535 {
			continue
		}
		if addr, err := netip.ParseAddr(string(ip)); err == nil {
			dst = appendPeer(dst, addr, uint16(port))
		} else if isHostName(ip) && len(named) < maxNamed {
			named = append(named, namedPeer{string(ip), uint16(port)})
		}
	}
	return dst, named
}

// appendPeer appends a peer if there can be one at that address: a tracker
// must not make us send to everybody on a network, or to nobody.
func appendPeer(dst []netip.AddrPort, addr netip.Addr, port uint16) []netip.AddrPort {
	addr = addr.Unmap()
	switch {
	case port == 0, !addr.IsValid(), addr.Zone() != "", addr.IsUnspecified(), addr.IsMulticast(), addr.IsLinkLocalUnicast():
		return dst
	case addr.Is4() && (addr.As4()[0] == 0 || addr.As4() == [4]byte{255, 255, 255, 255}):
		return dst
	}
	return append(dst, netip.AddrPortFrom(addr, port))
}

// parseScrape reads the dictionary of a scrape (BEP 48, 21): the results of
// hashes in their order.
func parseScrape(v bencode.Value, hashes [][20]byte) ([]ScrapeResult, error) {
	files := v.Get("files")
	if files.Kind() != bencode.Dict {
		return nil, malformed("no files in it")
	}
	results := make([]ScrapeResult, len(hashes))
	for i, h := range hashes {
		f := files.Get(string(h[:]))
		results[i] = ScrapeResult{
			Seeders:     count(f.Get("complete")),
			Leechers:    count(f.Get("incomplete")),
			Completed:   count(f.Get("downloaded")),
			Downloaders: count(f.Get("downloaders")),
		}
	}
	return results, nil
}
