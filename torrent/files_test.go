package torrent

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// tree makes a torrent of files with the given lengths; negative ones are
// padding.
func tree(pieceLength int64, lengths ...int64) *metainfo.Torrent {
	m := &metainfo.Torrent{PieceLength: pieceLength, Multi: true, Name: "tree"}
	for _, n := range lengths {
		f := metainfo.File{Offset: m.TotalLength, Length: max(n, -n), Pad: n < 0}
		m.Files = append(m.Files, f)
		m.TotalLength += f.Length
	}
	return m
}

func fileSetOf(t *testing.T, m *metainfo.Torrent, wanted []bool) *fileSet {
	t.Helper()
	l, err := layoutOf(m)
	if err != nil {
		t.Fatal(err)
	}
	return newFileSet(l, m, wanted)
}

// open is how many files a tally waits for.
func open(c *fileTally) (n int) {
	for _, left := range c.left {
		n += min(int(left), 1)
	}
	return n
}

func TestFileSet(t *testing.T) {
	// pieces of 10: |0123456789|0123456789|0123456789|
	// files           aaaaabbbbb bbbccc--dd ddddd       and an empty one
	m := tree(10, 5, 8, 3, -2, 7, 0)
	s := fileSetOf(t, m, nil)
	c := newFileTally(s)
	if s.wantedBytes() != 23 || open(c) != 4 || !s.everything() {
		t.Errorf("%d bytes, %d open", s.wantedBytes(), open(c))
	}
	if got := s.empty(nil); !reflect.DeepEqual(got, []int{5}) {
		t.Errorf("empty files %v", got)
	}
	for p, want := range []int64{10, 8, 5} {
		if got := s.wantedIn(p); got != want {
			t.Errorf("piece %d has %d wanted bytes, want %d", p, got, want)
		}
	}
	for _, step := range []struct {
		piece int
		want  []int
	}{{1, []int{2}}, {2, []int{4}}, {0, []int{0, 1}}} {
		if got := c.verified(step.piece, nil); !reflect.DeepEqual(got, step.want) {
			t.Errorf("piece %d completes %v, want %v", step.piece, got, step.want)
		}
	}
	if open(c) != 0 {
		t.Errorf("%d files still open", open(c))
	}
}

func TestFileSetSelection(t *testing.T) {
	s := fileSetOf(t, tree(10, 5, 8, 3, -2, 7), []bool{false, false, true, true, false})
	c := newFileTally(s)
	if s.wantedBytes() != 3 || open(c) != 1 || s.everything() || s.wanted[3] {
		t.Errorf("%d bytes, %d open, padding wanted %v", s.wantedBytes(), open(c), s.wanted[3])
	}
	if got := c.verified(1, nil); !reflect.DeepEqual(got, []int{2}) {
		t.Errorf("piece 1 completes %v", got)
	}
}

func TestPiecesOf(t *testing.T) {
	// pieces of 10: |aaaaabbbbb|bbbccc--dd|ddddd     |
	s := fileSetOf(t, tree(10, 5, 8, 3, -2, 7, 0), []bool{true, true, false, true, true, true})
	for _, c := range []struct {
		chosen []bool
		want   []int
	}{
		{nil, nil},
		{[]bool{true}, []int{0}},
		{[]bool{true, true}, []int{0, 1}},
		{[]bool{false, false, true, true, false, true}, nil}, // not wanted, padding, empty
		{[]bool{true, false, false, false, true}, []int{0, 1, 2}},
	} {
		var got []int
		for p := range func(yield func(int) bool) { s.piecesOf(c.chosen, yield) } {
			got = append(got, p)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v has pieces %v, want %v", c.chosen, got, c.want)
		}
	}
}

func TestWantedRanges(t *testing.T) {
	m := tree(10, 5, 0, 20, 10, -6, 50, 4)
	s := fileSetOf(t, m, []bool{true, true, false, true, true, false, true})
	if got, want := s.ranges(), []storage.Range{{Off: 0, Len: 10}, {Off: 20, Len: 20}, {Off: 90, Len: 5}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := fileSetOf(t, m, make([]bool, 7)).ranges(); got == nil || len(got) > 0 {
		t.Errorf("nothing is wanted: %v", got)
	}
}

// Whatever the layout, every byte of a selected file is in exactly one piece,
// and every file completes with its last piece.
func TestFileSetProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		lengths := make([]int64, 1+rng.IntN(20))
		for i := range lengths {
			if lengths[i] = rng.Int64N(40); rng.IntN(5) == 0 {
				lengths[i] *= -1
			}
		}
		m := tree(1+rng.Int64N(25), lengths...)
		wanted := make([]bool, len(lengths))
		for i := range wanted {
			wanted[i] = rng.IntN(2) == 0
		}
		s := fileSetOf(t, m, wanted)
		c := newFileTally(s)
		var sum int64
		done := map[int]bool{}
		for _, p := range rng.Perm(s.layout.Pieces()) {
			sum += s.wantedIn(p)
			for _, i := range c.verified(p, nil) {
				if done[i] {
					t.Fatalf("file %d completed twice", i)
				}
				done[i] = true
			}
		}
		for _, i := range s.empty(nil) {
			done[i] = true
		}
		for i := range m.Files {
			if s.wanted[i] != done[i] {
				t.Fatalf("lengths %v, piece %d: file %d wanted %v, completed %v", lengths, m.PieceLength, i, s.wanted[i], done[i])
			}
		}
		if sum != s.wantedBytes() || open(c) != 0 {
			t.Fatalf("pieces hold %d wanted bytes, files %d; %d open", sum, s.wantedBytes(), open(c))
		}
	}
}
