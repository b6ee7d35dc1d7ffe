package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
)

// withConfig is an environment that names a file of settings with this text.
func withConfig(t *testing.T, text string, env ...string) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"GOTOR_CONFIG": path}
	for i := 0; i < len(env); i += 2 {
		vars[env[i]] = env[i+1]
	}
	return vars
}

// A ~ in the file is the home folder where a path is expected, as a shell would
// have it, and nothing else elsewhere.
func TestConfigHome(t *testing.T) {
	for text, want := range map[string]string{
		"output = ~":             "/home/u",
		"output = ~/down loads/": "/home/u/down loads/",
		`output = "~/x"`:         "/home/u/x",
		"output = ~root/x":       "~root/x",
		"output = a/~":           "a/~",
		"exclude = ~/x":          "",
	} {
		o, err := captureGet(t, withConfig(t, text, "HOME", "/home/u"), "x")
		if err != nil || o.output != want {
			t.Errorf("%s: %q, %v, want %q", text, o.output, err, want)
		}
	}
	if o, err := captureGet(t, withConfig(t, "output = ~/x", "USERPROFILE", `C:\u`), "x"); err != nil || o.output != `C:\u/x` {
		t.Errorf("%q, %v", o.output, err)
	}
	if o, err := captureGet(t, withConfig(t, "output = ~/x"), "x"); err != nil || o.output != "~/x" {
		t.Errorf("without a home: %q, %v", o.output, err)
	}
}

func TestConfigPrecedence(t *testing.T) {
	env := withConfig(t, `
jobs = 2
max-down = 1M
peer = 10.0.0.9:9
timeout = 10
quiet = true
piece-length = 1M

[get]
jobs = 3
peer = 10.0.0.1:1
peer = 10.0.0.2:2
[resume]
jobs = 9
`, "GOTOR_MAX_DOWN", "2M", "GOTOR_QUIET", "")
	o, err := captureGet(t, env, "--timeout", "60", "x")
	if err != nil {
		t.Fatal(err)
	}
	if o.jobs != 3 || len(o.peers) != 2 || o.peers[1] != "10.0.0.2:2" {
		t.Errorf("the command's part does not win over the general one: %+v", o)
	}
	if o.maxDown != 2<<20 {
		t.Errorf("the environment does not win over the file: %d", o.maxDown)
	}
	if o.timeout.d != time.Minute {
		t.Errorf("the command line does not win: %v", o.timeout.d)
	}
	if !o.progress.quiet {
		t.Error("an empty variable hides the file")
	}
	if o, err = captureGet(t, env, "--peer", "10.0.0.3:3", "x"); err != nil || len(o.peers) != 1 {
		t.Errorf("values of a list are mixed: %+v, %v", o, err)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"max_down = 1", "config:1: no flag is called max_down; did you mean max-down?"},
		{"--json = 1", "config:1: no flag is called --json; did you mean json?"},
		{"help = true", "config:1: no flag is called help"},
		{"config = x", "config:1: no flag is called config"},
		{"[get]\ncomment = x", "config:2: gotor get has no flag comment"},
		{"[frobnicate]", "config:1: [frobnicate] is no command"},
		{"[help]", "config:1: [help] is no command"},
		{"[gotor get]", "config:1: [gotor get] is no command"},
		{"[get]\njobs = 1\n[get]\njobs = 2", "config:4: jobs is set in line 2 already"},
		{"jobs = many", `config:1: jobs: "many" is not a number`},
		{"seed = maybe", `config:1: seed: "maybe" is neither true nor false`},
		{"\ntimeout = soon", `config:2: timeout: "soon" is not a duration`},
		{"progress =", `config:1: progress: "" is not a way to show progress`},
	} {
		_, err := captureGet(t, withConfig(t, c.text), "x")
		if err == nil || record.CodeOf(err) != record.ExitUsage || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "strconv") {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
	// Another command's value is its own business.
	if _, err := captureGet(t, withConfig(t, "[create]\npiece-length = x\n[resume]\njobs = x\n"), "x"); err != nil {
		t.Error(err)
	}
	for name, path := range map[string]string{"missing": filepath.Join(t.TempDir(), "none"), "a folder": t.TempDir()} {
		if _, err := captureGet(t, map[string]string{"GOTOR_CONFIG": path}, "x"); record.CodeOf(err) != record.ExitFile {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := captureGet(t, map[string]string{"HOME": t.TempDir()}, "x"); err != nil {
		t.Errorf("the usual place is empty: %v", err)
	}
	if _, err := captureGet(t, withConfig(t, strings.Repeat("#\n", 1<<20)), "x"); record.CodeOf(err) != record.ExitUsage || !strings.Contains(err.Error(), "larger than 1.0 MiB") {
		t.Errorf("a huge file: %v", err)
	}
}

// What explains gotor works whatever is in the file.
func TestBrokenConfigDoesNotBreakHelp(t *testing.T) {
	env := withConfig(t, "nonsense\n")
	for _, c := range []struct {
		args string
		code int
	}{
		{"help", 0}, {"help get", 0}, {"get --help", 0}, {"completion bash", 0}, {"man", 0}, {"config path", 0}, {"__complete get -", 0}, {"config --help", 0},
		{"config show", record.ExitUsage}, {"version", record.ExitUsage}, {"show x", record.ExitUsage},
	} {
		f := newFake("")
		f.env = env
		if code := f.gotor(t, strings.Fields(c.args)...); code != c.code {
			t.Errorf("gotor %s: exit code %d, %s", c.args, code, f.stderr.String())
		}
	}
}

func TestConfigShow(t *testing.T) {
	env := withConfig(t, "no-dht = true\n[get]\nheader = Authorization: hush1\nheader = X: hush2\nmirror = https://u:hush3@h/\npeer = 10.0.0.1:1\n",
		"GOTOR_MAX_DOWN", "2M", "GOTOR_STATE_DIR", "a\x1b[m")
	f := newFake("")
	f.env = env
	if code := f.gotor(t, "config", "show", "--json", "get"); code != 0 {
		t.Fatal(f.stderr.String())
	}
	var got record.Config
	if err := json.Unmarshal([]byte(f.stdout.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.V != 1 || got.File == nil || *got.File != env["GOTOR_CONFIG"] {
		t.Errorf("%+v", got)
	}
	at := map[string]record.Setting{}
	for _, s := range got.Settings {
		if at[s.Flag] = s; s.Command != "get" {
			t.Errorf("%+v", s)
		}
	}
	for _, want := range []record.Setting{
		{Command: "get", Flag: "no-dht", Value: "true", Origin: "file", Where: *got.File + ":1"},
		{Command: "get", Flag: "header", Value: []any{"***", "***"}, Origin: "file", Where: *got.File + ":3"},
		{Command: "get", Flag: "mirror", Value: []any{"https://***@h/"}, Origin: "file", Where: *got.File + ":5"},
		{Command: "get", Flag: "max-down", Value: "2MiB", Origin: "environment", Where: "GOTOR_MAX_DOWN"},
		{Command: "get", Flag: "state-dir", Value: `a\x1b[m`, Origin: "environment", Where: "GOTOR_STATE_DIR"},
		{Command: "get", Flag: "jobs", Value: "4", Origin: "default", Where: ""},
		{Command: "get", Flag: "files", Value: []any{}, Origin: "default", Where: ""},
	} {
		if !reflect.DeepEqual(at[want.Flag], want) {
			t.Errorf("%s: %+v, want %+v", want.Flag, at[want.Flag], want)
		}
	}
	for _, flag := range []string{"help", "version", "comment"} {
		if _, ok := at[flag]; ok {
			t.Errorf("--%s is shown", flag)
		}
	}
	// Of all commands, what is set.
	all := newFake("")
	all.env = env
	if code := all.gotor(t, "config", "show"); code != 0 {
		t.Fatal(all.stderr.String())
	}
	text := all.stdout.String()
	for _, want := range []string{"gotor get\n", "gotor resume\n", "gotor seed\n", "  max-down ", " GOTOR_MAX_DOWN\n", "  header ", "config:3\n", "config:4\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "default") || strings.Contains(text, "gotor create") {
		t.Errorf("defaults are shown:\n%s", text)
	}
	if out := text + f.stdout.String(); strings.Contains(out, "hush") || strings.Contains(out, "\x1b") {
		t.Errorf("a secret, or an escape sequence, is shown:\n%s", out)
	}
	checkOutput(t, "config show", text)
}

// A secret that cannot be used is not shown either.
func TestBadSecret(t *testing.T) {
	if got := badValue("header", "hush", errPort); strings.Contains(got, "hush") {
		t.Error(got)
	}
	if got := envError("header", "hush", errPort).Error(); strings.Contains(got, "hush") || !strings.Contains(got, "GOTOR_HEADER") {
		t.Error(got)
	}
}

func TestNothingConfigured(t *testing.T) {
	f := newFake("")
	f.env = map[string]string{"GOTOR_CONFIG": "none"}
	if code := f.gotor(t, "config", "show"); code != 0 || f.stdout.String() != "" || f.stderr.String() != "nothing is set; every flag has its default\n" {
		t.Errorf("exit code %d, %q, %q", code, f.stdout.String(), f.stderr.String())
	}
	f = newFake("")
	f.env = map[string]string{"GOTOR_CONFIG": "none"}
	if code := f.gotor(t, "config", "path"); code != 0 || f.stdout.String() != "" {
		t.Errorf("exit code %d, %q", code, f.stdout.String())
	}
	f = newFake("")
	f.env = map[string]string{}
	if code := f.gotor(t, "config", "path"); code != record.ExitOther {
		t.Errorf("without a home: exit code %d, %q", code, f.stdout.String())
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, s := range []string{"a=b", "[get]\npeer = 'x'\n", "#\n\n=", "[", "a = \"\\x00\"", "jobs = 1\r\n"} {
		f.Add(s)
	}
	root := newRootCmd(newFake("").streams)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := job.ParseSettings("f", text)
		if err == nil {
			err = checkSettings(c, root)
		}
		if err != nil && record.CodeOf(err) != record.ExitUsage {
			t.Fatalf("%q: %v has exit code %d", text, err, record.CodeOf(err))
		}
		if err == nil {
			known := flagsBelow(root)
			for _, s := range c.Sections {
				for _, e := range s.Entries {
					if _, ok := known[e.Flag]; !ok || e.Line < 1 {
						t.Fatalf("%q: %+v", text, e)
					}
				}
			}
		}
	})
}
