// Package ui is what people read of gotor: messages, progress as a bar or as lines
// (and as events, for the program that stands in for a person), and the texts that
// say why a download waits, what a torrent holds or what is wrong with data.
//
// A command makes a [Console] on standard error and describes in a [Screen] what is
// behind it: how wide, whether a line can be drawn anew, which clock. [NewPrinter]
// chooses how to show progress there, and a [Display] keeps rows on it: the command
// adds one for each download, says how it ended, and stops the display. What a row
// shows comes from a torrent.Snapshot and from nowhere else; every text about one is
// made in text.go, why.go and hidden.go, so that a bar and a log say the same.
//
// Texts from outside are printed through record.Safe or record.Redact only. A line
// for a terminal is cut to its width by [Clip], after that.
//
// # Goroutines
//
//   - display: one per [Display]; owns the only ticker; started by StartDisplay unless
//     its printer shows nothing, ended and waited for by Stop.
//   - tracer: one per [Tracer]; started by Start, ended and waited for by Stop.
//
// # Limits
//
// A bar is drawn ten times a second, an event written once a second and row, a plain
// line every ten seconds and row, or for all rows when they are more than four; of
// seeds less. At most 4096 traced events, and 1024 lines of a log, wait to be
// printed.
package ui
