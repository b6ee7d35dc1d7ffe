package cmd

import (
	"testing"

	"gotor/cmd/job"
)

// What a file of settings costs each command: it is read, and each flag in it
// looked for in all commands.
func BenchmarkConfig(b *testing.B) {
	const text = "quiet = true\n# one\nmax-down = 10M\n[get]\njobs = 3\noutput = x/\n[seed]\nmax-up = 1M\n"
	s := newFake("").streams
	for b.Loop() {
		b.StopTimer()
		root := newRootCmd(s)
		get, _, _ := root.Find([]string{"get"})
		b.StartTimer()
		c, err := job.ParseSettings("f", text)
		if err == nil {
			err = checkSettings(c, root)
		}
		if err == nil {
			err = apply(get, c, s.getenv)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
