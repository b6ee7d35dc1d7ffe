package job

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"

	"gotor/cmd/record"
)

// A list of sources may come from anywhere, also from a program that never
// ends: it and each of its lines are bounded. A link with many trackers has some
// kilobytes.
const (
	maxInput     = 16 << 20
	maxInputLine = 64 << 10
)

// ReadList reads the sources in a file, or in stdin for -. An empty list is an
// error: who asked for it expects it to hold something.
func ReadList(name string, stdin io.Reader) ([]string, error) {
	shown := name
	if name == "-" {
		shown = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, ReadError(name, err)
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
		return nil, record.Usagef("--input-file: %s:%d: a line longer than %.1f KiB, which no SOURCE is", name, n+1, float64(maxInputLine)/(1<<10))
	case err != nil:
		return nil, ReadError(name, err)
	case limited.N <= 0:
		return nil, record.Usagef("--input-file: %s is larger than %.1f MiB; give it in parts", name, mebibytes(maxInput))
	}
	return list, nil
}
