package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// testID is the id of a number.
func testID(n int) ID { return ID(fmt.Sprintf("%040x", n)) }

// put sets an entry, there or not, as a frame of the journal does.
func put(e Entry) Op { return Op{kind: kindPut, id: e.ID, entry: e.clone()} }

func testEntry(n int) Entry {
	return Entry{ID: testID(n), Name: fmt.Sprintf("torrent %d", n), Place: Place{Dir: "/data"}, Added: time.Unix(int64(n), 0).UTC()}
}

// content is all that a session says, in a form that can be compared.
type content struct {
	Entries  []Entry
	Tallies  map[ID]Tally
	Records  map[ID]string
	Settings string
	Totals   Totals
	Once     []Once

	printed string
}

func contentOf(s *state) content {
	c := content{Tallies: map[ID]Tally{}, Records: map[ID]string{}, Settings: string(s.settings), Totals: s.totals}
	for _, id := range s.ids {
		it := s.items[id]
		c.Entries = append(c.Entries, *it.entry)
		if it.tally != (Tally{}) {
			c.Tallies[id] = it.tally
		}
		if len(it.record) > 0 {
			c.Records[id] = string(it.record)
		}
	}
	for _, o := range s.once.order {
		c.Once = append(c.Once, *o)
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	c.printed = string(b) // the same for two that say the same; to compare it is much quicker than a Diff
	return c
}

func (c content) diff(other content) string {
	if c.printed == other.printed {
		return ""
	}
	return cmp.Diff(c, other, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(content{})) + "\n"
}

func openTest(t *testing.T, d *fakeDisk) *Store {
	t.Helper()
	s, err := Open("memory", Options{dir: d, small: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustCommit(t *testing.T, s *Store, ops ...Op) {
	t.Helper()
	if err := s.Commit(context.Background(), ops...); err != nil {
		t.Fatal(err)
	}
}

func closeTest(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// What was committed is there after the power was cut at once, and in another process.
func TestCommitSurvives(t *testing.T) {
	d := newFakeDisk()
	s := openTest(t, d)
	e := testEntry(1)
	e.V2 = ID(fmt.Sprintf("%064x", 99))
	e.Priorities, e.Labels, e.Tiers = []byte{Skip, High}, []string{"a", "b"}, [][]string{{"http://x/announce"}}
	e.Goal.Ratio, e.WebSeeds, e.Names = new(1.5), &[]string{}, map[int]string{3: "x/y"}
	mustCommit(t, s, Add(e), Configure(json.RawMessage(`{"max_down":1}`)))
	mustCommit(t, s, put(testEntry(2)), Remember(Once{Key: "k", Print: []byte{1}, Answer: json.RawMessage(`{"id":"x"}`), At: time.Unix(9, 0).UTC()}))
	mustCommit(t, s, Update(e.V2, func(e *Entry) error { e.Paused = true; return nil }))
	mustCommit(t, s, put(testEntry(3)))
	mustCommit(t, s, Remove(testID(2)))
	want := contentOf(s.mem.state)

	again := openTest(t, d.crash(0, 0))
	if diff := want.diff(contentOf(again.mem.state)); diff != "" {
		t.Error("after a power cut (-want +got):\n", diff)
	}
	if e, ok := again.Entry(e.V2); !ok || !e.Paused || e.Serial != 1 {
		t.Errorf("the second id of a hybrid leads to %+v, %v", e, ok)
	}
	if got := again.Loaded(); got != (Loaded{Entries: 2}) {
		t.Errorf("loaded %+v", got)
	}
	closeTest(t, again)
	closeTest(t, s)
	if n := d.opened(); n != 0 {
		t.Errorf("%d files are still open", n)
	}
	if err := s.Commit(context.Background(), put(testEntry(9))); !errors.Is(err, ErrClosed) {
		t.Errorf("a commit after Close: %v", err)
	}
}

// A Commit is carried out whole or not at all, and the others of its batch without it.
func TestCommitAllOrNone(t *testing.T) {
	s := openTest(t, newFakeDisk())
	defer closeTest(t, s)
	mustCommit(t, s, put(testEntry(1)))
	before := contentOf(s.mem.state)
	no := errors.New("no")
	for name, tt := range map[string]struct {
		ops  []Op
		want error
	}{
		"exists":       {[]Op{put(testEntry(5)), Add(testEntry(1))}, ErrExists},
		"twice":        {[]Op{Add(testEntry(5)), Add(testEntry(5))}, ErrExists},
		"missing":      {[]Op{put(testEntry(5)), Remove(testID(7))}, ErrNotFound},
		"gone":         {[]Op{Remove(testID(1)), Update(testID(1), func(*Entry) error { return nil })}, ErrNotFound},
		"refused":      {[]Op{put(testEntry(5)), Update(testID(5), func(*Entry) error { return no })}, no},
		"no id":        {[]Op{put(testEntry(5)), put(Entry{})}, ErrInvalid},
		"too large":    {[]Op{put(testEntry(5)), put(Entry{ID: testID(6), Files: Files{Priorities: make([]byte, maxEntry)}})}, ErrInvalid},
		"settings":     {[]Op{put(testEntry(5)), Configure(json.RawMessage("{"))}, ErrInvalid},
		"key":          {[]Op{put(testEntry(5)), Remember(Once{Answer: json.RawMessage("1")})}, ErrInvalid},
		"second names": {[]Op{put(Entry{ID: testID(5), V2: testID(1)})}, ErrExists},
		"a wrong id":   {[]Op{put(Entry{ID: "ABCDEF"})}, ErrInvalid},
		"unknown year": {[]Op{put(Entry{ID: testID(5), Added: time.Unix(1<<50, 0)})}, ErrInvalid},
	} {
		if err := s.Commit(context.Background(), tt.ops...); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if diff := before.diff(contentOf(s.mem.state)); diff != "" {
			t.Errorf("%s has changed something: %s", name, diff)
		}
	}
}

// An Update sees what the changes before it, in the same Commit, have done, and what it
// is handed is its own.
func TestUpdateSeesBefore(t *testing.T) {
	s := openTest(t, newFakeDisk())
	defer closeTest(t, s)
	e := testEntry(1)
	e.Labels = []string{"a"}
	mustCommit(t, s, put(e), Update(e.ID, func(e *Entry) error { e.Labels = append(e.Labels, "b"); return nil }))
	shared, _ := s.Entry(e.ID)
	mustCommit(t, s, Update(e.ID, func(e *Entry) error { e.Labels[0] = "changed"; return nil }))
	if diff := cmp.Diff([]string{"a", "b"}, shared.Labels); diff != "" {
		t.Error("what was handed out has changed:", diff)
	}
	if now, _ := s.Entry(e.ID); !slices.Equal(now.Labels, []string{"changed", "b"}) {
		t.Errorf("labels are %v", now.Labels)
	}
}

// Entries come in the order in which they were added, whatever was changed since.
func TestEntriesOrder(t *testing.T) {
	d := newFakeDisk()
	s := openTest(t, d)
	for _, n := range []int{5, 3, 9, 1} {
		mustCommit(t, s, put(testEntry(n)))
	}
	before := s.Entries()
	mustCommit(t, s, put(testEntry(3)), Remove(testID(9)), put(testEntry(9)))
	names := func(list []*Entry) (out []string) {
		for _, e := range list {
			out = append(out, e.Name)
		}
		return out
	}
	if got := names(before); !slices.Equal(got, []string{"torrent 5", "torrent 3", "torrent 9", "torrent 1"}) {
		t.Errorf("what was handed out is %v", got)
	}
	want := []string{"torrent 5", "torrent 3", "torrent 1", "torrent 9"}
	if got := names(s.Entries()); !slices.Equal(got, want) {
		t.Errorf("entries are %v, want %v", got, want)
	}
	closeTest(t, s)
	s = openTest(t, d.crash(0, 0))
	defer closeTest(t, s)
	if got := names(s.Entries()); !slices.Equal(got, want) {
		t.Errorf("after a restart entries are %v, want %v", got, want)
	}
}

// What is counted is written within a minute, and by Close, and goes with its entry.
func TestLazy(t *testing.T) { synctest.Test(t, testLazy) }

func testLazy(t *testing.T) {
	d := newFakeDisk()
	s := openTest(t, d)
	mustCommit(t, s, put(testEntry(1)), put(testEntry(2)))
	s.Count(map[ID]Tally{testID(1): {Uploaded: 7, Seeders: new(3)}, testID(2): {Uploaded: 8}, testID(3): {Uploaded: 9}})
	s.CountTotals(Totals{Downloaded: 10})
	if err := s.SaveRecord(testID(1), []byte("marks")); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveRecord(testID(3), nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("a record without an entry: %v", err)
	}
	if err := s.SaveRecord(testID(1), make([]byte, maxRecord+1)); !errors.Is(err, ErrInvalid) {
		t.Errorf("a huge record: %v", err)
	}
	if lost := openTest(t, d.crash(0, 0)); lost.Tally(testID(1)).Uploaded != 0 {
		t.Error("tallies were written before their time")
	} else {
		closeTest(t, lost)
	}
	time.Sleep(lazySpan)
	synctest.Wait()
	mustCommit(t, s, Remove(testID(2)))
	want := contentOf(s.mem.state)
	again := openTest(t, d.crash(0, 0))
	defer closeTest(t, again)
	if diff := want.diff(contentOf(again.mem.state)); diff != "" {
		t.Error("after a minute (-want +got):\n", diff)
	}
	if got := string(again.Record(testID(1))); got != "marks" {
		t.Errorf("the record is %q", got)
	}

	s.Count(map[ID]Tally{testID(1): {Uploaded: 70}})
	closeTest(t, s)
	end := openTest(t, d.crash(0, 0))
	defer closeTest(t, end)
	if got := end.Tally(testID(1)).Uploaded; got != 70 {
		t.Errorf("after Close %d bytes are uploaded", got)
	}
}

// Answers are kept for a day, and not without bound.
func TestOnce(t *testing.T) {
	s := newState()
	at := time.Unix(1e9, 0)
	for n := range maxOnce + 10 {
		s.once.add(&Once{Key: fmt.Sprint(n), Answer: json.RawMessage("1"), At: at})
	}
	if n := len(s.once.byKey); n != maxOnce || len(s.once.order) != n {
		t.Errorf("%d answers are kept", n)
	}
	if _, ok := s.once.get("9", at); ok {
		t.Error("the oldest is kept")
	}
	if _, ok := s.once.get("10", at.Add(onceSpan-1)); !ok {
		t.Error("one is gone within its day")
	}
	if _, ok := s.once.get("10", at.Add(onceSpan)); ok {
		t.Error("one is there after its day")
	}
	s.once.add(&Once{Key: "10", Answer: json.RawMessage("2"), At: at.Add(time.Hour)})
	s.once.add(&Once{Key: "new", Answer: json.RawMessage("2"), At: at.Add(onceSpan)})
	if got := slices.Sorted(maps.Keys(s.once.byKey)); !slices.Equal(got, []string{"10", "new"}) {
		t.Errorf("after a day %d answers are kept", len(got))
	}
}
