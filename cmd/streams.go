package cmd

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
)

// streams is everything a command may touch of the process it runs in.
type streams struct {
	in  io.Reader
	out io.Writer // data, written through stdout
	err io.Writer // talk; written by console only

	// Whether each is a terminal. Asked lazily: each costs a system call.
	outTTY, errTTY func() bool
	outClosed      func() bool  // see nowhere
	closeOut       func() error // the last call to stdout: its first failure
	width          func() int   // columns of the terminal on stderr
	getenv         func(string) (string, bool)
	environ        func() []string
	now            func() time.Time

	console *ui.Console
	signals *manners
}

// systemStreams are those of the process.
func systemStreams() *streams {
	out := &stdout{w: os.Stdout}
	s := &streams{
		in:        os.Stdin,
		out:       out,
		err:       os.Stderr,
		outTTY:    sync.OnceValue(func() bool { return ui.IsTerminal(os.Stdout) }),
		errTTY:    sync.OnceValue(func() bool { return ui.IsTerminal(os.Stderr) }),
		outClosed: func() bool { return nowhere(os.Stdout) },
		closeOut:  out.Close,
		width:     func() int { return ui.Width(os.Stderr) },
		getenv:    os.LookupEnv,
		environ:   os.Environ,
		now:       time.Now,
		signals:   new(manners),
	}
	s.console = ui.NewConsole(s.err, s.now)
	return s
}

// screen is what the printers of progress draw on.
func (s *streams) screen() *ui.Screen {
	return &ui.Screen{Console: s.console, Width: s.width, Now: s.now, Redraws: func() bool {
		kind, _ := s.getenv("TERM")
		return s.errTTY() && kind != "dumb"
	}}
}

// loader reads sources as a command does: from standard input and the machine's
// network, with what is odd told on stderr.
func (s *streams) loader(only job.Family) *job.Loader {
	return &job.Loader{Stdin: s.in, Warn: s.console.Warn, Note: s.console.Note, Network: machine(), Agent: userAgent(), Only: only}
}

func systemArgs() []string { return os.Args[1:] }

// errStdoutGone says that nobody reads our output any more.
var errStdoutGone = record.WithCode(record.ExitPipe, errors.New("the reader of standard output has gone"))

// stdout is standard output. Its failures are told apart from those of sockets
// and files, which can be the same error numbers: a reader that went away is
// errStdoutGone, everything else has an exit code. The first failure is kept,
// since not every writer looks (the help is printed by cobra, which does not).
type stdout struct {
	w io.Writer

	mu  sync.Mutex
	err error // the first failure
}

func (o *stdout) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	return n, o.failed(err)
}

// Close closes it, which is when some file systems tell that they have lost what
// was written, and returns the first failure.
func (o *stdout) Close() error {
	if c, ok := o.w.(io.Closer); ok {
		o.failed(c.Close())
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// failed says what err means for the command.
func (o *stdout) failed(err error) error {
	switch {
	case err == nil:
		return nil
	case brokenPipe(err):
		err = errStdoutGone
	default:
		err = job.FileError("write", "to standard output", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	return err
}

// wantOut is asked before work whose only outcome goes to stdout (-o -).
func (s *streams) wantOut() error {
	if s.outClosed() {
		return record.Errorf(record.ExitFile, "standard output is closed, so nobody would get what -o - writes")
	}
	return nil
}

// path is a path for stdout: exact in a pipe, where a program reads it, and
// safe on a terminal.
func (s *streams) path(p string) string {
	p = record.Path(p)
	if s.outTTY() {
		return record.Safe(p)
	}
	return p
}

// writeJSON writes v as one line of JSON in one write, so that a reader sees
// each line as soon as it exists.
func writeJSON(w io.Writer, v any) error {
	line, err := record.Line(v)
	if err != nil {
		return err
	}
	_, err = w.Write(line)
	return err
}
