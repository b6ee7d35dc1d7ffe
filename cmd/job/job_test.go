package job

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/torrent"
)

// Without a flag or a terminal, what a user says becomes what the engine is told:
// of a torrent that is known, and of a link the part that comes first.
func TestFromWordsToSpec(t *testing.T) {
	l := newFakeLoader(string(oneByte()))
	src, err := l.Open(t.Context(), "-")
	if err != nil {
		t.Fatal(err)
	}
	peers, err := Family{}.ParsePeers([]string{"10.0.0.7:1,host:2"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	terms := &Terms{
		Peers: peers, Trackers: []string{"http://t.example/announce"}, Mirrors: Mirrors([]string{"http://m.example/x"}, nil),
		NoSync: true, Seeding: torrent.Seeding{Seed: true, SeedTime: time.Hour},
	}
	j := terms.Prepare(src)
	choice := Choice{Files: []string{"x"}}
	wanted, err := choice.Wanted(src.Meta.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := ParseSums([]string{fmt.Sprintf("%x", sha256.Sum256([]byte("y")))}, "")
	if err != nil {
		t.Fatal(err)
	}
	digests, err := sums.Expect(src.Meta, wanted)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	j.Choose(wanted, nil)
	j.ToFiles(src.Meta, Destination{Output: filepath.Join(dir, "name")}, digests)

	from := &j.Source
	if from.Meta != src.Meta || string(from.Raw) != string(oneByte()) || !from.Local || fmt.Sprint(from.Peers, from.PeerNames) != "[10.0.0.7:1] [host:2]" ||
		!cmp.Equal(from.Trackers, terms.Trackers) || !cmp.Equal(from.Mirrors, []torrent.Mirror{{URL: "http://m.example/x"}}) {
		t.Errorf("source %+v", from)
	}
	place := torrent.Place{Dir: dir, Rename: "name", NoSync: true}
	if !cmp.Equal(j.Spec.Place, place) || !cmp.Equal(j.Spec.Wanted, []bool{true}) || j.Spec.Seeding != terms.Seeding {
		t.Errorf("spec %+v", j.Spec)
	}
	if err := j.Spec.Verify(t.Context(), 0, strings.NewReader("z")); err == nil || !strings.Contains(err.Error(), "has SHA-256") {
		t.Errorf("other data is taken: %v", err)
	}

	link, err := l.Open(t.Context(), aHashOfNobody)
	if err != nil {
		t.Fatal(err)
	}
	if j := terms.Prepare(link); j.Source.Link != link.Link || j.Source.Meta != nil || j.Meta != nil || j.Lookup.PeerNameFailed == nil || len(j.Source.Peers) != 1 {
		t.Errorf("of a link: %+v", j)
	}
}
