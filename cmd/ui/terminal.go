package ui

import (
	"os"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// defaultWidth is used where a terminal does not tell its width.
const defaultWidth = 80

// IsTerminal reports whether f is a terminal.
func IsTerminal(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }

// Width is the number of columns of the terminal f, 80 when it does not say.
func Width(f *os.File) int {
	if f == nil {
		return defaultWidth
	}
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil || w <= 0 {
		return defaultWidth
	}
	return w
}

// Columns is the number of terminal columns that s takes. s must be safe.
func Columns(s string) int { return uniseg.StringWidth(s) }

// Clip shortens s to at most the given number of columns; what was cut is shown
// by three dots at the end. s must be safe.
func Clip(s string, columns int) string {
	if len(s) <= columns || Columns(s) <= columns {
		return s
	}
	if columns < 4 {
		return ""
	}
	width, end, state := 0, 0, -1
	for rest := s; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if width+w > columns-3 {
			break
		}
		width += w
		end += len(cluster)
	}
	return s[:end] + "..."
}
