//go:build race

package torrent

const simRace = true
