package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"gotor/cmd/record"
	"gotor/cmd/ui"
)

// hookGrace is how long the command of --exec may go on after we were asked to
// stop, before it is killed.
const hookGrace = 2 * time.Second

// runHook runs the command of --exec after a complete download and waits for
// it. What is known of the download is in its environment; nothing is put into
// its text. Its output goes to our stderr, since stdout is data.
func runHook(ctx context.Context, s *streams, command string, r *outcome) error {
	if command == "" {
		return nil
	}
	return runCommand(ctx, s, command, r, hookGrace)
}

// runCommand is runHook; grace is what it has of hookGrace.
func runCommand(ctx context.Context, s *streams, command string, r *outcome, grace time.Duration) error {
	c := exec.CommandContext(ctx, "sh", "-c", command)
	c.Env = append(s.environ(), hookEnv(r)...)
	c.Stdout, c.Stderr = hookOutput{s.console}, hookOutput{s.console}
	// Asked first, so that it can clean up; Wait kills it after the grace.
	c.Cancel = func() error { return stopProcess(c.Process) }
	c.WaitDelay = grace
	err := c.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.Exited():
		return record.Errorf(record.ExitHook, "the --exec command exits with code %d", exit.ExitCode())
	}
	return record.Errorf(record.ExitHook, "the --exec command fails: %w", err)
}

// hookEnv describes a download to the command of --exec. Names from the network
// are in here, raw but for what cleaning took: a shell does not read variables
// as commands, so the user's "$GOTOR_HOOK_PATH" is safe.
func hookEnv(r *outcome) []string {
	return []string{
		"GOTOR_HOOK_SOURCE=" + r.arg,
		"GOTOR_HOOK_NAME=" + r.Name,
		"GOTOR_HOOK_INFO_HASH=" + r.InfoHash,
		"GOTOR_HOOK_PATH=" + r.Path,
		"GOTOR_HOOK_SIZE=" + strconv.FormatInt(r.Wanted, 10),
		"GOTOR_HOOK_FILES=" + strconv.Itoa(len(r.Files)),
		"GOTOR_HOOK_SECONDS=" + fmt.Sprintf("%.3f", r.Seconds),
	}
}

// hookOutput passes what the command prints to stderr, around the status line.
// It is the user's own command, so its bytes are left as they are.
type hookOutput struct{ c *ui.Console }

func (h hookOutput) Write(p []byte) (int, error) { return h.c.Pass(p) }

// stopProcess asks a process to end; Windows can only kill.
func stopProcess(p *os.Process) error {
	if err := p.Signal(os.Interrupt); err != nil {
		return p.Kill()
	}
	return nil
}
