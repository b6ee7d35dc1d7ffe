package torrent

import (
	"net/netip"
	"path/filepath"
	"testing"

	"gotor/torrent/metainfo"
)

// meta turns the data of a benchmark into a torrent without trackers.
func (d *benchData) meta(tb testing.TB) *metainfo.Torrent {
	tb.Helper()
	var files []metainfo.File
	if len(d.Files) > 1 {
		for _, f := range d.Files {
			dir, base := filepath.Split(f.Path)
			files = append(files, metainfo.File{Path: []string{filepath.Clean(dir), base}, Length: f.Length})
		}
	}
	m, err := metainfo.Parse(rawTorrent(d.Payload, floorPiece, files))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// download is what a whole process does, less reading the torrent: from a new
// Client to its Close.
func (d *benchData) download(tb testing.TB, m *metainfo.Torrent, dir string, noSync bool) error {
	cfg := d.seeder()
	cfg.InfoHash = m.InfoHash
	seeder := startBlast(tb, nil, cfg)
	defer seeder.Stop()
	c, err := NewClient(Config{Port: -1, Name: "gotor/bench"})
	if err != nil {
		return err
	}
	defer c.Close()
	o := order{Source: Source{Meta: m, Local: true, Peers: []netip.AddrPort{seeder.Addr()}}, Spec: Spec{Place: Place{Dir: dir, NoSync: noSync}}}
	t, err := o.begin(c)
	if err != nil {
		return err
	}
	<-t.Done()
	return t.Err()
}

// BenchmarkDownload is to be compared with BenchmarkFloor of the same run,
// BenchmarkDownloadSync with BenchmarkFloorSync, and so on.
func BenchmarkDownload(b *testing.B) {
	d := benchOne()
	m := d.meta(b)
	benchRun(b, d, func(dir string) error { return d.download(b, m, dir, true) })
}

func BenchmarkDownloadSync(b *testing.B) {
	d := benchOne()
	m := d.meta(b)
	benchRun(b, d, func(dir string) error { return d.download(b, m, dir, false) })
}

func BenchmarkDownloadFiles(b *testing.B) {
	d := benchTree()
	m := d.meta(b)
	benchRun(b, d, func(dir string) error { return d.download(b, m, dir, true) })
}
