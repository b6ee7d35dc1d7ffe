//go:build !race

package piece

// simRace says that the race detector is on; see sparingly.
const simRace = false
