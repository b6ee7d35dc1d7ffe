package cmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// parseSeed is the command line of seed as runSeed would get it.
func parseSeed(f *fake, args ...string) (*seedOptions, error) {
	var got *seedOptions
	c := newSeedCmd(f.streams, func(_ context.Context, o *seedOptions, _ *streams) error {
		got = o
		return nil
	})
	c.SetArgs(args)
	c.SilenceErrors, c.SilenceUsage = true, true
	return got, c.Execute()
}

func TestSeedFlags(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "d.torrent")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	unnamed := filepath.Join(dir, "unnamed")
	raw, err := metainfo.Create(t.Context(), os.Args[0], metainfo.CreateOptions{PieceLength: 1 << 20})
	if err := errors.Join(err, os.WriteFile(unnamed, raw, 0o666)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args  string
		items string // SOURCE:PATH of each, or :PATH
		code  int
	}{
		{"data", ":data", 0},
		{"x.torrent data", "x.torrent:data", 0},
		{"- data", "-:data", 0},
		{"http://h/x data", "http://h/x:data", 0},
		{folder, ":" + folder, 0}, // a folder is no torrent, whatever its name
		{"x.torrent", "", record.ExitUsage},
		{"HTTP://h/x", "", record.ExitUsage},
		{"-", "", record.ExitUsage},
		{"--private data", ":data", 0},
		{"--private x.torrent data", "", record.ExitUsage},
		{"--max-memory 1K data", "", record.ExitUsage},
		{"--files 1 data", "", record.ExitUsage},
		// Several.
		{"data other", ":data :other", 0},
		{"data other " + folder, ":data :other :" + folder, 0},
		{"--private data other", ":data :other", 0},
		{unnamed + " data", unnamed + ":data", 0}, // a torrent by what is in it
		{"data " + unnamed, ":data :" + unnamed, 0},
		{"x.torrent y.torrent", "x.torrent:y.torrent", 0},
		{"x.torrent - http://h/z " + dir, "x.torrent:" + dir + " -:" + dir + " http://h/z:" + dir, 0},
		{"x.torrent " + unnamed + " " + folder, "x.torrent:" + folder + " " + unnamed + ":" + folder, 0},
		{"x.torrent y.torrent nowhere", "x.torrent:nowhere y.torrent:nowhere", 0}, // what is missing is not wrong usage
		{"x.torrent y.torrent z.torrent", "", record.ExitUsage},
		{"x.torrent y.torrent " + unnamed, "", record.ExitUsage}, // a file
		{"x.torrent data " + dir, "", record.ExitUsage},
		{"data x.torrent", "", record.ExitUsage},
		{"- - " + dir, "", record.ExitUsage},
		{"--torrent z.torrent data other", "", record.ExitUsage},
		{"--name z data other", "", record.ExitUsage},
		{"--files 1 x.torrent y.torrent " + dir, "", record.ExitUsage},
		{"--private x.torrent y.torrent " + dir, "", record.ExitUsage},
	} {
		o, err := parseSeed(newFake(""), strings.Fields(c.args)...)
		if record.CodeOf(err) != c.code {
			t.Errorf("seed %s: %v, want code %d", c.args, err, c.code)
		}
		if err != nil {
			continue
		}
		var items []string
		for _, i := range o.items {
			items = append(items, i.source+":"+i.path)
		}
		if got := strings.Join(items, " "); got != c.items || !o.seeding() {
			t.Errorf("seed %s: %s, want %s", c.args, got, c.items)
		}
	}
}

// The spec of a job says that the data is there already, and where.
func TestSeedJob(t *testing.T) {
	o, err := parseSeed(newFake(""), "--super", "--seed-ratio", "2", "--seed-time", "1h", "x.torrent", "d")
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{terms: o.transferOptions.terms(new(job.Peers), nil), o: &o.transferOptions}
	multi := &metainfo.Torrent{Name: "n", HasV1: true, Multi: true}
	single := &metainfo.Torrent{Name: "n", HasV1: true}
	for _, c := range []struct {
		m    *metainfo.Torrent
		top  string
		flat bool
	}{{multi, "", true}, {multi, "n", false}, {single, "", false}, {single, "file", false}} {
		j := (&seeder{o, r}).work(&job.Source{Meta: c.m, Local: true}, nil, "d", c.top)
		s := &j.Spec
		if !s.Seed || !s.SeedOnly || !s.SuperSeed || !j.Source.Local || s.SeedRatio != 2 || s.SeedTime != time.Hour ||
			s.Dir != "d" || s.Rename != c.top || s.Flat != c.flat || !strings.HasPrefix(j.magnet, "magnet:?") {
			t.Errorf("top %q: %+v", c.top, s)
		}
	}
}

// seedData makes a torrent of a path, lets the data change, and seeds it until
// it is known whether it is right.
func seedData(t *testing.T, path string, change func()) (torrent.Snapshot, error) {
	t.Helper()
	f := newFake("")
	o, err := parseSeed(f, "--port", "none", "--state-dir", t.TempDir(), "--peer", "127.0.0.1:1", path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRunner(&o.transferOptions, f.streams)
	if err != nil {
		t.Fatal(err)
	}
	r.up = ui.StartDisplay(ui.NewPrinter(f.screen(), ui.ModeNone, false), 1)
	defer r.up.Stop()
	j, err := (&seeder{o, r}).prepareData(t.Context(), path, 0)
	if err != nil {
		t.Fatal(err)
	}
	change()
	c, err := r.client()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	seed, err := c.Add(j.Source, j.Lookup)
	if err == nil {
		err = seed.Begin(j.Spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	<-seed.Done()
	return seed.Snapshot(), seed.Err()
}

// What a torrent has just been made of is not hashed a second time to seed it,
// unless it has changed since.
func TestSeedHashesOnce(t *testing.T) {
	write := func(path string, b []byte, when int64) {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Unix(when, 0)); err != nil {
			t.Fatal(err)
		}
	}
	tree := filepath.Join(t.TempDir(), "tree")
	reset := func() {
		write(filepath.Join(tree, "a"), make([]byte, 1<<16), 1e9)
		write(filepath.Join(tree, "sub", "b"), make([]byte, 1<<15), 1e9)
		write(filepath.Join(tree, "none"), nil, 1e9)
	}
	a := filepath.Join(tree, "a")
	for _, c := range []struct {
		name, path string
		change     func()
		hashed     int64
		code       int
	}{
		{"file", a, func() {}, 0, 0},
		{"folder", tree, func() {}, 0, 0},
		{"folder with a slash", tree + "/", func() {}, 0, 0},
		{"touched", a, func() { write(a, make([]byte, 1<<16), 2e9) }, 1 << 16, 0},
		{"rewritten", a, func() { write(a, []byte(strings.Repeat("x", 1<<16)), 2e9) }, 1 << 16, record.ExitMismatch},
		{"one of several", tree, func() { write(a, []byte(strings.Repeat("x", 1<<16)), 2e9) }, 1 << 16, record.ExitMismatch},
	} {
		reset()
		sn, err := seedData(t, c.path, c.change)
		if record.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want code %d", c.name, err, c.code)
		}
		if sn.Checked != c.hashed || sn.ToCheck != c.hashed {
			t.Errorf("%s: %d of %d bytes hashed again, want %d", c.name, sn.Checked, sn.ToCheck, c.hashed)
		}
		if err == nil && (sn.State != torrent.StateSeeding || sn.Verified != sn.Wanted || sn.Wanted == 0) {
			t.Errorf("%s: %+v", c.name, sn)
		}
	}
}

func TestWriteSame(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.WriteFile(data, []byte("data"), 0o666); err != nil {
		t.Fatal(err)
	}
	make := func(o metainfo.CreateOptions) ([]byte, [20]byte) {
		raw, err := metainfo.Create(t.Context(), data, o)
		if err != nil {
			t.Fatal(err)
		}
		m, err := metainfo.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		return raw, m.InfoHash
	}
	file := filepath.Join(dir, "x.torrent")
	first, hash := make(metainfo.CreateOptions{})
	dated, same := make(metainfo.CreateOptions{Date: time.Unix(1, 0)})
	other, differs := make(metainfo.CreateOptions{Source: "s"})
	for _, c := range []struct {
		name string
		raw  []byte
		hash [20]byte
		code int
	}{{"new", first, hash, 0}, {"again", first, hash, 0}, {"another date", dated, same, 0}, {"another torrent", other, differs, record.ExitFile}} {
		if err := writeSame(file, c.raw, c.hash, "--torrent"); record.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want code %d", c.name, err, c.code)
		}
		if b, err := os.ReadFile(file); err != nil || string(b) != string(first) {
			t.Errorf("%s: the file has changed (%v)", c.name, err)
		}
	}
	if err := os.WriteFile(file, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := writeSame(file, first, hash, "--torrent"); record.CodeOf(err) != record.ExitFile {
		t.Errorf("over a file that is no torrent: %v", err)
	}
}
