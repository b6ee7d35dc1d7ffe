package cmd

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/cmd/ui"
)

func TestHook(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	r := &outcome{arg: "s", Result: record.Result{Names: record.Names{Name: "n\x1b[m; touch hacked"}, Path: "p q",
		Amounts: record.Amounts{Wanted: 5}, Files: make([]record.File, 2), Seconds: 1.5}}
	f := newFake("")
	if err := runHook(t.Context(), f.streams, "", r); err != nil {
		t.Error(err)
	}
	err := runHook(t.Context(), f.streams, `echo "$GOTOR_HOOK_SOURCE,$GOTOR_HOOK_PATH,$GOTOR_HOOK_SIZE,$GOTOR_HOOK_FILES,$GOTOR_HOOK_SECONDS"; echo err >&2`, r)
	if err != nil || f.stdout.String() != "" || f.stderr.String() != "s,p q,5,2,1.500\nerr\n" {
		t.Errorf("%v, stdout %q, stderr %q", err, f.stdout.String(), f.stderr.String())
	}
	for _, command := range []string{"exit 3", "kill -9 $$", "nonsense-command-that-is-not-there"} {
		if err := runHook(t.Context(), newFake("").streams, command, r); record.CodeOf(err) != record.ExitHook {
			t.Errorf("%s: %v", command, err)
		}
	}
}

// A stop is passed on; a command that takes no notice does not keep us.
func TestHookStops(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	// A shell that runs the tests in the background has them ignore SIGINT, and a
	// trap cannot undo that; gotor always listens, as here.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	defer signal.Stop(signals)
	for _, c := range []struct {
		command, says string
		grace         time.Duration
	}{
		{"trap 'echo stopped; exit 1' INT; echo ready; while :; do sleep 0.01; done", "stopped", time.Minute},
		{"trap '' INT; echo ready; exec sleep 1000", "", time.Millisecond},
	} {
		f := newFake("")
		ctx, cancel := context.WithCancel(t.Context())
		ready := make(chan struct{}, 10)
		f.console = ui.NewConsole(firstWrite{&f.stderr, ready}, fakeTime)
		done := make(chan error, 1)
		go func() { done <- runCommand(ctx, f.streams, c.command, &outcome{}, c.grace) }()
		<-ready
		cancel()
		if err := <-done; record.CodeOf(err) != record.ExitHook || !strings.Contains(f.stderr.String(), c.says) {
			t.Errorf("after a stop: %v, %q", err, f.stderr.String())
		}
	}
}

func TestResultReport(t *testing.T) {
	good := func() *outcome {
		r := newOutcome("s", false)
		r.Path, r.complete, r.OK = "out/t", true, true
		r.Files = []record.File{{Index: 0, Path: "out/t/a", Length: 1}, {Index: 2, Path: "out/t/b", Length: 2}}
		return r
	}
	bad := newOutcome("s", false)
	for _, c := range []struct {
		name           string
		r              *outcome
		json           bool
		mode           ui.Mode
		perFile        bool
		streamed       bool
		stdout, stderr string // beginnings; "" is nothing at all
	}{
		{"path", good(), false, "auto", false, false, "out/t\n", ""},
		{"path per file", good(), false, "auto", true, false, "out/t/a\nout/t/b\n", ""},
		{"failed", bad, false, "auto", false, false, "", ""},
		{"json", good(), true, "auto", true, false, `{"v":1,"event":"result"`, ""},
		{"json failed", bad, true, "auto", false, false, `{"v":1,"event":"result"`, ""},
		{"event", good(), false, "json", false, false, "out/t\n", `{"v":1,"event":"result"`},
		{"both", good(), true, "json", false, false, `{"v":1`, `{"v":1`},
		{"streamed", good(), false, "auto", false, true, "", ""},
		{"streamed json", good(), true, "auto", false, true, "", `{"v":1,"event":"result"`},
	} {
		f := newFake("")
		o := &transferOptions{json: c.json}
		o.progress.mode = c.mode
		if err := c.r.report(f.streams, o, c.perFile, c.streamed); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		for stream, p := range map[string][2]string{"stdout": {f.stdout.String(), c.stdout}, "stderr": {f.stderr.String(), c.stderr}} {
			if !strings.HasPrefix(p[0], p[1]) || p[1] == "" && p[0] != "" || strings.Count(p[0], "\n") > 2 {
				t.Errorf("%s: %s is %q, want %q", c.name, stream, p[0], p[1])
			}
		}
	}
}
