package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawn is a list of commits, each of one change or more.
func drawCommits(t *rapid.T) (commits [][]Op) {
	text := rapid.StringOfN(rapid.Rune(), 0, 12, -1)
	entry := rapid.Custom(func(t *rapid.T) Entry {
		e := testEntry(rapid.IntRange(0, 5).Draw(t, "id"))
		e.Title = text.Draw(t, "title")
		e.Labels = rapid.SliceOfN(text, 0, 3).Draw(t, "labels")
		e.Priorities = rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "priorities")
		e.Rank = rapid.Int64().Draw(t, "rank")
		e.Paused = rapid.Bool().Draw(t, "paused")
		return e
	})
	op := rapid.Custom(func(t *rapid.T) Op {
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return Remove(testID(rapid.IntRange(0, 5).Draw(t, "gone")))
		case 1:
			settings, _ := json.Marshal(text.Draw(t, "settings"))
			return Configure(settings)
		case 2:
			return Remember(Once{Key: "k" + text.Draw(t, "key"), Answer: json.RawMessage("1"), At: time.Unix(1e9, 0).UTC()})
		case 3:
			paused := rapid.Bool().Draw(t, "pause")
			return Update(testID(rapid.IntRange(0, 5).Draw(t, "changed")), func(e *Entry) error { e.Paused = paused; return nil })
		}
		return put(entry.Draw(t, "entry"))
	})
	for range rapid.IntRange(1, 6).Draw(t, "commits") {
		commits = append(commits, rapid.SliceOfN(op, 1, 3).Draw(t, "ops"))
	}
	return commits
}

// play commits all, and returns the content after none, one, two of those that were
// carried out, and where the journal ended then.
func play(t *rapid.T, d *fakeDisk, commits [][]Op) (contents []content, ends []int) {
	s, err := Open("memory", Options{dir: d, small: 1000})
	if err != nil {
		t.Fatal(err)
	}
	note := func() {
		contents = append(contents, contentOf(s.mem.state))
		ends = append(ends, len(d.names[journalName].data))
	}
	note()
	for _, ops := range commits {
		if err := s.Commit(context.Background(), ops...); err == nil {
			note()
		} else if !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return contents, ends
}

// withJournal is a disk with the snapshot of another, and a journal.
func withJournal(d *fakeDisk, journal []byte) *fakeDisk {
	after := d.crash(len(d.cuts), 1)
	n := &inode{data: journal, synced: len(journal)}
	after.names[journalName], after.durable[journalName] = n, n
	return after
}

// Every prefix of a journal loads as the state after a whole number of commits: those
// whose bytes are all there.
func TestEveryPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newFakeDisk()
		contents, ends := play(t, d, drawCommits(t))
		journal := d.names[journalName].data
		for cut := range len(journal) + 1 {
			l, err := load(withJournal(d, journal[:cut]))
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			whole := 0
			for whole+1 < len(ends) && ends[whole+1] <= cut {
				whole++
			}
			if diff := contents[whole].diff(contentOf(l.mem)); diff != "" {
				t.Fatalf("cut at %d of %d, after %d commits (-want +got):\n%s", cut, len(journal), whole, diff)
			}
			torn := int64(cut - ends[whole])
			if cut < ends[0] {
				torn = int64(cut)
			}
			if l.loaded.Torn != torn || l.loaded.Damaged != 0 {
				t.Fatalf("cut at %d: %+v, want %d torn", cut, l.loaded, torn)
			}
		}
	})
}

// A byte that was changed, anywhere in the two files, is noticed, and what the other
// frames say is there.
func TestEveryByteFlipped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newFakeDisk()
		contents, ends := play(t, d, drawCommits(t))
		flip := byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
		for _, name := range []string{journalName, snapshotName} {
			data := d.names[name].data
			for at := range data {
				damaged := d.crash(len(d.cuts), 1)
				damaged.names[name].data[at] ^= flip
				l, err := load(damaged)
				if err != nil {
					t.Fatalf("%s changed at %d: %v", name, at, err)
				}
				if l.whole() || l.loaded.Torn+l.loaded.Damaged == 0 {
					t.Fatalf("%s changed at %d is not noticed: %+v", name, at, l.loaded)
				}
				if last := len(ends) - 1; name == journalName && last > 0 && at >= ends[last-1] {
					if diff := contents[last-1].diff(contentOf(l.mem)); diff != "" {
						t.Fatalf("the last frame is damaged (-want +got):\n%s", diff)
					}
				}
			}
		}
	})
}

// What comes after damage is not lost with it.
func TestAfterDamage(t *testing.T) {
	d := newFakeDisk()
	s := openTest(t, d)
	for n := range 5 {
		mustCommit(t, s, put(testEntry(n)))
	}
	d.crash(0, 0)
	journal := slices.Clone(d.names[journalName].data)
	at := bytes.Index(journal, []byte("torrent 2"))
	for name, damage := range map[string]func([]byte) []byte{
		"content":        func(b []byte) []byte { b[at] ^= 1; return b },
		"length smaller": func(b []byte) []byte { b[bytes.Index(b, []byte("P("+string(testID(2))))-5] ^= 1; return b },
		"bytes missing":  func(b []byte) []byte { return slices.Delete(b, at, at+7) },
		"bytes too many": func(b []byte) []byte { return slices.Insert(b, at, make([]byte, 70_000)...) },
	} {
		hurt := withJournal(d, damage(slices.Clone(journal)))
		s := openTest(t, hurt)
		if got := len(s.Entries()); got != 4 {
			t.Errorf("%s: %d entries are left", name, got)
		}
		if l := s.Loaded(); l.Damaged == 0 || l.Torn != 0 {
			t.Errorf("%s: %+v", name, l)
		}
		if hurt.names[journalName+suffixBad] == nil || hurt.names[snapshotName+suffixBad] == nil {
			t.Errorf("%s: no copy is kept", name)
		}
		closeTest(t, s)
		again := openTest(t, hurt.crash(0, 0))
		if got := again.Loaded(); got != (Loaded{Entries: 4}) {
			t.Errorf("%s: the next time it is %+v", name, got)
		}
		closeTest(t, again)
	}
	closeTest(t, s)
}

// A journal that a snapshot has made void is not read: it may have lost its end, and with
// it what the snapshot has.
func TestVoidJournal(t *testing.T) {
	d := newFakeDisk()
	s := openTest(t, d)
	e := testEntry(1)
	mustCommit(t, s, put(e))
	void := slices.Clone(d.names[journalName].data)
	e.Title = "newer"
	mustCommit(t, s, put(e))
	closeTest(t, s) // the goroutine that writes has ended
	if err := s.commits.journal.rewrite(s.mem.all); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, withJournal(d, void))
	defer closeTest(t, s)
	if got, _ := s.Entry(e.ID); got == nil || got.Title != "newer" || s.Loaded() != (Loaded{Entries: 1}) {
		t.Errorf("%+v, %+v", got, s.Loaded())
	}
}

// A newer format is refused, not cut off.
func TestNewerVersion(t *testing.T) {
	d := newFakeDisk()
	closeTest(t, openTest(t, d))
	for _, name := range []string{snapshotName, journalName} {
		newer := d.crash(0, 0)
		newer.names[name].data = appendFrame(nil, kindHeader, "", []byte(`{"version":2,"generation":1}`))
		before := slices.Clone(newer.names[name].data)
		if _, err := Open("memory", Options{dir: newer}); err == nil || !bytes.Equal(before, newer.names[name].data) {
			t.Errorf("%s of a newer version: %v", name, err)
		}
	}
}

// A journal that has become long is rewritten, over and over, and nothing is lost.
func TestRewrite(t *testing.T) {
	d := newFakeDisk()
	s := openTest(t, d)
	r := rand.New(rand.NewPCG(1, 2))
	generation := s.commits.journal.generation
	for range 2000 {
		e := testEntry(r.IntN(50))
		e.Title = fmt.Sprint(r.Int64())
		mustCommit(t, s, put(e))
	}
	want := contentOf(s.mem.state)
	closeTest(t, s)
	if s.commits.journal.generation < generation+3 {
		t.Errorf("it was rewritten %d times", s.commits.journal.generation-generation)
	}
	if n := len(d.names[journalName].data); n > rewriteFactor*20_000 {
		t.Errorf("the journal has %d bytes", n)
	}
	again := openTest(t, d.crash(0, 0))
	defer closeTest(t, again)
	if diff := want.diff(contentOf(again.mem.state)); diff != "" {
		t.Error(diff)
	}
}

// crashOps are commits that make a rewrite necessary somewhere between.
func crashOps() (commits [][]Op) {
	for n := range 40 {
		e := testEntry(n % 4)
		e.Title = string(bytes.Repeat([]byte{'x'}, 100))
		e.Rank = int64(n)
		commits = append(commits, []Op{put(e), Remember(Once{Key: fmt.Sprint(n), Answer: json.RawMessage("1"), At: time.Unix(1e9, 0).UTC()})})
		if n%7 == 6 {
			commits = append(commits, []Op{Remove(e.ID)})
		}
	}
	return commits
}

// Wherever the power is cut, between any two calls of the system and with any part of
// what was not synced on disk: all that was answered is there, and nothing by halves.
func TestPowerCut(t *testing.T) {
	commits := crashOps()
	// What a session says after so many commits.
	var contents []content
	whole := newFakeDisk()
	s := openTest(t, whole)
	contents = append(contents, contentOf(s.mem.state))
	for _, ops := range commits {
		mustCommit(t, s, ops...)
		contents = append(contents, contentOf(s.mem.state))
	}
	closeTest(t, s)
	if s.commits.journal.generation < 2 {
		t.Fatal("it is not rewritten")
	}
	for stop := 1; stop <= whole.calls; stop++ {
		d := newFakeDisk()
		d.stopAt = stop
		answered := 0
		if s, err := Open("memory", Options{dir: d, small: 1000}); err == nil {
			for _, ops := range commits {
				if s.Commit(context.Background(), ops...) != nil {
					break
				}
				answered++
			}
			s.Close()
		}
		for names := range len(d.cuts) + 1 {
			for _, part := range []float64{0, 0.3, 0.9, 1} {
				checkCut(t, fmt.Sprintf("cut at call %d, %d names and %v of the bytes", stop, names, part), d.crash(names, part), contents[answered:min(answered+2, len(contents))])
			}
		}
	}
}

// checkCut opens what a power cut has left, which must be one of two.
func checkCut(t *testing.T, when string, d *fakeDisk, either []content) {
	t.Helper()
	s, err := Open("memory", Options{dir: d, small: 1000})
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	defer closeTest(t, s)
	if s.Loaded().Damaged != 0 {
		t.Fatalf("%s: %+v", when, s.Loaded())
	}
	got := contentOf(s.mem.state)
	for _, want := range either {
		if want.diff(got) == "" {
			return
		}
	}
	t.Fatalf("%s: what was answered is not there:\n%s", when, either[0].diff(got))
}

// The loader takes any bytes without a panic, a hang or much memory, and what it took
// can be written and read again.
func FuzzLoad(f *testing.F) {
	d := newFakeDisk()
	s, err := Open("memory", Options{dir: d, small: 1000})
	if err != nil {
		f.Fatal(err)
	}
	for _, ops := range crashOps()[:3] {
		if err := s.Commit(context.Background(), ops...); err != nil {
			f.Fatal(err)
		}
	}
	s.Count(map[ID]Tally{testID(1): {Uploaded: 3}})
	s.SaveRecord(testID(1), []byte("record"))
	s.CountTotals(Totals{1, 2})
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	snapshot, journal := d.names[snapshotName].data, d.names[journalName].data
	f.Add(snapshot, journal)
	f.Add([]byte{}, journal)
	f.Add(journal, snapshot)
	f.Add(snapshot, journal[:len(journal)-3])
	f.Add(appendFrame(nil, kindHeader, "", []byte(`{"version":1,"generation":1}`)), appendFrame(nil, kindGroup, "", []byte{0, 0, 0, 2, 'R', 0}))
	f.Add([]byte{0, 0xff, 0xff, 0xff, 1, 2, 3, 4, 'P', 40}, bytes.Repeat([]byte{0, 0, 0, 2, 0, 0, 0, 0, 'R', 0}, 100))
	f.Fuzz(func(t *testing.T, snapshot, journal []byte) {
		d := newFakeDisk()
		for name, data := range map[string][]byte{snapshotName: snapshot, journalName: journal} {
			d.names[name] = &inode{data: data, synced: len(data)}
		}
		s, err := Open("memory", Options{dir: d, small: 1000})
		if err != nil {
			return
		}
		want := contentOf(s.mem.state)
		closeTest(t, s)
		again := openTest(t, d)
		defer closeTest(t, again)
		if diff := want.diff(contentOf(again.mem.state)); diff != "" {
			t.Error(diff)
		}
		if l := again.Loaded(); l.Damaged+l.Torn != 0 {
			t.Errorf("what we have written is damaged: %+v", l)
		}
	})
}

// What is in a frame whose checksum is right is no better than any other input.
func FuzzFrame(f *testing.F) {
	e := testEntry(1)
	for _, o := range []Op{
		put(e), Remove(e.ID), Configure(json.RawMessage("{}")), Remember(Once{Key: "k", Answer: json.RawMessage("1")}),
		{kind: kindTally, id: e.ID, tally: &Tally{Uploaded: 1}}, {kind: kindTotals, totals: &Totals{1, 2}},
		{kind: kindRecord, id: e.ID, record: []byte("x")}, {kind: kindEnd, content: []byte("7")},
	} {
		if err := o.encode(); err != nil {
			f.Fatal(err)
		}
		f.Add(appendBody(nil, o.kind, o.id, o.content))
		group, err := appendGroup(nil, []Op{o, o})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(group[frameHead:])
	}
	head := appendFrame(nil, kindHeader, "", []byte(`{"version":1,"generation":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		frame := append(make([]byte, frameHead), body...)
		binary.BigEndian.PutUint32(frame, uint32(len(body)))
		binary.BigEndian.PutUint32(frame[4:], checksum(frame[:4], body))
		d := newFakeDisk()
		journal := append(slices.Clone(head), frame...)
		d.names[journalName] = &inode{data: journal, synced: len(journal)}
		s, err := Open("memory", Options{dir: d})
		if err != nil {
			t.Fatal(err)
		}
		want := contentOf(s.mem.state)
		closeTest(t, s)
		again := openTest(t, d)
		defer closeTest(t, again)
		if diff := want.diff(contentOf(again.mem.state)); diff != "" {
			t.Error(diff)
		}
	})
}

// A file that became shorter while it is read is an error, not its end.
func TestShorterFile(t *testing.T) {
	s := &scanner{r: bytes.NewReader(nil), size: 100}
	if _, err := s.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}
