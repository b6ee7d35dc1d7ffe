package ui

import "errors"

// Mode chooses a printer. It is the value of a flag.
type Mode string

// The ways to show progress.
const (
	ModeAuto  Mode = "auto" // bar on a terminal, else plain
	ModeBar   Mode = "bar"
	ModePlain Mode = "plain" // a line now and then, for logs
	ModeJSON  Mode = "json"  // events, see record.Progress
	ModeNone  Mode = "none"
)

var errMode = errors.New("not a way to show progress; write auto, bar, plain, json or none")

// Set takes one of the ways by its name.
func (v *Mode) Set(s string) error {
	switch m := Mode(s); m {
	case ModeAuto, ModeBar, ModePlain, ModeJSON, ModeNone:
		*v = m
		return nil
	}
	return errMode
}

// String is the name.
func (v *Mode) String() string { return string(*v) }

// Type is what a help calls the value.
func (*Mode) Type() string { return "MODE" }
