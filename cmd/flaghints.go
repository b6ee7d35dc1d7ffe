package cmd

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/job"
	"gotor/cmd/record"
)

// flagError makes an error of pflag into one line that helps: it names our flag for
// one of another program, or one that is spelt nearly so.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return record.Usagef("%v; see %s --help", plainFlagError(err), c.CommandPath())
	}
	name := unknown.GetSpecifiedName()
	shown := "--" + name // as it was written, or nobody finds it in a long line
	if group := unknown.GetSpecifiedShortnames(); group != "" {
		shown = "-" + name
	}
	if ours, ok := flagOfOthers(c, name); ok {
		return record.Usagef("unknown flag %s; %s", job.Clip(shown), ours)
	}
	if near := nearestFlag(c, name); near != "" {
		return record.Usagef("unknown flag %s; did you mean --%s?", job.Clip(shown), near)
	}
	if other := commandWith(c.Root(), name); other != "" && len(name) > 1 {
		return record.Usagef("%s has no flag %s; %s has", c.CommandPath(), job.Clip(shown), other)
	}
	return record.Usagef("unknown flag %s; see %s --help", job.Clip(shown), c.CommandPath())
}

// commandWith is the first command below root that has a flag; "": none.
func commandWith(root *cobra.Command, flag string) string {
	for _, c := range root.Commands() {
		if c.Flags().Lookup(flag) != nil {
			return c.CommandPath()
		}
	}
	return ""
}

// plainFlagError says what is wrong with the value of a flag as it is said of one
// in the environment or the file of settings.
func plainFlagError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	return errors.New(badValue("--"+invalid.GetFlag().Name, job.Clip(invalid.GetValue()), err))
}

// flagOfOthers says what gotor has for a flag that people know from curl, wget,
// aria2 or transmission. What the command does not have is no hint for it.
func flagOfOthers(c *cobra.Command, name string) (string, bool) {
	hint := foreignFlag(name)
	if hint == "" || hint == "use "+c.CommandPath() {
		return "", false
	}
	ours, ok := strings.CutPrefix(hint, "--")
	if !ok {
		return hint, true
	}
	f := c.Flags().Lookup(ours)
	if f == nil {
		return "", false
	}
	if f.Shorthand != "" {
		return "gotor calls it -" + f.Shorthand + ", --" + ours, true
	}
	return "gotor calls it --" + ours, true
}

// foreignFlag is our name for a flag of another program, with --, or a sentence
// where there is no such flag; "": unknown.
func foreignFlag(name string) string {
	switch name {
	case "O", "out", "output-document", "P", "directory-prefix", "d", "dir", "directory", "download-dir", "w", "save-path", "output-dir", "remote-name":
		return "--output"
	case "limit-rate", "max-download-limit", "max-overall-download-limit", "download-limit", "downlimit", "max-download-rate", "rate-limit":
		return "--max-down"
	case "max-upload-limit", "max-overall-upload-limit", "upload-limit", "uplimit", "max-upload-rate":
		return "--max-up"
	case "H":
		return "--header"
	case "k", "no-check-certificate", "check-certificate":
		return "--insecure"
	case "s", "silent", "no-verbose":
		return "--quiet"
	case "m", "max-time", "T":
		return "--timeout"
	case "bt-stop-timeout", "lowest-speed-limit", "speed-time":
		return "--stall-timeout"
	case "connect-timeout", "bt-tracker-timeout":
		return "--peer-timeout"
	case "select-file", "include", "index":
		return "--files"
	case "bt-tracker", "announce", "trackers":
		return "--tracker"
	case "listen-port", "p":
		return "--port"
	case "on-download-complete", "on-bt-download-complete", "finish", "on-done":
		return "--exec"
	case "max-concurrent-downloads", "parallel", "Z":
		return "--jobs"
	case "file-allocation", "preallocate":
		return "--prealloc"
	case "checksum":
		return "--sha256"
	case "dht-entry-point":
		return "--dht-bootstrap"
	case "enable-dht", "disable-dht", "nodht":
		return "--no-dht"
	case "enable-peer-exchange", "disable-pex":
		return "--no-pex"
	case "bt-enable-lpd", "disable-lpd":
		return "--no-lsd"
	case "4", "ipv4", "inet4-only":
		return "--ipv4-only"
	case "6", "ipv6", "inet6-only":
		return "--ipv6-only"
	case "allow-overwrite", "clobber":
		return "--overwrite"
	case "bt-max-peers", "peer-limit":
		return "--max-peers"
	}
	return foreignHabit(name)
}

// foreignHabit is what to do instead of giving a flag that gotor has nothing for.
func foreignHabit(name string) string {
	switch name {
	case "c", "C", "continue", "continue-at":
		return "gotor always goes on where it stopped: leave it out, or use gotor resume"
	case "L", "location", "f", "fail":
		return "gotor always does that: leave it out"
	case "x", "proxy", "all-proxy", "http-proxy", "https-proxy", "socks5", "socks5-hostname":
		return "for trackers and web servers set HTTP_PROXY and HTTPS_PROXY; see gotor help environment"
	case "t", "tries", "retry", "retry-wait", "max-tries":
		return "gotor tries again until --timeout, --peer-timeout or --stall-timeout is over: leave it out"
	case "S", "show-files", "list":
		return "use gotor show"
	case "V", "check-integrity", "verify":
		return "use gotor verify"
	case "conf-path", "config", "no-conf":
		return "GOTOR_CONFIG names the file of settings; see gotor help config"
	}
	return ""
}

// nearestFlag is the flag of a command whose name differs the least from name, if
// few enough letters do; "": none.
func nearestFlag(c *cobra.Command, name string) (near string) {
	best := 1 + min(2, len(name)/3) // a letter in three may be wrong, or every flag is near
	if len(name) > maxFlagName {
		return ""
	}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		d := editDistance(strings.ToLower(strings.ReplaceAll(name, "_", "-")), f.Name)
		if d < best && !f.Hidden {
			best, near = d, f.Name
		}
	})
	return near
}

// maxFlagName bounds what nearestFlag compares: no flag is nearly so long.
const maxFlagName = 64

// editDistance is the number of bytes to insert, delete, replace or swap with the
// next one that makes a into b.
func editDistance(a, b string) int {
	before, last, row := []int(nil), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, make([]int, len(b)+1)
	}
	return last[len(b)]
}
