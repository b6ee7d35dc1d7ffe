package cmd

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"gotor/cmd/term"
	"gotor/torrent"
)

// plainPeriod is the time between two lines of plain progress: often enough to
// see that something moves, seldom enough for the log of a CI job.
const plainPeriod = 10 * time.Second

// plainPrinter writes lines without escape codes.
type plainPrinter struct{ s *streams }

func (p *plainPrinter) period() time.Duration { return plainPeriod }

// plainRows is how many rows get a line each: more share one, or the log would
// be full of them.
const plainRows = defaultJobs

func (p *plainPrinter) tick(t board) {
	if len(t.rows) > plainRows {
		sn, guess := overall(t)
		text := statusText(&sn)
		if guess > 0 && sn.State == torrent.StateDownloading && !waiting(&sn) {
			text = fmt.Sprintf("%s, %s", term.Bytes(sn.Verified), transferText(&sn))
		}
		p.s.console.note(sn.Name + ": " + text)
		return
	}
	for _, r := range t.rows {
		sn := r.snapshot()
		p.s.console.note(sn.Name + ": " + statusText(&sn))
	}
}

func (p *plainPrinter) close(t board) { sayTotal(p.s.console, t) }

// sayTotal prints how several rows ended.
func sayTotal(c *console, t board) {
	if t.total > 1 {
		c.note(totalText(t, time.Since(t.begun)))
	}
}

// totalText sums up a run of several sources. What a signal kept from beginning
// is neither complete nor failed.
func totalText(t board, elapsed time.Duration) string {
	text := fmt.Sprintf("%d of %s complete", t.complete, count(t.total, "source"))
	if t.failed > 0 {
		text += fmt.Sprintf(", %d failed", t.failed)
	}
	if t.complete > 0 {
		text += fmt.Sprintf(", %s in %s", term.Bytes(t.bytes), term.Duration(elapsed))
	}
	return text
}

func (p *plainPrinter) finished(r row, err error) {
	if err == nil {
		sn := r.snapshot()
		p.s.console.note(sn.Name + ": " + doneText(&sn, r.gave()))
	}
}

// statusText is what a torrent is doing, in one line without its name. Every
// text of a printer is made here, so that bar and lines say the same.
func statusText(sn *torrent.Snapshot) string {
	switch {
	case sn.State == torrent.StateChecking:
		return fmt.Sprintf("checking, %d%% of %s", percent(sn.Checked, sn.ToCheck), term.Bytes(sn.ToCheck))
	case sn.State == torrent.StateMetadata:
		return metadataText(sn)
	case sn.State == torrent.StateStarting:
		return "opening files"
	case sn.State == torrent.StateFinishing:
		return "all verified, writing to disk"
	case sn.State == torrent.StateSeeding:
		return "seeding, " + uploadText(sn)
	case waiting(sn):
		return waitingText(sn)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d%% of %s, %s", percent(sn.Verified, sn.Wanted), term.Bytes(sn.Wanted), transferText(sn))
	return b.String()
}

// transferText is the moving part of a download: rate, time left and peers.
func transferText(sn *torrent.Snapshot) string {
	s := term.Rate(sn.DownRate)
	if eta := etaText(sn); eta != "" {
		s += ", " + eta
	}
	s += ", " + count(sn.Peers, "peer")
	if n := servers(sn, torrent.WebSeedWorking); n > 0 {
		s += ", " + count(n, "web seed")
	}
	return s
}

// etaText is the time left, if it is known: whole seconds, rounded up, which do
// not flicker, and nobody waits for 0s.
func etaText(sn *torrent.Snapshot) string {
	if sn.ETA <= 0 {
		return ""
	}
	return "ETA " + term.Duration((sn.ETA + time.Second - 1).Truncate(time.Second))
}

// uploadText is the moving part of a seed: rate, sum, ratio and peers.
func uploadText(sn *torrent.Snapshot) string {
	s := fmt.Sprintf("%s up, %s uploaded, ratio %s, %s", term.Rate(sn.UpRate), term.Bytes(sn.Uploaded), ratioText(sn.Ratio), count(sn.Peers, "peer"))
	if sn.Peers > 0 {
		s += fmt.Sprintf(" (%d interested, %d unchoked)", sn.Interested, sn.Unchoked)
	}
	return s
}

// shortUploadText is uploadText for a narrow terminal.
func shortUploadText(sn *torrent.Snapshot) string {
	s := fmt.Sprintf("up %s, %s, ratio %s, %s", term.Rate(sn.UpRate), term.Bytes(sn.Uploaded), ratioText(sn.Ratio), count(sn.Peers, "peer"))
	if sn.Peers > 0 {
		s += fmt.Sprintf(" (%d/%d)", sn.Interested, sn.Unchoked)
	}
	return s
}

// ratioText is a ratio, rounded down: a limit is never shown as reached before
// it is.
func ratioText(r float64) string {
	if r >= 100 {
		return strconv.FormatFloat(math.Floor(r), 'f', 0, 64)
	}
	return strconv.FormatFloat(math.Floor(r*100)/100, 'f', 2, 64)
}

// seededText is how the seeding went.
func seededText(sn *torrent.Snapshot) string {
	return fmt.Sprintf("stopped seeding, %s uploaded, ratio %s", term.Bytes(sn.Uploaded), ratioText(sn.Ratio))
}

// waiting reports whether a download has nobody to download from: then rates
// say nothing, and people want to know whom we have asked.
func waiting(sn *torrent.Snapshot) bool {
	return sn.State == torrent.StateDownloading && sn.Peers == 0 && servers(sn, torrent.WebSeedWorking) == 0 && sn.Verified < sn.Wanted
}

// servers counts the web seeds in a state.
func servers(sn *torrent.Snapshot, state torrent.WebSeedState) (n int) {
	for _, w := range sn.WebSeeds {
		if w.State == state {
			n++
		}
	}
	return n
}

// metadataText says who was asked what a link leads to, and what came of it.
func metadataText(sn *torrent.Snapshot) string {
	answered := 0
	for _, t := range sn.Trackers {
		if t.State == "ok" {
			answered++
		}
	}
	parts := []string{"no trackers"}
	if n := len(sn.Trackers); n > 0 {
		parts[0] = fmt.Sprintf("%d of %s answered", answered, count(n, "tracker"))
	}
	parts = append(parts, discoveryText(sn)...)
	parts = append(parts, count(sn.Known, "address")+" known", count(sn.Tried, "peer")+" tried", fmt.Sprintf("%d connected", sn.Peers))
	switch {
	case sn.MetadataPeers > 0:
		parts = append(parts, fmt.Sprintf("%d with metadata, %s of %s", sn.MetadataPeers, term.Bytes(sn.MetadataGot), term.Bytes(sn.MetadataSize)))
	case sn.Peers > 0:
		parts = append(parts, "none has metadata")
	default:
		parts = append(parts, lastTried(sn)...)
	}
	return "looking for metadata: " + strings.Join(parts, ", ")
}

// discoveryText says what the DHT and the local network know.
func discoveryText(sn *torrent.Snapshot) []string {
	var parts []string
	switch d := &sn.DHT; {
	case !d.Used:
	case d.Nodes == 0:
		parts = append(parts, "no DHT node answered")
	default:
		parts = append(parts, "DHT "+count(d.Nodes, "node"))
	}
	if sn.Local > 0 {
		parts = append(parts, fmt.Sprintf("%d nearby", sn.Local))
	}
	return parts
}

// lastTried is the newest failure of a peer, if there is one.
func lastTried(sn *torrent.Snapshot) []string {
	n := len(sn.PeerErrors)
	if n == 0 {
		return nil
	}
	e := sn.PeerErrors[n-1]
	return []string{"last tried " + term.Safe(e.Addr) + ": " + term.Safe(e.Error)}
}

// waitingText says whom we asked and what they know.
func waitingText(sn *torrent.Snapshot) string {
	parts := make([]string, 0, 3)
	if n := len(sn.Trackers); n > 0 {
		failed, asked := 0, 0
		for _, t := range sn.Trackers {
			switch t.State {
			case "failed":
				failed++
			case "announcing":
				asked++
			}
		}
		text := count(n, "tracker")
		if failed > 0 {
			text += fmt.Sprintf(" (%d failed)", failed)
		} else if asked > 0 {
			text += fmt.Sprintf(" (%d to answer)", asked)
		}
		parts = append(parts, text)
	} else {
		parts = append(parts, "no trackers")
	}
	if n := len(sn.WebSeeds); n > 0 {
		text := count(n, "web seed")
		if failed := servers(sn, torrent.WebSeedFailed) + servers(sn, torrent.WebSeedWaiting); failed > 0 {
			text += fmt.Sprintf(" (%d failed)", failed)
		}
		parts = append(parts, text)
	}
	parts = append(parts, discoveryText(sn)...)
	parts = append(parts, count(sn.Known, "address")+" known")
	if sn.Tried > 0 {
		parts = append(parts, fmt.Sprintf("%d tried", sn.Tried))
	}
	if sn.Dialing > 0 {
		parts = append(parts, fmt.Sprintf("%d being tried", sn.Dialing))
	}
	parts = append(parts, lastTried(sn)...)
	when := "yet"
	if sn.Downloaded > 0 {
		when = "now"
	}
	return "no peers " + when + ": " + strings.Join(parts, ", ")
}

// gave is how many peers gave something.
func (r *row) gave() int {
	if r.givers == nil {
		return 0
	}
	return r.givers()
}

// doneText is how a complete download went. The rate is that of what this run
// has fetched, over its whole time; peers are those that gave something.
func doneText(sn *torrent.Snapshot, peers int) string {
	if sn.Wanted > 0 && sn.Resumed >= sn.Wanted {
		return fmt.Sprintf("complete, all %s were here already", term.Bytes(sn.Wanted))
	}
	got := sn.Wanted - sn.Resumed
	rate := int64(0)
	if s := sn.Elapsed.Seconds(); s > 0 {
		rate = int64(float64(got) / s)
	}
	text := fmt.Sprintf("complete, %s in %s, %s", term.Bytes(got), term.Duration(sn.Elapsed), term.Rate(rate))
	if peers > 0 {
		text += " from " + count(peers, "peer")
	}
	if sn.DownloadedWeb > 0 {
		text += fmt.Sprintf(", %d%% from web seeds", percent(sn.DownloadedWeb, sn.Downloaded))
	}
	if sn.Resumed > 0 {
		text += fmt.Sprintf(" (%s were here already)", term.Bytes(sn.Resumed))
	}
	return text
}

// percent is part of whole in percent, rounded down; 100 only when complete.
func percent(part, whole int64) int64 {
	if part >= whole {
		return 100
	}
	return int64(float64(part) / float64(whole) * 100)
}

// count writes a number with its noun.
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
