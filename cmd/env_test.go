package cmd

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/record"
	"gotor/cmd/ui"
)

// captureGet runs a command line and returns the options that get would have
// worked with.
func captureGet(t *testing.T, env map[string]string, args ...string) (*getOptions, error) {
	t.Helper()
	f := newFake("")
	f.env = env
	var got *getOptions
	root := newRootCmd(f.streams)
	get, _, err := root.Find([]string{"get"})
	if err != nil {
		t.Fatal(err)
	}
	root.RemoveCommand(get)
	root.AddCommand(newGetCmd(f.streams, func(_ context.Context, o *getOptions, _ *streams) error {
		got = o
		return nil
	}))
	root.SetArgs(append([]string{"get"}, args...))
	return got, func() error { err := root.ExecuteContext(t.Context()); return err }()
}

func TestGetFlags(t *testing.T) {
	for _, c := range []struct {
		args string
		ok   func(o *getOptions) bool
	}{
		{"x", func(o *getOptions) bool {
			return len(o.sources) == 1 && o.jobs == 4 && o.maxMemory == 64<<20 && o.port == 0 && o.progress.mode == ui.ModeAuto
		}},
		{"x y", func(o *getOptions) bool { return len(o.sources) == 2 }},
		{"-o out/ x", func(o *getOptions) bool { return o.output == "out/" }},
		{"--files 1 --files *.iso x", func(o *getOptions) bool { return len(o.Files) == 2 }},
		{"--timeout 90 --stall-timeout 5m --peer-timeout 0 x", func(o *getOptions) bool {
			return o.timeout.d == 90*time.Second && o.stall.d == 5*time.Minute && o.peerTime.d == 0 && o.peerTime.set
		}},
		{"--max-memory 1.5G --max-down 2MB x", func(o *getOptions) bool { return o.maxMemory == 3<<29 && o.maxDown == 2e6 }},
		{"--port 7000 x", func(o *getOptions) bool { return o.port == 7000 }},
		{"--port none x", func(o *getOptions) bool { return o.port == -1 }},
		{"-q --json -j 9 x", func(o *getOptions) bool { return o.progress.quiet && o.json && o.jobs == 9 }},
		{"--progress json x", func(o *getOptions) bool { return o.progress.mode == ui.ModeJSON }},
		{"-o - x", func(o *getOptions) bool { return o.output == "-" }},
		{"-", func(o *getOptions) bool { return o.sources[0] == "-" }},
		{"--exec true --seed --overwrite --no-sync --prealloc --portable-names --insecure x", func(o *getOptions) bool {
			return o.exec == "true" && o.seed && o.overwrite && o.noSync && o.prealloc && o.portable && o.insecure
		}},
	} {
		got, err := captureGet(t, nil, strings.Fields(c.args)...)
		if err != nil || !c.ok(got) {
			t.Errorf("get %s: %v, %+v", c.args, err, got)
		}
	}
	for _, args := range []string{"", "--nonsense x", "-o - x y", "- -", "-o - --seed x", "-o - --flat x", "--tar x", "--tar -o out x", "--timeout -1 x", "--timeout soon x",
		"--max-memory 5 x", "--max-down -1 x", "--port 0 x", "--port 65536 x", "--port x x", "--progress loud x", "-j 0 x", "-j x x",
		"--sha256 " + strings.Repeat("0", 64) + " x y", "--timeout"} {
		if _, err := captureGet(t, nil, strings.Fields(args)...); record.CodeOf(err) != record.ExitUsage {
			t.Errorf("get %s: %v, exit code %d", args, err, record.CodeOf(err))
		}
	}
}

func TestEnvironment(t *testing.T) {
	got, err := captureGet(t, map[string]string{
		"GOTOR_OUTPUT": "out/", "GOTOR_PEER": "10.0.0.1:1\n10.0.0.2:2\n", "GOTOR_NO_SYNC": "1", "GOTOR_TIMEOUT": "30",
		"GOTOR_MAX_DOWN": "", "GOTOR_QUIET": "true", "GOTOR_JOBS": "7", "GOTOR_HELP": "true",
	}, "--timeout", "60", "x")
	if err != nil {
		t.Fatal(err)
	}
	if got.output != "out/" || len(got.peers) != 2 || !got.noSync || !got.progress.quiet || got.jobs != 7 || got.maxDown != 0 {
		t.Errorf("from the environment: %+v", got)
	}
	if got.timeout.d != time.Minute {
		t.Errorf("the flag does not win: %v", got.timeout.d)
	}
	for name, value := range map[string]string{"GOTOR_TIMEOUT": "soon", "GOTOR_SEED": "maybe", "GOTOR_JOBS": "many", "GOTOR_PORT": "-3", "GOTOR_PROGRESS": "x"} {
		_, err := captureGet(t, map[string]string{name: value}, "x")
		if record.CodeOf(err) != record.ExitUsage || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), value) || strings.Contains(err.Error(), "strconv") {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

// Every flag of every command has a variable of its own, and none that --exec
// uses for something else.
func TestEveryFlagHasAVariable(t *testing.T) {
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if n := envName(f.Name); strings.HasPrefix(n, "GOTOR_HOOK") || strings.ToUpper(n) != n || strings.Contains(n, "-") {
				t.Errorf("%s --%s: variable %s", c.CommandPath(), f.Name, n)
			}
			if f.Usage == "" {
				t.Errorf("%s --%s says nothing", c.CommandPath(), f.Name)
			}
		})
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(newRootCmd(newFake("").streams))
}

func TestLimitsDependOnTheTerminal(t *testing.T) {
	attended, alone := func() bool { return true }, func() bool { return false }
	for _, c := range []struct {
		args                  string
		tty                   func() bool
		total, stalled, peers time.Duration
	}{
		{"x", attended, 0, 0, 0},
		{"x", alone, 0, 10 * time.Minute, 5 * time.Minute},
		{"--stall-timeout 0 x", alone, 0, 0, 5 * time.Minute},
		{"--peer-timeout 0 --timeout 1h x", alone, time.Hour, 10 * time.Minute, 0},
		{"--peer-timeout 9 x", attended, 0, 0, 9 * time.Second},
	} {
		o, err := captureGet(t, nil, strings.Fields(c.args)...)
		if err != nil {
			t.Fatal(err)
		}
		total, stalled, peers := o.limits(c.tty)
		if total != c.total || stalled != c.stalled || peers != c.peers {
			t.Errorf("%s: %v, %v, %v", c.args, total, stalled, peers)
		}
	}
}
