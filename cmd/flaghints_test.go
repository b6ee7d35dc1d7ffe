package cmd

import (
	"strings"
	"testing"

	"gotor/cmd/record"
)

// Who comes from another program, or mistypes, is told our name for a flag.
func TestFlagHints(t *testing.T) {
	for line, want := range map[string]string{
		"get -O x":                "unknown flag -O; gotor calls it -o, --output",
		"get -d x":                "unknown flag -d; gotor calls it -o, --output",
		"get --dir x":             "unknown flag --dir; gotor calls it -o, --output",
		"get --limit-rate 1M x":   "unknown flag --limit-rate; gotor calls it --max-down",
		"get -qO x":               "unknown flag -O; gotor calls it -o, --output",
		"get -c x":                "unknown flag -c; gotor always goes on where it stopped: leave it out, or use gotor resume",
		"get -L x":                "unknown flag -L; gotor always does that: leave it out",
		"get --select-file=1 x":   "unknown flag --select-file; gotor calls it --files",
		"get -S x":                "unknown flag -S; use gotor show",
		"show -S x":               "unknown flag -S; see gotor show --help",
		"verify --limit-rate 1 x": "unknown flag --limit-rate; see gotor verify --help",
		"get --max-donw 1 x":      "unknown flag --max-donw; did you mean --max-down?",
		"get --max_down 1 x":      "unknown flag --max_down; did you mean --max-down?",
		"get --Quiet x":           "unknown flag --Quiet; did you mean --quiet?",
		"get --oevrwrite x":       "unknown flag --oevrwrite; did you mean --overwrite?",
		"create --jobs 3 x":       "gotor create has no flag --jobs; gotor get has",
		"get --frobnicate x":      "unknown flag --frobnicate; see gotor get --help",
		"get -z x":                "unknown flag -z; see gotor get --help",
		"get --jobs x y":          `--jobs: "x" is not a number; see gotor get --help`,
		"get --seed=maybe x":      `--seed: "maybe" is neither true nor false; see gotor get --help`,
		"get --output":            "flag needs an argument: --output; see gotor get --help",
	} {
		f := newFake("")
		if code := f.gotor(t, strings.Fields(line)...); code != record.ExitUsage {
			t.Errorf("gotor %s: exit code %d", line, code)
		}
		if got := f.stderr.String(); got != "gotor: "+want+"\n" {
			t.Errorf("gotor %s: %q, want %q", line, got, want)
		}
	}
}

// A long name from the command line costs nothing, and does not fill the screen.
func TestFlagHintBounds(t *testing.T) {
	f := newFake("")
	f.gotor(t, "get", "--"+strings.Repeat("x", 1<<16), "y")
	if got := f.stderr.String(); len(got) > 200 || strings.Count(got, "\n") != 1 {
		t.Errorf("%d bytes: %.300q", len(got), got)
	}
}

// What another program's flag is called with us is a flag of ours.
func TestHintsNameOurFlags(t *testing.T) {
	root := newRootCmd(newFake("").streams)
	for _, theirs := range []string{"O", "limit-rate", "max-upload-limit", "H", "k", "s", "m", "bt-stop-timeout", "connect-timeout", "select-file",
		"bt-tracker", "p", "on-download-complete", "Z", "file-allocation", "checksum", "dht-entry-point", "enable-dht", "enable-peer-exchange",
		"bt-enable-lpd", "4", "6", "allow-overwrite", "peer-limit"} {
		if ours := strings.TrimPrefix(foreignFlag(theirs), "--"); commandWith(root, ours) == "" {
			t.Errorf("%s: no command has --%s", theirs, ours)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abd", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("%q, %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
