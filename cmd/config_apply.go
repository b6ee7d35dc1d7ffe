package cmd

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/job"
)

// This file puts the values of flags together: the command line wins over the
// environment, which wins over the file of settings.

// originKey is the annotation of a flag that says where its value is from; one
// without it has its default, or was given on the command line.
const originKey = "gotor_origin"

// settle sets the flags of the command that is about to run which the command
// line has not set.
func settle(c *cobra.Command, s *streams) error {
	if !configurable(c) {
		return applyEnv(c.Flags(), s.getenv)
	}
	file, err := job.ReadSettings(job.SettingsPath(runtime.GOOS, s.getenv))
	if err != nil {
		return err
	}
	if err := checkSettings(file, c.Root()); err != nil {
		return err
	}
	return apply(c, file, s.getenv)
}

// apply sets the flags of c from the environment and a file that was checked.
func apply(c *cobra.Command, file *job.Settings, getenv func(string) (string, bool)) error {
	// First who wins: what is set is not set again.
	if err := applyEnv(c.Flags(), getenv); err != nil {
		return err
	}
	if file == nil {
		return nil
	}
	// From [dht put] over [dht] to the general part, for the same reason.
	for name := commandName(c); ; name = parentName(name) {
		if i := file.Section(name); i >= 0 {
			if err := applySection(file, &file.Sections[i], c.Flags(), getenv); err != nil {
				return err
			}
		}
		if name == "" {
			return nil
		}
	}
}

// configurable reports whether a command heeds the file of settings. Those that
// explain gotor must work when the file is wrong, as must shells' completion.
func configurable(c *cobra.Command) bool {
	switch name := commandName(c); name {
	case "", "help", "completion", "man", "config path":
		return false
	default:
		return !strings.HasPrefix(name, "__")
	}
}

// commandName is how a command is called after gotor: "get", "dht put".
func commandName(c *cobra.Command) string {
	_, name, _ := strings.Cut(c.CommandPath(), " ")
	return name
}

// parentName is the command that another one is below; "" for one of gotor's.
func parentName(name string) string {
	return name[:max(strings.LastIndexByte(name, ' '), 0)]
}

// checkSettings refuses what no command understands, so that a typing mistake is not
// taken for a setting. The values are for those who use them.
func checkSettings(c *job.Settings, root *cobra.Command) error {
	if c == nil {
		return nil
	}
	for i := range c.Sections {
		s := &c.Sections[i]
		cmd := findSection(root, s.Name)
		if cmd == nil {
			return c.Errorf(s.Line, "[%s] is no command; see gotor help", s.Name)
		}
		known := flagsBelow(cmd)
		seen := map[string]int{} // flags: their lines
		for _, e := range s.Entries {
			many, ok := known[e.Flag]
			if !ok {
				return c.Errorf(e.Line, "%s", unknownFlag(e.Flag, s.Name, known, flagsBelow(root)))
			}
			// The last one could win, as elsewhere; but whoever has two has forgotten one.
			if before := seen[e.Flag]; before > 0 && !many {
				return c.Errorf(e.Line, "%s is set in line %d already", e.Flag, before)
			}
			seen[e.Flag] = e.Line
		}
	}
	return nil
}

// findSection is the command that a section is for; nil: none.
func findSection(root *cobra.Command, name string) *cobra.Command {
	c := root
	for part := range strings.FieldsSeq(name) {
		i := slices.IndexFunc(c.Commands(), func(sub *cobra.Command) bool { return sub.Name() == part })
		if i < 0 {
			return nil
		}
		c = c.Commands()[i]
	}
	if c != root && !configurable(c) {
		return nil
	}
	return c
}

// flagsBelow are the flags of a command and of those below it; true: it may be
// given several times.
func flagsBelow(c *cobra.Command) map[string]bool {
	known := map[string]bool{}
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if configurable(c) {
			c.Flags().VisitAll(func(f *pflag.Flag) {
				if _, many := f.Value.(pflag.SliceValue); !hardwired(f.Name) {
					known[f.Name] = known[f.Name] || many
				}
			})
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(c)
	return known
}

// hardwired reports whether a flag is for the command line only.
func hardwired(flag string) bool { return flag == "help" || flag == "version" }

// unknownFlag says what is wrong with the name of a flag.
func unknownFlag(flag, section string, known, all map[string]bool) string {
	plain := strings.TrimLeft(strings.ReplaceAll(strings.ToLower(flag), "_", "-"), "-")
	// --max-down and MAX_DOWN are how the other two ways are written.
	if _, ok := known[plain]; ok {
		return "no flag is called " + flag + "; did you mean " + plain + "?"
	}
	if _, ok := all[flag]; ok {
		return "gotor " + section + " has no flag " + flag
	}
	return "no flag is called " + flag
}

// applySection sets the flags that a section speaks of, if the command has them and
// they are not set yet. One that may be repeated gets all its values.
func applySection(c *job.Settings, s *job.Section, flags *pflag.FlagSet, getenv func(string) (string, bool)) error {
	begun := map[string]bool{} // flags of this section
	for _, e := range s.Entries {
		f := flags.Lookup(e.Flag)
		// What another section, the environment or the command line has set is left alone
		// as a whole: lists are not mixed from two places.
		if f == nil || f.Changed && !begun[e.Flag] {
			continue
		}
		value := e.Value
		if pathFlag(e.Flag) {
			value = expandHome(value, getenv)
		}
		if err := flags.Set(e.Flag, value); err != nil {
			return c.Errorf(e.Line, "%s", badValue(e.Flag, e.Value, err))
		}
		begun[e.Flag] = true
		mark(f, "file", c.Path+":"+strconv.Itoa(e.Line))
	}
	return nil
}

// pathFlag reports whether the value of a flag is a path.
func pathFlag(name string) bool {
	switch name {
	case "output", "state-dir", "input-file", "sha256sums", "torrent", "save-torrent", "allow", "key", "new-key",
		"dir", "socket", "token-file", "tls-cert", "tls-key":
		return true
	}
	return false
}

// expandHome puts the user's home folder in the place of a ~ that stands alone or
// before a slash. On the command line and in the environment the shell does that;
// nobody does it for a file.
func expandHome(path string, getenv func(string) (string, bool)) string {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok || rest != "" && !os.IsPathSeparator(rest[0]) {
		return path
	}
	home, _ := getenv("HOME")
	if home == "" {
		home, _ = getenv("USERPROFILE") // Windows
	}
	if home == "" {
		return path
	}
	return home + rest
}

// mark remembers where a value of a flag is from: "file" or "environment", and
// where exactly. It is called for each value from a file.
func mark(f *pflag.Flag, origin, where string) {
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	if f.Annotations[originKey] == nil {
		f.Annotations[originKey] = []string{origin}
	}
	f.Annotations[originKey] = append(f.Annotations[originKey], where)
}

// secretFlag reports whether the values of a flag are never shown.
func secretFlag(name string) bool { return strings.TrimLeft(name, "-") == "header" }

// badValue says what is wrong with a value, without it if it is a secret.
func badValue(flag, value string, err error) string {
	if secretFlag(flag) {
		return "the value of " + flag + " cannot be used"
	}
	return flag + ": " + strconv.Quote(value) + " is " + valueError(err).Error()
}
