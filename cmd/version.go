package cmd

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"gotor/cmd/record"
)

// version is the release. A build may set another one:
//
//	go build -ldflags "-X gotor/cmd.version=1.2.3"
var version = "0.1.0-dev"

// userAgent is how gotor calls itself to trackers, web servers and peers.
func userAgent() string { return "gotor/" + version }

// newVersionCmd is gotor version: for bug reports, and as JSON for scripts.
func newVersionCmd(s *streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version [flags]",
		Short: "Print the version",
		Args:  wantArgs(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			r := newVersionRecord()
			if asJSON {
				return writeJSON(s.out, r)
			}
			commit := ""
			if r.Commit != "" {
				commit = " " + r.Commit[:min(12, len(r.Commit))]
			}
			_, err := fmt.Fprintf(s.out, "gotor %s%s (%s %s/%s)\n", r.Version, commit, r.Go, r.OS, r.Arch)
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// newVersionRecord reads what the Go linker has put into the binary: the commit
// is known when it was built inside a checkout.
func newVersionRecord() record.Build {
	r := record.Build{V: record.Version, Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, kv := range info.Settings {
			switch kv.Key {
			case "vcs.revision":
				r.Commit = kv.Value
			case "vcs.modified":
				r.Modified = kv.Value == "true"
			}
		}
	}
	return r
}
