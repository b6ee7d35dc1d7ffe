//go:build !race

package torrent

// simRace says that the race detector makes everything ten times as slow: then
// only some cases run.
const simRace = false
