package torrent

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gotor/torrent/metainfo"
)

// halves is a torrent of two files, and a web server on which each folder has the
// files with these numbers.
func (l *lab) halves(folders map[string][]int) (m *metainfo.Torrent, payload []byte, url string) {
	l.Helper()
	payload = blastPayload(220_000)
	mux := http.NewServeMux()
	for folder, have := range folders {
		for _, i := range have {
			part, name := payload[:200_000], "data.bin"
			if i == 1 {
				part, name = payload[200_000:], "b.bin"
			}
			mux.Handle("/"+folder+"/payload/"+name, served(part))
		}
	}
	return l.lonely(payload, 32<<10, halfFiles()), payload, l.web(mux)
}

func halfFiles() []metainfo.File {
	return []metainfo.File{{Path: []string{"data.bin"}, Length: 200_000}, {Path: []string{"b.bin"}, Length: 20_000}}
}

// TestSameHost: a server that lacks a file makes way for another on its host.
func TestSameHost(t *testing.T) {
	for range 6 { // their order is random
		inLab(t, func(l *lab) {
			m, payload, u := l.halves(map[string][]int{"old": {0}, "older": {0}, "new": {0, 1}})
			m.WebSeeds = []string{u + "old/", u + "older/", u + "new/"}
			l.mustGet(l.client(Config{Port: -1}), order{Source: Source{Meta: m}, Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}})
			l.wantFile("payload/data.bin", payload[:200_000])
			l.wantFile("payload/b.bin", payload[200_000:])
		})
	}
}

// TestManyLackers: as many servers as are asked at a time, on hosts of their own,
// and the one that has the rest is none of them.
func TestManyLackers(t *testing.T) {
	inLab(t, func(l *lab) {
		m, payload, good := l.halves(map[string][]int{"all": {0, 1}})
		for range maxWebActive {
			_, _, u := l.halves(map[string][]int{"half": {0}})
			m.WebSeeds = append(m.WebSeeds, u+"half/")
		}
		mirrors := []Mirror{}
		for _, u := range append(m.WebSeeds, good+"all/") {
			mirrors = append(mirrors, Mirror{URL: u})
		}
		m.WebSeeds = nil
		l.mustGet(l.client(Config{Port: -1}), order{Source: Source{Meta: m, Mirrors: mirrors}, Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}})
		l.wantFile("payload/b.bin", payload[200_000:])
	})
}

// TestNobodyHasIt: what no server has is named, with what each of them said, and
// long before the limit for peers; also where somebody on the local network or in
// the DHT might know more.
func TestNobodyHasIt(t *testing.T) {
	for name, cfg := range map[string]Config{
		"nowhere else to ask": {Port: -1},
		"local network":       {Port: 0, LSD: true},
		"DHT":                 {Port: -1, DHT: &DHTConfig{Bootstrap: []string{"10.99.99.99:6881"}, ReadOnly: true}},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				m, payload, u := l.halves(map[string][]int{"a": {0}, "b": {0}})
				start := time.Now()
				tr, err := l.get(l.client(cfg), order{Source: Source{Meta: m, Mirrors: []Mirror{{URL: u + "a"}, {URL: u + "b"}}},
					Spec: Spec{Limits: Limits{PeerTimeout: 24 * time.Hour}}})
				if !errors.Is(err, ErrNoMirror) {
					t.Fatalf("error %v", err)
				}
				for _, want := range []string{"payload/b.bin", u + "a: the server answers 404", u + "b: the server answers 404"} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%q is not in: %v", want, err)
					}
				}
				if d := time.Since(start); d > 5*time.Minute {
					t.Errorf("ended after %v", d)
				}
				if s := tr.Snapshot(); s.Verified < 6*32<<10 {
					t.Errorf("only %d of %d bytes are verified", s.Verified, len(payload))
				}
			})
		})
	}
}

// TestLacksButPeers: all servers lack a file, and a peer has it.
func TestLacksButPeers(t *testing.T) {
	inLab(t, func(l *lab) {
		_, payload, u := l.halves(map[string][]int{"a": {0}})
		m := l.torrent(payload, 32<<10, halfFiles())
		l.seed(m, payload, nil)
		l.mustGet(l.client(Config{Port: -1}), order{Source: Source{Meta: m, Mirrors: []Mirror{{URL: u + "a"}, {URL: u + "none"}}},
			Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}})
		l.wantFile("payload/b.bin", payload[200_000:])
	})
}

func TestWebUseless(t *testing.T) {
	payload := bytes.Repeat([]byte("x"), 4<<14)
	m, err := metainfo.Parse(rawTorrent(payload, 1<<14, []metainfo.File{{Path: []string{"a"}, Length: 3 << 14}, {Path: []string{"b"}, Length: 1 << 14}}))
	if err != nil {
		t.Fatal(err)
	}
	have := make([]byte, 1)
	w := &webSeeds{job: webJob{files: fileSetOf(t, m, nil)}, hooks: webHooks{has: func(p int) bool { return bit(have, p) }}}
	s := new(webSource)
	check := func(want bool, when string) {
		t.Helper()
		if got := w.useless(s); got != want {
			t.Errorf("%s: %v", when, got)
		}
	}
	check(false, "it has everything")
	w.lacks(s, 1, fmt.Errorf("404"))
	check(false, "it lacks a file, others are missing")
	setBit(have, 0)
	setBit(have, 1)
	check(false, "one piece that it has is missing")
	setBit(have, 2)
	check(true, "only what it lacks is missing")
}
