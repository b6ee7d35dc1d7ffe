package cmd

import (
	"cmp"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"gotor/cmd/job"
	"gotor/torrent"
)

func TestDefaultStateDir(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths are written as elsewhere")
	}
	for _, c := range []struct {
		goos string
		env  map[string]string
		want string
	}{
		{"linux", map[string]string{"HOME": "/home/u"}, "/home/u/.local/state/gotor"},
		{"freebsd", map[string]string{"HOME": "/home/u"}, "/home/u/.local/state/gotor"},
		{"linux", map[string]string{"HOME": "/home/u", "XDG_STATE_HOME": "/state"}, "/state/gotor"},
		{"linux", map[string]string{"HOME": "/home/u", "XDG_STATE_HOME": "relative"}, "/home/u/.local/state/gotor"},
		{"darwin", map[string]string{"HOME": "/Users/u"}, "/Users/u/Library/Application Support/gotor"},
		{"darwin", map[string]string{"HOME": "/Users/u", "XDG_STATE_HOME": "/state"}, "/state/gotor"},
		{"windows", map[string]string{"LocalAppData": "/AppData", "HOME": "/home/u"}, "/AppData/gotor"},
		{"windows", map[string]string{"HOME": "/home/u"}, ""},
		{"linux", nil, ""},
		{"darwin", nil, ""},
	} {
		got := job.StateDir(c.goos, func(k string) (string, bool) { v, ok := c.env[k]; return v, ok })
		if filepath.ToSlash(got) != c.want {
			t.Errorf("%s %v: %q, want %q", c.goos, c.env, got, c.want)
		}
	}
}

// Only who seeds leaves something in the state folder.
func TestConfigure(t *testing.T) {
	f := newFake("")
	f.env["XDG_STATE_HOME"], f.env["LocalAppData"] = t.TempDir(), t.TempDir()
	o := uploadOptions{maxUp: 5, maxPeers: 6, maxPeersPerTorrent: 7, slots: 8}
	for _, c := range []struct {
		flag    string
		seeding bool
		want    string
	}{
		{"", false, ""},
		{"/x", false, ""},
		{"/x", true, "/x"},
		{"", true, filepath.Join(f.env["XDG_STATE_HOME"], "gotor")},
	} {
		var cfg torrent.Config
		o.stateDir = c.flag
		o.configure(&cfg, f.streams, c.seeding)
		if want := cmp.Or(c.flag, filepath.Join(f.env["XDG_STATE_HOME"], "gotor")); cfg.KeyDir != want {
			t.Errorf("--state-dir %q, seeding %v: key in %q, want %q", c.flag, c.seeding, cfg.KeyDir, want)
		}
		if cfg.StateDir != c.want {
			t.Errorf("--state-dir %q, seeding %v: %q, want %q", c.flag, c.seeding, cfg.StateDir, c.want)
		}
		if cfg.MaxUp != 5 || cfg.MaxPeers != 6 || cfg.MaxPeersPerTorrent != 7 || cfg.UploadSlots != 8 {
			t.Errorf("%+v", cfg)
		}
	}
}

func TestSeedingLimits(t *testing.T) {
	for _, c := range []struct {
		name string
		o    transferOptions
		want torrent.Seeding
	}{
		{"none", transferOptions{}, torrent.Seeding{}},
		{"seed", transferOptions{seed: true}, torrent.Seeding{Seed: true}},
		{"ratio", transferOptions{uploadOptions: uploadOptions{ratio: ratioValue{1.5, true}}}, torrent.Seeding{Seed: true, SeedRatio: 1.5}},
		{"time", transferOptions{uploadOptions: uploadOptions{seedTime: timeValue{time.Minute, true}}}, torrent.Seeding{Seed: true, SeedTime: time.Minute}},
		{"idle", transferOptions{uploadOptions: uploadOptions{seedIdle: timeValue{time.Hour, true}}}, torrent.Seeding{Seed: true, SeedIdle: time.Hour}},
	} {
		p := c.o.terms(new(job.Peers), nil).Prepare(new(job.Source))
		if got := p.Spec.Seeding; got != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestRatioValue(t *testing.T) {
	for text, want := range map[string]float64{"1": 1, "0.5": 0.5, "1e2": 100, "2.25": 2.25,
		"0": 0, "-1": 0, "nan": 0, "inf": 0, "1e999": 0, "": 0, "1:1": 0, "2x": 0, " 1": 0} {
		var r ratioValue
		if r.String() != "" {
			t.Errorf("no ratio prints %q", r.String())
		}
		err := r.Set(text)
		if (err == nil) != (want > 0) || r.v != want || r.set != (want > 0) {
			t.Errorf("%q: %v, %v", text, r.v, err)
		}
		if err != nil {
			continue
		}
		var again ratioValue
		if again.Set(r.String()) != nil || again != r {
			t.Errorf("%q prints %q, which reads as %v", text, r.String(), again.v)
		}
	}
}
