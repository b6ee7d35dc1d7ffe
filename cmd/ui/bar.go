package ui

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"gotor/cmd/record"
	"gotor/torrent"
)

// barPeriod is the time between two frames. The first one comes after the same
// time, so a download that is quicker never pays for a bar.
const barPeriod = 100 * time.Millisecond

// barPrinter shows one bar for all rows as the console's status line. The bar
// itself is made by package progressbar, on the first frame; it draws into
// nothing, and its frames are put on the screen by the console, which knows
// what else is there.
type barPrinter struct {
	s       *Screen
	bar     *progressbar.ProgressBar
	max     int64
	width   int                      // columns of the bar proper, as it was made
	spinner *progressbar.ProgressBar // of what has no end: seeding
}

func (p *barPrinter) period() time.Duration { return barPeriod }

func (p *barPrinter) finished(r Row, err error) {
	if err == nil {
		sn := r.Snapshot()
		p.s.Console.Note(sn.Name + ": " + doneText(&sn, r.gave()))
	}
}

func (p *barPrinter) tick(t board) {
	var sn torrent.Snapshot
	guess := int64(0)
	if t.total > 1 {
		sn, guess = overall(t)
	} else {
		sn = t.rows[0].Snapshot()
	}
	// The last column stays empty: some terminals break a line that fills it. The width is
	// asked for each time, as the window may have changed.
	p.s.Console.draw(p.frame(&sn, guess, p.s.Width()-1))
}

func (p *barPrinter) close(t board) {
	p.s.Console.Clear()
	sayTotal(p.s.Console, t)
}

// spinnerLine is the library's number for | / - \, which every terminal has.
const spinnerLine = 9

// spinAround is what spin puts around name and text, in columns.
const spinAround = len("| ") + len(": ")

// What a frame is made of, in columns: around the bar proper stand a blank, the
// percentage, its sign and blanks between the parts; without it the percentage,
// its sign and two blanks.
const (
	barMost   = 30
	barLeast  = 5
	barAround = len(" 100% || ")
	barNone   = len(" 100% ")
)

// frame is the line for one snapshot, at most columns wide: name, percentage,
// bar, and how it goes. Without anybody to download from, text takes the place
// of the bar. guess is what may come on top of sn.Wanted: the bar leaves room for
// it, the text does not speak of it.
func (p *barPrinter) frame(sn *torrent.Snapshot, guess int64, columns int) string {
	name := record.Safe(sn.Name)
	switch {
	case sn.State == torrent.StateChecking:
		return p.fit(name, sn.Checked, sn.ToCheck, []string{"checking " + Bytes(sn.ToCheck)}, columns)
	case sn.State == torrent.StateDownloading && !waiting(sn):
		return p.fit(name, sn.Verified, sn.Wanted+guess, barTexts(sn, guess), columns)
	case sn.State == torrent.StateSeeding:
		if sn.Hidden() {
			return p.spin(name, HiddenText(sn), columns)
		}
		text := uploadText(sn)
		if Columns(text)+Columns(name) > columns-spinAround {
			text = shortUploadText(sn)
		}
		return p.spin(name, text, columns)
	}
	text := statusText(sn)
	name = Clip(name, max(columns-len(": ")-Columns(text), columns/4))
	return Clip(name+": "+text, columns)
}

// barTexts are the ways to say how a download goes, the longest first.
func barTexts(sn *torrent.Snapshot, guess int64) []string {
	size := Bytes(sn.Verified)
	if guess == 0 {
		size += "/" + Bytes(sn.Wanted)
	}
	texts := []string{size + ", " + transferText(sn), transferText(sn), Rate(sn.DownRate)}
	if eta := etaText(sn); eta != "" {
		texts[2] += ", " + eta
		texts = append(texts, eta)
	}
	return texts
}

// fit is the fullest line that leaves at least a quarter for the name, which gets
// what the rest can spare: a bar with a long text, or the percentage and a short
// one, down to the time left.
func (p *barPrinter) fit(name string, part, whole int64, texts []string, columns int) string {
	least := min(Columns(name), columns/4)
	for _, text := range texts[:min(2, len(texts))] {
		// The name gets what the bar can spare, the bar what the name leaves.
		room := columns - Columns(text) - barAround
		short := Clip(name, max(room-barMost, least))
		if width := min(barMost, room-Columns(short)); width >= barLeast {
			return p.render(part, whole, width, short) + " " + text
		}
	}
	last := texts[len(texts)-1]
	for _, text := range texts {
		if columns-Columns(text)-barNone >= least {
			last = text
			break
		}
	}
	name = Clip(name, max(columns-Columns(last)-barNone, least))
	return Clip(fmt.Sprintf("%s %3d%% %s", name, percent(part, whole), last), columns)
}

// render has the name and the bar drawn by the library and returns its frame.
// The library's own rate and time left are not used: it counts from 0 at its own
// first frame, and a resumed download would look infinitely fast.
func (p *barPrinter) render(part, whole int64, width int, name string) string {
	whole = max(whole, 1) // of nothing everything is there; the library wants more than 0
	if p.bar == nil || p.max != whole || p.width != width {
		p.max, p.width = whole, width
		p.bar = progressbar.NewOptions64(whole, progressbar.OptionSetWriter(io.Discard), progressbar.OptionSetWidth(width),
			progressbar.OptionSetPredictTime(false))
	}
	// Set64 reports a value beyond the maximum; the minimum makes that impossible.
	_ = p.bar.Set64(min(part, whole))
	p.bar.Describe(name)
	return strings.TrimSpace(p.bar.String())
}

// spin is the line of something without an end, so without a percentage: a sign
// that turns with each frame, the name and how it goes. The name is cut first.
func (p *barPrinter) spin(name, text string, columns int) string {
	if p.spinner == nil {
		// No interval: with one, the library would start a goroutine that never ends.
		p.spinner = progressbar.NewOptions64(-1, progressbar.OptionSetWriter(io.Discard), progressbar.OptionSpinnerType(spinnerLine),
			progressbar.OptionSetSpinnerChangeInterval(0), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false))
	}
	p.spinner.Describe(Clip(name, max(columns-spinAround-Columns(text), columns/4)))
	_ = p.spinner.Add(1) // turns it; there is no maximum to go beyond
	return Clip(strings.TrimSpace(p.spinner.String())+": "+text, columns)
}
