//go:build !unix

package torrent

// cpuSeconds is not known here: benchmarks report 0.
func cpuSeconds() float64 { return 0 }
