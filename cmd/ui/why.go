package ui

import (
	"fmt"
	"net/url"
	"strings"

	"gotor/cmd/record"
	"gotor/torrent"
)

// This file says why a download waits: what each source answered. Bar, plain lines
// and the last words of one that is ended use the same words.

// maxReason is how many columns of an answer are shown in a line with others, and
// maxReasons how many sources of a kind are named in it.
const (
	maxReason  = 100
	maxReasons = 2
)

// waiting reports whether a download has nobody to download from: then rates
// say nothing, and people want to know whom we have asked. Peers of which none
// gives anything are nobody; but as long as the rate shows that some did, they are
// given the time.
func waiting(sn *torrent.Snapshot) bool {
	if sn.State != torrent.StateDownloading || sn.Verified >= sn.Wanted || servers(sn, torrent.WebSeedWorking) > 0 {
		return false
	}
	return sn.Peers == 0 || sn.DownRate == 0 && sn.Choking+sn.Lacking+sn.Silent >= sn.Peers
}

// Stuck is waiting, or the same of a link.
func Stuck(sn *torrent.Snapshot) bool { return waiting(sn) || sn.State == torrent.StateMetadata }

// servers counts the web seeds in a state.
func servers(sn *torrent.Snapshot, state torrent.WebSeedState) (n int) {
	for _, w := range sn.WebSeeds {
		if w.State == state {
			n++
		}
	}
	return n
}

// waitingText says whom we asked and what they know.
func waitingText(sn *torrent.Snapshot) string {
	parts := sourcesText(sn)
	if len(sn.WebSeeds) > 0 {
		parts = append(parts[:1:1], append([]string{answersText("web seed", serverAnswers(sn))}, parts[1:]...)...)
	}
	parts = append(parts, Count(sn.Known, "address")+" known")
	if sn.Tried > 0 {
		parts = append(parts, fmt.Sprintf("%d tried", sn.Tried))
	}
	if sn.Dialing > 0 {
		parts = append(parts, fmt.Sprintf("%d being tried", sn.Dialing))
	}
	said := strings.Join(append(parts, lastTried(sn)...), ", ")
	switch {
	case sn.Peers > 0:
		return fmt.Sprintf("%d%%, waiting: %s; %s", percent(sn.Verified, sn.Wanted), peersText(sn), said)
	case sn.Downloaded > 0:
		return "no peers now: " + said
	}
	return "no peers yet: " + said
}

// metadataText says who was asked what a link leads to, and what came of it.
func metadataText(sn *torrent.Snapshot) string {
	parts := append(sourcesText(sn), Count(sn.Known, "address")+" known", Count(sn.Tried, "peer")+" tried", fmt.Sprintf("%d connected", sn.Peers))
	switch {
	case sn.MetadataPeers > 0:
		parts = append(parts, fmt.Sprintf("%d with metadata, %s of %s", sn.MetadataPeers, Bytes(sn.MetadataGot), Bytes(sn.MetadataSize)))
	case sn.Peers > 0:
		parts = append(parts, "none has metadata")
	default:
		parts = append(parts, lastTried(sn)...)
	}
	return "looking for metadata: " + strings.Join(parts, ", ")
}

// sourcesText says what trackers, the DHT and the local network know; the first
// entry is about trackers.
func sourcesText(sn *torrent.Snapshot) []string {
	parts := []string{"no trackers"}
	if len(sn.Trackers) > 0 {
		parts[0] = answersText("tracker", trackerAnswers(sn))
	}
	if sn.DHT.Used {
		parts = append(parts, dhtText(&sn.DHT))
	}
	if sn.Local > 0 {
		parts = append(parts, fmt.Sprintf("%d nearby", sn.Local))
	}
	return parts
}

// dhtText says what the DHT knows.
func dhtText(d *torrent.DHTStatus) string {
	switch {
	case d.Nodes == 0:
		return "no DHT node answered"
	case d.Error != "" && d.Found == 0:
		return fmt.Sprintf("DHT %s (%s)", Count(d.Nodes, "node"), reason(d.Error))
	}
	return fmt.Sprintf("DHT %s (%s)", Count(d.Nodes, "node"), Count(d.Found, "peer"))
}

// answer is what a tracker or a web server has answered.
type answer struct {
	url    string
	state  answerState
	reason string // of a failure; empty: it gave none
	peers  int    // in an answer
}

type answerState uint8

const (
	notAsked answerState = iota
	noAnswer             // yet
	answered
	failed
)

// trackerAnswers are those of the trackers. One that is being asked again has
// failed until it answers.
func trackerAnswers(sn *torrent.Snapshot) []answer {
	all := make([]answer, 0, len(sn.Trackers))
	for _, t := range sn.Trackers {
		a := answer{url: t.URL, peers: t.Peers, reason: t.Error}
		switch {
		case t.Error != "" || t.State == "failed":
			a.state = failed
		case t.OK || t.State == "ok":
			a.state = answered
		case t.State == "announcing":
			a.state = noAnswer
		}
		all = append(all, a)
	}
	return all
}

// serverAnswers are those of the web seeds.
func serverAnswers(sn *torrent.Snapshot) []answer {
	all := make([]answer, 0, len(sn.WebSeeds))
	for _, w := range sn.WebSeeds {
		a := answer{url: w.URL, reason: w.Error}
		switch w.State {
		case torrent.WebSeedFailed, torrent.WebSeedWaiting:
			a.state = failed
		case torrent.WebSeedWorking:
			a.state = answered
		case torrent.WebSeedDialing:
			a.state = noAnswer
		}
		all = append(all, a)
	}
	return all
}

// answersText counts sources of a kind and says in brackets what they answered:
// "1 tracker (refused: go away)", "2 trackers (1 answered: 0 peers; t.example:
// connection refused)".
func answersText(noun string, all []answer) string {
	var parts []string
	asked, known, peers, bad := 0, 0, 0, 0
	for i := range all {
		switch a := &all[i]; a.state {
		case noAnswer:
			asked++
		case answered:
			known++
			peers += a.peers
		case failed:
			bad++
			if text := failureText(a, len(all) == 1); text != "" && len(parts) < maxReasons {
				parts = append(parts, text)
			}
		}
	}
	// A torrent may name a hundred trackers; two reasons tell most, the rest is a number.
	switch unnamed := bad - len(parts); {
	case unnamed > 0 && len(parts) > 0:
		parts = append(parts, fmt.Sprintf("%d more failed", unnamed))
	case unnamed > 0:
		parts = append(parts, fmt.Sprintf("%d failed", unnamed))
	}
	if asked > 0 {
		parts = append(parts, fmt.Sprintf("%d to answer", asked))
	}
	switch {
	case known == 0 || noun != "tracker":
	case len(all) == 1:
		parts = append(parts, Count(peers, "peer"))
	default:
		parts = append([]string{fmt.Sprintf("%d answered: %s", known, Count(peers, "peer"))}, parts...)
	}
	if parts == nil {
		return Count(len(all), noun)
	}
	return Count(len(all), noun) + " (" + strings.Join(parts, "; ") + ")"
}

// failureText is the answer of a source that failed; alone, it needs no name.
func failureText(a *answer, alone bool) string {
	why := reason(a.reason)
	if alone || why == "" {
		return why
	}
	return host(a.url) + ": " + why
}

// reason is an error in a line with others: safe, and not too long.
func reason(err string) string {
	if said, ok := strings.CutPrefix(err, "tracker refuses: "); ok {
		err = "refused: " + said
	}
	// "dial tcp 127.0.0.1:6969: connect: connection refused": the source is named
	// already, and the end is what counts.
	for _, verb := range []string{"dial ", "read ", "write "} {
		if strings.HasPrefix(err, verb) {
			err = err[strings.LastIndex(err, ": ")+1:]
			break
		}
	}
	err = strings.TrimSpace(err)
	return Clip(record.Redact(err), maxReason)
}

// host is who a URL is about.
func host(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Host != "" {
		return record.Safe(u.Host)
	}
	return record.Redact(raw)
}

// lastTried is the newest failure of a peer, if there is one.
func lastTried(sn *torrent.Snapshot) []string {
	n := len(sn.PeerErrors)
	if n == 0 {
		return nil
	}
	e := sn.PeerErrors[n-1]
	return []string{"last tried " + record.Safe(e.Addr) + ": " + record.Safe(e.Error)}
}

// idlePeers are the ways in which connected peers give nothing.
func idlePeers(sn *torrent.Snapshot) []struct {
	n         int
	one, many string
} {
	return []struct {
		n         int
		one, many string
	}{
		{sn.Choking, "chokes us", "choke us"},
		{sn.Lacking, "has nothing that we lack", "have nothing that we lack"},
		{sn.Silent, "sends nothing", "send nothing"},
	}
}

// peersText says why the peers that are connected give nothing: "3 peers, all
// choke us", "3 peers: 2 choke us, 1 sends nothing".
func peersText(sn *torrent.Snapshot) string {
	var parts []string
	for _, k := range idlePeers(sn) {
		switch {
		case k.n == 0:
		case k.n == sn.Peers && k.n == 1:
			return "1 peer, it " + k.one
		case k.n == sn.Peers:
			return Count(k.n, "peer") + ", all " + k.many
		case k.n == 1:
			parts = append(parts, "1 "+k.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", k.n, k.many))
		}
	}
	if parts == nil {
		return Count(sn.Peers, "peer")
	}
	return Count(sn.Peers, "peer") + ": " + strings.Join(parts, ", ")
}

// reasons are what a download waits for, without what changes all the time; empty
// if it does not wait or if nobody has refused anything yet.
func reasons(sn *torrent.Snapshot) string {
	if !Stuck(sn) {
		return ""
	}
	var b strings.Builder
	for _, a := range append(trackerAnswers(sn), serverAnswers(sn)...) {
		if a.state == failed {
			b.WriteString(a.url + " " + a.reason + "\n")
		}
	}
	for _, k := range idlePeers(sn) {
		if sn.Peers > 0 && k.n > 0 {
			b.WriteString(k.many + "\n")
		}
	}
	return b.String()
}

// maxExplained bounds the lines about trackers: a torrent may name a hundred.
const maxExplained = 20

// Explain prints whom a download asked and what each answered: the lines
// before the error of a time limit, or of a signal that ends one that waits.
func Explain(c *Console, sn *torrent.Snapshot) {
	if len(sn.Trackers) == 0 && sn.Known == 0 {
		c.Tell(sn.Name + ": it names no tracker; add one with --tracker URL, or a peer with --peer HOST:PORT")
	}
	for i, t := range sn.Trackers {
		if i == maxExplained {
			c.Tell(fmt.Sprintf("%s: and %s more", sn.Name, Count(len(sn.Trackers)-i, "tracker")))
			break
		}
		answer := t.Error
		switch {
		case answer == "" && t.State == "ok":
			answer = Count(t.Peers, "peer")
		case answer == "":
			answer = "no answer"
		}
		c.Tell(sn.Name + ": tracker " + t.URL + ": " + answer)
	}
	for _, w := range explainWeb(sn) {
		c.Tell(w)
	}
	if d := &sn.DHT; d.Used && d.Nodes > 0 {
		c.Tell(sn.Name + ": " + dhtText(d))
	}
	if sn.Choking+sn.Lacking+sn.Silent > 0 {
		c.Tell(sn.Name + ": " + peersText(sn))
	}
	for _, p := range sn.PeerErrors { // the engine keeps the last few only
		c.Tell(sn.Name + ": peer " + p.Addr + ": " + p.Error)
	}
}

// explainWeb says what each web server came to, for a download that failed.
func explainWeb(sn *torrent.Snapshot) (lines []string) {
	for i, w := range sn.WebSeeds {
		if i == maxExplained {
			return append(lines, sn.Name+": and "+Count(len(sn.WebSeeds)-i, "web seed")+" more")
		}
		answer := w.Error
		if answer == "" {
			answer = string(w.State)
		}
		lines = append(lines, sn.Name+": web seed "+w.URL+": "+answer)
	}
	return lines
}
