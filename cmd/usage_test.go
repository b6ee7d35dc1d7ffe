package cmd

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Help fits a terminal of 80 columns, however wide the text is in the source. The
// schema in the topic json is for programs.
func TestHelpFits(t *testing.T) {
	for _, c := range allCommands(newRootCmd(newFake("").streams)) {
		if c.Name() == "json" {
			continue
		}
		f := newFake("")
		f.gotor(t, append([]string{"help"}, strings.Fields(commandName(c))...)...)
		for line := range strings.Lines(f.stdout.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpWidth || strings.Contains(line, "\t") {
				t.Errorf("%s: a line of %d columns: %q", c.CommandPath(), n, line)
			}
		}
	}
}

// Every flag stands under a heading, and in the help of its command.
func TestFlagsHaveGroups(t *testing.T) {
	known := map[flagGroup]bool{}
	for _, g := range flagGroups() {
		known[g] = true
	}
	for _, c := range allCommands(newRootCmd(newFake("").streams)) {
		c.InitDefaultHelpFlag()
		var b strings.Builder
		commandUsage(&b, c)
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !known[groupOf(commandName(c), f.Name)] {
				t.Errorf("%s --%s is in no group", c.CommandPath(), f.Name)
			}
			if !strings.Contains(b.String(), "--"+f.Name) {
				t.Errorf("%s: --%s is not in its usage", c.CommandPath(), f.Name)
			}
		})
	}
}

// An error about flags is one line and says where the help is; cobra would print
// the usage, too.
func TestUsageOfGroups(t *testing.T) {
	f := newFake("")
	f.gotor(t, "verify", "--help")
	got := regexp.MustCompile(`(?m)^[A-Z]\w+:$`).FindAllString(f.stdout.String(), -1)
	want := []string{"Usage:", "Examples:", "What:", "Where:", "Sources:", "Network:", "Output:"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFillProse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"one two three", "one two\nthree"},
		{"one\ntwo", "one two"},
		{"a-word-of-twenty-bytes b", "a-word-of-twenty-bytes\nb"},
		{"one two three\n\n  a table  stays as it is", "one two\nthree\n\n  a table  stays as it is"},
		{"ein zwölf drei", "ein zwölf\ndrei"},
	} {
		if got := fillProse(c.text, 9); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// Manual pages have what the help has: groups, short names, what a flag takes.
func TestManPageParts(t *testing.T) {
	f := newFake("")
	f.gotor(t, "man", "get")
	page := f.stdout.String()
	for _, want := range []string{
		".SH SYNOPSIS\n\\fBgotor get\\fP [flags] SOURCE...\n",
		".SS Where\n",
		".TP\n\\fB\\-o\\fP, \\fB\\-\\-output\\fP \\fIPATH\\fP\nwrite to PATH",
		".TP\n\\fB\\-\\-max\\-memory\\fP \\fISIZE\\fP\nuse about so much memory (default 64MiB)\n",
		".SH \"SEE ALSO\"\n\\fBgotor\\fP(1)\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of get has no %q", want)
		}
	}
	f = newFake("")
	f.gotor(t, "man", "dht")
	if want := ".SH COMMANDS\n.TP\n\\fBget\\fP\nLook for a stored value\n"; !strings.Contains(f.stdout.String(), want) {
		t.Errorf("the page of dht has no %q", want)
	}
}

// What looks like a request of roff is text all the same.
func TestRoffEscapes(t *testing.T) {
	var p roffPage
	p.prose(".so /etc/passwd\n'br \\fB -x\n\n  a  ~b\n")
	want := "\\&.so /etc/passwd\n\\(aqbr \\efB \\-x\n.PP\n.nf\n  a  \\(tib\n.fi\n"
	if got := p.b.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Everything that takes data completes any file where the data goes.
func TestCompletesArguments(t *testing.T) {
	for args, want := range map[string]string{
		"get ":              "torrent\n:8\n",
		"verify ":           "torrent\n:8\n",
		"verify x.torrent ": ":0\n",
		"seed x.torrent ":   ":0\n",
	} {
		f := newFake("")
		f.gotor(t, append([]string{cobra.ShellCompNoDescRequestCmd}, strings.Split(args, " ")...)...)
		if got := f.stdout.String(); got != want {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
}

// bashTry loads the script into a bash without the bash-completion package, and
// completes lines as readline would ask for them.
const bashTry = `
compopt() { :; } # readline's, not there in a script
source completion
gotor() { [ "${@: -1}" = rel ] && printf 'torrent\n:8\n' && return; [ "$1" = __complete ] && printf 'plain\ndescription\n:4\n' && printf '%s\n' "${@: -1}" > last; }
try() {
	COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9
	shift
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	__start_gotor
	echo "$(cat last) -> ${COMPREPLY[*]}"
}
try 'gotor get --progress pl' gotor get --progress pl
try 'gotor get --progress=pl' gotor get --progress = pl
try 'gotor get http://pl' gotor get http : //pl
try 'gotor get ' gotor get ''
mkdir related && touch 'rel b.torrent' rel.iso
echo files > last
try 'gotor get rel' gotor get rel
`

// The script works where the package bash-completion is not installed.
func TestBashCompletionAlone(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	f := newFake("")
	if code := f.gotor(t, "completion", "bash"); code != 0 {
		t.Fatal(f.stderr.String())
	}
	dir := t.TempDir()
	noErr(t, os.WriteFile(dir+"/completion", []byte(f.stdout.String()), 0o666))
	c := exec.Command(bash, "--norc", "--noprofile", "-c", bashTry)
	c.Dir = dir
	out, err := c.CombinedOutput()
	want := "pl -> plain\n--progress=pl -> plain\nhttp://pl -> \n -> plain description\nfiles -> related rel b.torrent\n"
	if got := string(out); err != nil || got != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}
