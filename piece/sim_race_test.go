//go:build race

package piece

const simRace = true
