package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"gotor/torrent"
)

// sayTotal prints how several rows ended.
func sayTotal(c *Console, t board) {
	if t.total > 1 {
		c.Note(totalText(t, time.Since(t.begun)))
	}
}

// totalText sums up a run of several sources. What a signal kept from beginning
// is neither complete nor failed.
func totalText(t board, elapsed time.Duration) string {
	text := fmt.Sprintf("%d of %s complete", t.complete, Count(t.total, "source"))
	if t.failed > 0 {
		text += fmt.Sprintf(", %d failed", t.failed)
	}
	if t.complete > 0 {
		text += fmt.Sprintf(", %s in %s", Bytes(t.bytes), Duration(elapsed))
	}
	return text
}

// statusText is what a torrent is doing, in one line without its name. Every
// text of a printer is made here, so that bar and lines say the same.
func statusText(sn *torrent.Snapshot) string {
	switch {
	case sn.State == torrent.StateChecking:
		return fmt.Sprintf("checking, %d%% of %s", percent(sn.Checked, sn.ToCheck), Bytes(sn.ToCheck))
	case sn.State == torrent.StateMetadata:
		return metadataText(sn)
	case sn.State == torrent.StateQueued:
		return "waits until others are checked"
	case sn.State == torrent.StateStarting:
		return "opening files"
	case sn.State == torrent.StateFinishing:
		return "all verified, writing to disk"
	case sn.Hidden():
		return "seeding, " + HiddenText(sn)
	case sn.State == torrent.StateSeeding:
		return "seeding, " + uploadText(sn)
	case waiting(sn):
		return waitingText(sn)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d%% of %s, %s", percent(sn.Verified, sn.Wanted), Bytes(sn.Wanted), transferText(sn))
	return b.String()
}

// transferText is the moving part of a download: rate, time left and peers.
func transferText(sn *torrent.Snapshot) string {
	s := Rate(sn.DownRate)
	if eta := etaText(sn); eta != "" {
		s += ", " + eta
	}
	s += ", " + Count(sn.Peers, "peer")
	if n := servers(sn, torrent.WebSeedWorking); n > 0 {
		s += ", " + Count(n, "web seed")
	}
	return s
}

// etaText is the time left, if it is known: whole seconds, rounded up, which do
// not flicker, and nobody waits for 0s.
func etaText(sn *torrent.Snapshot) string {
	if sn.ETA <= 0 {
		return ""
	}
	return "ETA " + Duration((sn.ETA + time.Second - 1).Truncate(time.Second))
}

// uploadText is the moving part of a seed: rate, sum, ratio and peers.
func uploadText(sn *torrent.Snapshot) string {
	s := fmt.Sprintf("%s up, %s uploaded, ratio %s, %s", Rate(sn.UpRate), Bytes(sn.Uploaded), ratioText(sn.Ratio), Count(sn.Peers, "peer"))
	if sn.Peers > 0 {
		s += fmt.Sprintf(" (%d interested, %d unchoked)", sn.Interested, sn.Unchoked)
	}
	return s
}

// shortUploadText is uploadText for a narrow terminal.
func shortUploadText(sn *torrent.Snapshot) string {
	s := fmt.Sprintf("up %s, %s, ratio %s, %s", Rate(sn.UpRate), Bytes(sn.Uploaded), ratioText(sn.Ratio), Count(sn.Peers, "peer"))
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

// SeededText is how the seeding went.
func SeededText(sn *torrent.Snapshot) string {
	text := fmt.Sprintf("stopped seeding, %s uploaded, ratio %s", Bytes(sn.Uploaded), ratioText(sn.Ratio))
	if !sn.Found {
		text += "; nobody could find it: " + strings.Join(hiddenReasons(sn), ", ")
	}
	return text
}

// gave is how many peers gave something.
func (r *Row) gave() int {
	if r.Givers == nil {
		return 0
	}
	return r.Givers()
}

// doneText is how a complete download went. The rate is that of what this run
// has fetched, over its whole time; peers are those that gave something.
func doneText(sn *torrent.Snapshot, peers int) string {
	if sn.Wanted > 0 && sn.Resumed >= sn.Wanted {
		return fmt.Sprintf("complete, all %s were here already", Bytes(sn.Wanted))
	}
	got := sn.Wanted - sn.Resumed // what came twice is not counted: it was of no use
	rate := int64(0)
	if s := sn.Elapsed.Seconds(); s > 0 {
		rate = int64(float64(got) / s)
	}
	text := fmt.Sprintf("complete, %s in %s, %s", Bytes(got), Duration(sn.Elapsed), Rate(rate))
	if peers > 0 {
		text += " from " + Count(peers, "peer")
	}
	if sn.DownloadedWeb > 0 {
		text += fmt.Sprintf(", %d%% from web seeds", percent(sn.DownloadedWeb, sn.Downloaded))
	}
	if sn.Resumed > 0 {
		text += fmt.Sprintf(" (%s were here already)", Bytes(sn.Resumed))
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

// Count writes a number with its noun.
func Count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
