package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"gotor/cmd/term"
)

// streams is everything a command may touch of the process it runs in.
type streams struct {
	in  io.Reader
	out io.Writer // data; a reader that went away gives errStdoutGone
	err io.Writer // talk; written by console only

	// Whether each is a terminal. Asked lazily: each costs a system call.
	outTTY, errTTY func() bool
	width          func() int // columns of the terminal on stderr
	getenv         func(string) (string, bool)
	environ        func() []string
	now            func() time.Time

	console *console
}

// systemStreams are those of the process.
func systemStreams() *streams {
	s := &streams{
		in:      os.Stdin,
		out:     &stdout{w: os.Stdout},
		err:     os.Stderr,
		outTTY:  sync.OnceValue(func() bool { return term.IsTerminal(os.Stdout) }),
		errTTY:  sync.OnceValue(func() bool { return term.IsTerminal(os.Stderr) }),
		width:   func() int { return term.Width(os.Stderr) },
		getenv:  os.LookupEnv,
		environ: os.Environ,
		now:     time.Now,
	}
	s.console = newConsole(s.err)
	return s
}

func systemArgs() []string { return os.Args[1:] }

// errStdoutGone says that nobody reads our output any more.
var errStdoutGone = errors.New("the reader of standard output has gone")

// stdout is standard output. Its writes are told apart from those to sockets,
// which can fail with the same error numbers.
type stdout struct{ w io.Writer }

func (o *stdout) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil && brokenPipe(err) {
		return n, errStdoutGone
	}
	if err != nil {
		return n, withCode(exitFile, err)
	}
	return n, nil
}

// path is a path for stdout: exact in a pipe, where a program reads it, and
// safe on a terminal.
func (s *streams) path(p string) string {
	if s.outTTY() {
		return term.Safe(p)
	}
	return p
}

// writeJSON writes v as one line of JSON in one write, so that a reader sees
// each line as soon as it exists.
func writeJSON(w io.Writer, v any) error {
	line, err := marshalLine(v)
	if err != nil {
		return err
	}
	_, err = w.Write(line)
	return err
}

// marshalLine is v in JSON with a newline, safe to print on a terminal.
func marshalLine(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return term.EscapeJSON(make([]byte, 0, b.Len()), b.Bytes()), nil
}
