// Package cmd is gotor's command line.
package cmd

// Main runs the command line and returns the exit code of the process.
func Main() int { return 2 }
