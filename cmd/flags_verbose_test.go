package cmd

import (
	"strings"
	"testing"
)

func TestVerbosity(t *testing.T) {
	for args, want := range map[string]verbosity{"": 0, "-v": 1, "-vv": 2, "-v -v": 2, "--verbose": 1, "--verbose=2": 2} {
		o, err := captureGet(t, nil, append(strings.Fields(args), "x")...)
		if err != nil || o.verbose != want {
			t.Errorf("%q: %d, %v", args, o.verbose, err)
		}
	}
}

func TestNobodyWantsToKnow(t *testing.T) {
	if verbosity(0).tracer(newFake("").console) != nil {
		t.Error("events are told although nobody wants to know")
	}
}
