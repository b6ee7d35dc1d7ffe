// Package term prepares text for people: it writes and reads sizes and durations,
// cuts lines to a width, and asks what kind of terminal there is.
//
// The package holds no state and starts no goroutines. Its functions take time
// and space linear in their input; they do not bound it.
package term
