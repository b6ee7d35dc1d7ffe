package daemon

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"gotor/cmd/record"
	"gotor/peer/simnet"
)

// deed is something that a user does with one of a few torrents.
type deed struct {
	what  string
	which int
	how   int
}

// wish is what the model knows of a torrent.
type wish struct {
	paused bool
	labels []string
	down   int64
	wanted int64
	dir    string
	title  string
}

// Whatever is asked for, in whatever order, with starts of another daemon in between,
// what is shown at the end is what was asked for last.
func TestModel(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue { // each is a whole daemon with its disk
		f.Value.Set("25")
		t.Cleanup(func() { f.Value.Set(f.DefValue) })
	}
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		deeds := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) deed {
			return deed{
				rapid.SampledFrom([]string{"add", "add", "pause", "start", "remove", "labels", "limit", "files", "check", "move", "title", "restart", "wait"}).Draw(rt, "what"),
				rapid.IntRange(0, 2).Draw(rt, "which"), rapid.IntRange(0, 3).Draw(rt, "how"),
			}
		}), 1, 14).Draw(rt, "deeds")
		runs++
		problem := ""
		synctest.Test(t, func(t *testing.T) {
			l := &lab{T: t, net: simnet.New(simnet.Options{Seed: 1}), dir: filepath.Join(dir, fmt.Sprint(runs))}
			problem = l.model(deeds)
		})
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}

// model does deeds, and returns what is not as it should be.
func (l *lab) model(deeds []deed) string {
	payloads := []payload{
		l.files("a", map[string]int{"x": 20_000, "y": 30_000}), l.files("bb", map[string]int{"x": 10_000, "y": 50_000}), l.files("ccc", map[string]int{"x": 5_000, "y": 1_000}),
	}
	h := l.home()
	h.set.Queue.MaxDownloads.Value = 2
	d, stop := h.start()
	model := map[string]*wish{}
	for i, do := range deeds {
		p := payloads[do.which]
		switch w := model[p.id]; {
		case do.what == "restart":
			stop()
			d, stop = h.start()
		case do.what == "wait":
			time.Sleep(time.Duration(do.how*do.how) * time.Minute)
		default:
			next, err := l.do(h, d, p, do, w)
			for err != nil && record.ProblemOf(err).Code == record.CodeConflict { // it is on its way
				time.Sleep(time.Second)
				next, err = l.do(h, d, p, do, w)
			}
			if (err != nil) != (w == nil && do.what != "add") {
				return fmt.Sprintf("deed %d, %+v: %v", i, do, err)
			}
			if model[p.id] = next; next == nil {
				delete(model, p.id)
			}
		}
	}
	time.Sleep(time.Minute) // moves and checks are over
	problem := l.compare(d, model)
	stop()
	if problem == "" {
		d, stop = h.start()
		if problem = l.compare(d, model); problem != "" {
			problem = "after a restart: " + problem
		}
		stop()
	}
	return problem
}

// do does one deed, and returns what is wished of the torrent then.
func (l *lab) do(h *home, d *Daemon, p payload, do deed, w *wish) (*wish, error) {
	ctx := l.Context()
	next := &wish{}
	if w != nil {
		*next = *w
	}
	var err error
	switch do.what {
	case "add":
		_, _, err = d.Add(ctx, record.Add{Raw: p.raw, Paused: do.how == 0})
		if w == nil {
			next = &wish{paused: do.how == 0, labels: []string{}, wanted: p.meta.TotalLength, dir: h.data(), title: p.meta.Name}
			for i := range p.meta.Files {
				if p.meta.Files[i].Pad {
					next.wanted -= p.meta.Files[i].Length
				}
			}
		}
		return next, err
	case "pause":
		_, err = d.Pause(ctx, p.id)
		next.paused = true
	case "start":
		_, err = d.Start(ctx, p.id, do.how == 1)
		next.paused = false
	case "remove":
		_, err = d.Remove(ctx, p.id, []string{record.KeepData, record.RemoveData, record.RemovePart, record.KeepData}[do.how])
		return nil, err
	case "labels":
		next.labels = []string{"l" + fmt.Sprint(do.how)}
		_, err = d.Patch(ctx, p.id, record.Patch{Labels: record.Some(next.labels)}, 0)
	case "limit":
		next.down = int64(do.how) * 1000
		_, err = d.Patch(ctx, p.id, record.Patch{Limits: record.Some(record.LimitsPatch{MaxDown: record.Some(next.down)})}, 0)
	case "title":
		next.title = "t" + fmt.Sprint(do.how)
		_, err = d.Patch(ctx, p.id, record.Patch{Name: record.Some(next.title)}, 0)
	case "files":
		word := []string{"skip", "low", "normal", "high"}[do.how]
		err = d.SetFiles(ctx, p.id, []record.FilePriority{{Files: "x", Priority: word}})
		next.wanted = p.meta.Files[len(p.meta.Files)-1].Length
		if word != "skip" {
			next.wanted += p.meta.Files[0].Length
		}
	case "check":
		_, err = d.Check(ctx, p.id)
	case "move":
		next.dir = h.data("d" + fmt.Sprint(do.how))
		_, err = d.Move(ctx, p.id, record.Move{Dir: next.dir})
	}
	if w == nil {
		next = nil
	}
	return next, err
}

// compare returns what is shown otherwise than it was wished.
func (l *lab) compare(d *Daemon, model map[string]*wish) string {
	list := d.List()
	if len(list.Torrents) != len(model) {
		return fmt.Sprintf("%d torrents, want %d", len(list.Torrents), len(model))
	}
	for _, row := range list.Torrents {
		w := model[row.ID]
		if w == nil {
			return fmt.Sprintf("%s should not be there", row.Name)
		}
		got := wish{row.Paused, row.Labels, row.Limits.MaxDown, row.Wanted, row.Dir, row.Name}
		if !slices.Equal(got.labels, w.labels) || got.paused != w.paused || got.down != w.down || got.wanted != w.wanted || got.dir != w.dir || got.title != w.title {
			return fmt.Sprintf("got %+v, want %+v", got, *w)
		}
		if (row.State == record.StatePaused) != w.paused || row.State == record.StateFailed {
			return fmt.Sprintf("%s is %s (%+v), paused: %v", row.Name, row.State, row.Error, w.paused)
		}
	}
	return ""
}
