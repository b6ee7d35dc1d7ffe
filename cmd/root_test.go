package cmd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"gotor/cmd/record"
)

func TestUnknownCommand(t *testing.T) {
	for args, want := range map[string]string{
		"":              "no command given; see gotor help",
		"vers":          "did you mean version?",
		"creat x":       "did you mean create?",
		"gte x":         "did you mean get or ctl?",
		"download x":    "did you mean get?",
		"x.torrent":     "did you mean gotor get x.torrent?",
		"http://h/x":    "did you mean gotor get http://h/x?",
		"nonsense":      "see gotor help",
		"\x1b[m":        `see gotor help`,
		"help nonsense": "no command or topic",
	} {
		f := newFake("")
		if code := f.gotor(t, strings.Fields(args)...); code != record.ExitUsage {
			t.Errorf("gotor %s: exit code %d", args, code)
		}
		if got := f.stderr.String(); !strings.HasPrefix(got, "gotor: ") || !strings.Contains(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("gotor %s: %q, want %q", args, got, want)
		}
		checkOutput(t, args, f.stderr.String())
	}
}

// Every command tells what it does in the same manner.
func TestHelpTexts(t *testing.T) {
	root := newRootCmd(newFake("").streams)
	for _, c := range root.Commands() {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || len(c.Short) > 60 {
			t.Errorf("%s: short help %q", c.Name(), c.Short)
		}
		topic := c.IsAdditionalHelpTopicCommand()
		if !topic && c.Name() != "help" && (c.Args == nil || c.GroupID == "") {
			t.Errorf("%s: no check of arguments, or no group", c.Name())
		}
	}
}

// All help goes to stdout, with code 0, however it is asked for.
func TestHelp(t *testing.T) {
	root := newRootCmd(newFake("").streams)
	for _, c := range root.Commands() {
		asked := [][]string{{"help", c.Name()}}
		if !c.IsAdditionalHelpTopicCommand() && c.Name() != "help" {
			asked = append(asked, []string{c.Name(), "--help"}, []string{c.Name(), "-h"})
		}
		for _, args := range asked {
			f := newFake("")
			if code := f.gotor(t, args...); code != 0 || f.stdout.String() == "" || f.stderr.String() != "" {
				t.Errorf("gotor %v: exit code %d, stdout %.40q, stderr %q", args, code, f.stdout.String(), f.stderr.String())
			}
		}
	}
}

// allCommands are a command and everything below it.
func allCommands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		all = append(all, allCommands(sub)...)
	}
	return all
}

func TestManPages(t *testing.T) {
	f := newFake("")
	f.env["SOURCE_DATE_EPOCH"] = "86400"
	dir := filepath.Join(t.TempDir(), "man")
	if code := f.gotor(t, "man", "-o", dir); code != 0 {
		t.Fatal(f.stderr.String())
	}
	pages, _ := filepath.Glob(dir + "/*.1")
	if len(pages) != len(allCommands(newRootCmd(f.streams))) { // gotor's own, and no help: that comes with execution
		t.Errorf("%d pages: %q", len(pages), pages)
	}
	for _, p := range pages {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if s := string(b); !strings.Contains(s, `"1" "Jan 1970"`) || !strings.Contains(s, ".SH NAME") || strings.Contains(s, "Auto generated") {
			t.Errorf("%s: %.200s", p, b)
		}
	}
	g := newFake("") // no date given: today's
	if code := g.gotor(t, "man", "show"); code != 0 || !strings.Contains(g.stdout.String(), "Jan 2026") {
		t.Errorf("exit code %d: %.100s", code, g.stdout.String())
	}
}

// FuzzCommandLine: whatever is on the command line, gotor reads it without a
// panic and complains in one safe line.
func FuzzCommandLine(f *testing.F) {
	for _, s := range []string{"get\nx", "get\n--timeout\n5s\nx", "show\n--json\n-", "create\n-o\n-\nx", "verify\na\nb", "seed\n--tracker\nx\na", "seed\nx.torrent",
		"help\nget", "man", "completion\nbash", "--\n--", "get\n-o", "-qj4\nget", "get\n--files=[\nx", "__complete\nget\n-"} {
		f.Add(s, "")
	}
	f.Add("get\nx", "5\xff")
	f.Fuzz(func(t *testing.T, line, env string) {
		args := strings.Split(line, "\n")
		fake := newFake("")
		fake.getenv = func(name string) (string, bool) {
			if name == "GOTOR_CONFIG" {
				return "none", true // else it names a file, which is not there
			}
			return env, env != ""
		}
		root := newRootCmd(fake.streams)
		for _, c := range allCommands(root)[1:] {
			if c.RunE != nil && c.Name() != "help" {
				c.RunE = func(*cobra.Command, []string) error { return nil } // read, but do nothing
			}
		}
		root.SetArgs(args)
		err := root.ExecuteContext(context.Background())
		if err == nil {
			return
		}
		if code := record.CodeOf(err); code != record.ExitUsage {
			t.Errorf("%q: %v has exit code %d", args, err, code)
		}
		fake.console.Error(err)
		checkOutput(t, line, fake.stderr.String())
		if strings.Count(fake.stderr.String(), "\n") != 1 {
			t.Errorf("%q: %q", args, fake.stderr.String())
		}
	})
}

func TestCreateTarget(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("there.torrent", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("sub", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    createOptions
		want string
	}{
		{createOptions{path: "/data/disk.img"}, "disk.img.torrent"},
		{createOptions{path: "/data/tree/"}, "tree.torrent"},
		{createOptions{path: "."}, filepath.Base(dir) + ".torrent"},
		{createOptions{path: "x", torrentOptions: torrentOptions{name: "y"}}, "y.torrent"},
		{createOptions{path: "x", output: "-"}, "-"},
		{createOptions{path: "x", output: "z.torrent"}, "z.torrent"},
		{createOptions{path: "x", output: "sub"}, "sub/x.torrent"},
		{createOptions{path: "x", output: "new/"}, "new/x.torrent"},
		{createOptions{path: "there"}, ""},
		{createOptions{path: "there", force: true}, "there.torrent"},
		{createOptions{path: "x", output: "there.torrent"}, ""},
	} {
		got, err := c.o.target(newFake("").streams)
		if filepath.ToSlash(got) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%+v: %q, %v; want %q", c.o, got, err, c.want)
		}
		if err != nil && record.CodeOf(err) != record.ExitFile {
			t.Errorf("%v has exit code %d", err, record.CodeOf(err))
		}
	}
}

func TestWriteNew(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	read := func() string {
		b, _ := os.ReadFile(name)
		return string(b)
	}
	if err := writeNew(name, []byte("one"), false); err != nil || read() != "one" {
		t.Errorf("%v, %q", err, read())
	}
	if err := writeNew(name, []byte("two"), false); record.CodeOf(err) != record.ExitFile || read() != "one" {
		t.Errorf("an existing file: %v, %q", err, read())
	}
	if err := writeNew(name, []byte("two"), true); err != nil || read() != "two" {
		t.Errorf("with force: %v, %q", err, read())
	}
	if err := writeNew(name+"/y", nil, false); record.CodeOf(err) != record.ExitFile {
		t.Errorf("below a file: %v", err)
	}
	if left, _ := filepath.Glob(name + "*"); len(left) != 1 {
		t.Errorf("left over: %q", left)
	}
}
