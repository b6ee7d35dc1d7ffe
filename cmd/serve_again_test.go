package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gotor/cmd/record"
)

// Settings are read again as they were put together at the start: the command line and
// the environment as they were, the file as it is now.
func TestServeSettingsAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &streams{getenv: func(name string) (string, bool) {
		v, ok := map[string]string{"GOTOR_CONFIG": file, "GOTOR_MAX_SEEDS": "7"}[name]
		return v, ok
	}}
	write("[serve]\nmax-up = 1M\nmax-downloads = 3\n")
	o := new(serveOptions)
	c := rootedServeCmd(o, s)
	if err := c.Flags().Parse([]string{"--max-downloads", "4", "--host", "a.example", "--host", "b.example"}); err != nil {
		t.Fatal(err)
	}
	if err := settle(c, s); err != nil {
		t.Fatal(err)
	}
	write("[serve]\nmax-up = 2M\nmax-down = 5M\nmax-seeds = 1\n")
	again, err := o.again(s)
	if err != nil {
		t.Fatal(err)
	}
	got := again.settings()
	if k := got.MaxUp; k.Value != 2<<20 || k.From != record.FromFile {
		t.Errorf("max_up %+v", k)
	}
	if k := got.MaxDown; k.Value != 5<<20 || k.From != record.FromFile {
		t.Errorf("max_down %+v", k)
	}
	if k := got.Queue.MaxDownloads; k.Value != 4 || k.From != record.FromFlag || !k.Fixed {
		t.Errorf("max_downloads %+v", k)
	}
	if k := got.Queue.MaxSeeds; k.Value != 7 || k.From != record.FromEnvironment || !k.Fixed {
		t.Errorf("max_seeds %+v", k)
	}
	if !slices.Equal(again.hosts, []string{"a.example", "b.example"}) {
		t.Errorf("hosts %q", again.hosts)
	}
	write("[serve]\nmax-up = nonsense\n")
	if _, err := o.again(s); err == nil {
		t.Error("nonsense was taken")
	}
}
