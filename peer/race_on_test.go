//go:build race

package peer

// raceDetector: it makes sync.Pool forget and costs allocations of its own.
const raceDetector = true
