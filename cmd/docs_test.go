package cmd

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"gotor/cmd/record"
)

// update rewrites what is generated in README.md.
var update = flag.Bool("update", false, "write the generated parts of README.md")

// The table of exit codes in README.md is made of the one that the help shows.
func TestReadmeExitCodes(t *testing.T) {
	const file, begin, end = "../README.md", "<!-- exit codes: ", "<!-- end -->"
	b, err := os.ReadFile(file)
	noErr(t, err)
	head, rest, ok := strings.Cut(string(b), begin)
	note, rest, ok2 := strings.Cut(rest, "\n")
	old, tail, ok3 := strings.Cut(rest, end)
	if !ok || !ok2 || !ok3 {
		t.Fatalf("%s has no place for the exit codes", file)
	}
	table := "\n| code | meaning |\n|---|---|\n"
	for _, e := range record.Codes() {
		table += fmt.Sprintf("| %d | %s |\n", e.Code, e.Text)
	}
	table += "\n"
	if old == table {
		return
	}
	if *update {
		noErr(t, os.WriteFile(file, []byte(head+begin+note+"\n"+table+end+tail), 0o666))
		return
	}
	t.Errorf("%s has another table; write it anew with go test ./cmd -run ReadmeExitCodes -update", file)
}

// A new user reads the README to its end.
func TestReadmeIsShort(t *testing.T) {
	b, err := os.ReadFile("../README.md")
	noErr(t, err)
	if n := strings.Count(string(b), "\n"); n >= 200 {
		t.Errorf("%d lines", n)
	}
}

func noErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
