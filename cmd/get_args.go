package cmd

import (
	"gotor/cmd/job"
	"gotor/cmd/record"
)

// This file puts the sources of get together.

// takeSources puts the arguments of get and the lines of --input-file together.
func (o *getOptions) takeSources(args []string, s *streams) error {
	o.sources = args
	if o.inputFile == "" {
		return nil
	}
	if o.stdins() > 1 {
		return errStdinTwice()
	}
	listed, err := job.ReadList(o.inputFile, s.in)
	if err != nil {
		return err
	}
	o.sources = append(o.sources[:len(args):len(args)], listed...)
	return nil
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
