package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent/metainfo"
)

// corpus are the odd torrents of the repository, named after what is odd.
func corpus(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("../testdata/torrents/*.torrent")
	if err != nil || len(list) == 0 {
		t.Fatalf("no torrents: %v", err)
	}
	return list
}

// checkOutput fails when output could do anything to a terminal or is not made
// of whole lines.
func checkOutput(t *testing.T, name, out string) {
	t.Helper()
	if out != "" && !strings.HasSuffix(out, "\n") {
		t.Errorf("%s: no newline at the end of %q", name, out)
	}
	for _, r := range out {
		if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			t.Errorf("%s: %U in the output", name, r)
			return
		}
	}
}

// show says yes or no to every torrent there is: 0 with text and JSON, or 3 with
// one line that says why. It touches nothing.
func TestShowCorpus(t *testing.T) {
	for _, file := range corpus(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".torrent")
		text, asJSON := newFake(""), newFake("")
		code := text.gotor(t, "show", file)
		if again := asJSON.gotor(t, "show", "--json", file); again != code {
			t.Errorf("%s: exit code %d, with --json %d", name, code, again)
		}
		checkOutput(t, name, text.stdout.String()+text.stderr.String()+asJSON.stdout.String()+asJSON.stderr.String())
		if strings.HasPrefix(name, "bad-") && code != record.ExitMalformed || code != record.ExitOK && code != record.ExitMalformed {
			t.Errorf("%s: exit code %d", name, code)
		}
		if code != record.ExitOK {
			if errs := text.stderr.String(); strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "gotor: ") || text.stdout.String() != "" {
				t.Errorf("%s: stdout %q, stderr %q", name, text.stdout.String(), errs)
			}
			continue
		}
		var rec record.Show
		if err := json.Unmarshal([]byte(asJSON.stdout.String()), &rec); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if rec.Name == "" || rec.InfoHash == nil && rec.InfoHashV2 == nil || len(rec.Files) == 0 || rec.Version == "" {
			t.Errorf("%s: %+v", name, rec)
		}
	}
}

// What is bad for show is as bad for all others, with the same code, and get
// writes nothing. What cannot be downloaded yet is 3 as well.
func TestOthersRefuseWhatShowRefuses(t *testing.T) {
	for _, file := range corpus(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := metainfo.Parse(raw)
		if err == nil && m.CanDownload() == nil {
			continue
		}
		dir := t.TempDir()
		for _, args := range [][]string{
			{"get", "-o", dir, file}, {"get", "-o", "-", file}, {"verify", file, dir},
		} {
			f := newFake("")
			if code := f.gotor(t, args...); code != record.ExitMalformed {
				t.Errorf("gotor %v: exit code %d: %s", args, code, f.stderr.String())
			}
			checkOutput(t, file, f.stderr.String())
			if f.stdout.String() != "" {
				t.Errorf("gotor %v: stdout %q", args, f.stdout.String())
			}
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: get has left %v", file, left)
		}
	}
}

// A torrent can name its files as it likes: indices select the same ones that
// show has listed.
func TestCorpusSelection(t *testing.T) {
	for _, file := range corpus(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := metainfo.Parse(raw)
		if err != nil {
			continue
		}
		for i := range m.Files {
			wanted, err := (&job.Choice{Files: []string{itoa(i)}}).Wanted(m.Files, nil)
			if hidden := m.Files[i].Pad || m.Files[i].Symlink; hidden != (err != nil) {
				t.Errorf("%s: file %d, hidden %v: %v", file, i, hidden, err)
			}
			for k, w := range wanted {
				if w != (k == i) {
					t.Errorf("%s: --files %d selects %d: %v", file, i, k, w)
				}
			}
		}
	}
}
