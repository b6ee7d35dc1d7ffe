package cmd

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"

	"gotor/cmd/record"
	"gotor/cmd/ui"
)

// A list of sources may come from anywhere, also from a program that never
// ends: it and each of its lines are bounded. A link with many trackers has some
// kilobytes.
const (
	maxInput     = 16 << 20
	maxInputLine = 64 << 10
)

// takeSources puts the arguments of get and the lines of --input-file together.
func (o *getOptions) takeSources(args []string, s *streams) error {
	o.sources = args
	if o.inputFile == "" {
		return nil
	}
	if o.stdins() > 1 {
		return errStdinTwice()
	}
	listed, err := readInput(o.inputFile, s.in)
	if err != nil {
		return err
	}
	o.sources = append(o.sources[:len(args):len(args)], listed...)
	return nil
}

// readInput reads the sources in a file, or in stdin for -. An empty list is an
// error: who asked for it expects it to hold something.
func readInput(name string, stdin io.Reader) ([]string, error) {
	shown := name
	if name == "-" {
		shown = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, readError(name, err)
		}
		defer f.Close()
		stdin = f
	}
	list, err := parseInput(stdin, shown)
	if err == nil && len(list) == 0 {
		return nil, record.Usagef("--input-file: %s names no SOURCE", shown)
	}
	return list, err
}

// parseInput takes a source from each line. Blank lines and those that begin
// with # are passed over, and blanks around a source.
func parseInput(r io.Reader, name string) ([]string, error) {
	limited := &io.LimitedReader{R: r, N: maxInput + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, maxInputLine)
	var list []string
	n := 0
	for lines.Scan() {
		line := lines.Bytes()
		if n++; n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			list = append(list, string(line))
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, record.Usagef("--input-file: %s:%d: a line longer than %s, which no SOURCE is", name, n+1, ui.Bytes(maxInputLine))
	case err != nil:
		return nil, readError(name, err)
	case limited.N <= 0:
		return nil, record.Usagef("--input-file: %s is larger than %s; give it in parts", name, ui.Bytes(maxInput))
	}
	return list, nil
}

// many reports whether -o names a folder in any case. A list is one of many also
// when it happens to have one line, so that a program knows where its files go.
func (o *getOptions) many() bool { return len(o.sources) > 1 || o.inputFile != "" }

// needSource is the error of get without any.
func (o *getOptions) needSource() error {
	if len(o.sources) > 0 {
		return nil
	}
	return record.Usagef("gotor get needs at least one SOURCE; see gotor get --help")
}

func errStdinTwice() error { return record.Usagef("standard input (-) can be given only once") }

// stdins counts how often the sources want standard input.
func (o *getOptions) stdins() (n int) {
	if o.inputFile == "-" {
		n++
	}
	for _, s := range o.sources {
		if s == "-" {
			n++
		}
	}
	return n
}
