package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/job"
	"gotor/cmd/record"
)

const configLong = `Any flag can be set in a file, which is read by each command:

  # Lines like this one are comments.
  max-down = 10M
  no-dht = true

  [get]
  output = downloads/
  peer = 10.0.0.7:6881
  peer = 10.0.0.8:6881

FLAG = VALUE sets a flag; one that may be repeated may be set several times. What
comes after [COMMAND] is for that command alone and wins over what comes before
any [COMMAND], which is for all commands that have such a flag. A value is taken
as it is, or in quotes: "..." with backslash escapes, or '...' without. A path may
begin with ~/ for the home folder.

A flag on the command line wins over the environment (gotor help environment),
which wins over the file. What no command knows, or a value that cannot be read,
is wrong usage (exit code 2), and the message names file and line.

The file is gotor/config in $XDG_CONFIG_HOME, else in ~/.config, in
~/Library/Application Support on macOS, and in %AppData% on Windows. It need not
exist. GOTOR_CONFIG names another file, which has to; GOTOR_CONFIG=none reads
none.`

// newConfigCmd describes config, which only has commands below it.
func newConfigCmd(s *streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "config COMMAND",
		Short: "Tell which settings hold, and where they come from",
		Long:  configLong,
		// Whatever is behind config is looked at here: cobra's own words for an unknown
		// command would be of another tone, and exit with 1.
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return record.Usagef("unknown command %q; there is gotor config show and gotor config path", args[0])
			}
			return record.Usagef("no command given; there is gotor config show and gotor config path")
		},
	}
	c.AddCommand(newConfigShowCmd(s), newConfigPathCmd(s))
	return c
}

func newConfigShowCmd(s *streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show [flags] [COMMAND]",
		Short: "Print the settings of a command and where each comes from",
		Long: `Show prints the value of each flag of a COMMAND and where it comes from: its
default, an environment variable, or a line of the file of settings. Without
COMMAND, it prints what is not a default, of all commands. The values of
--header are not shown, nor are passwords in URLs.`,
		Example: examples("gotor config show get", "gotor config show --json | jq .settings[]"),
		Args:    cobra.ArbitraryArgs,
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if at := findSection(c.Root(), strings.Join(args, " ")); at != nil {
				for _, sub := range at.Commands() {
					if configurable(sub) && sub.IsAvailableCommand() {
						names = append(names, sub.Name())
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			r, err := findSettings(c.Root(), strings.Join(args, " "), s.getenv)
			switch {
			case err != nil:
				return err
			case asJSON:
				return writeJSON(s.out, &r.Config)
			case len(r.Settings) == 0: // stdout stays empty, as a program expects of a list
				s.console.Note("nothing is set; every flag has its default")
				return nil
			}
			_, err = s.out.Write(r.text())
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func newConfigPathCmd(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:   "path",
		Short: "Print which file of settings is read, if it exists",
		Args:  wantArgs(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			path, named := job.SettingsPath(runtime.GOOS, s.getenv)
			if path == "" {
				if named {
					s.console.Note("no file is read: GOTOR_CONFIG=none")
					return nil
				}
				return errors.New("no file is read: neither XDG_CONFIG_HOME nor a home folder is known")
			}
			_, err := fmt.Fprintln(s.out, s.path(path))
			return err
		},
	}
}

// settings are what config show tells.
type settings struct {
	record.Config

	wheres [][]string // by index of a setting: where each of its values from a file is from
}

// findSettings finds out the settings of one command, or of all commands what
// is not a default.
func findSettings(root *cobra.Command, name string, getenv func(string) (string, bool)) (*settings, error) {
	file, err := job.ReadSettings(job.SettingsPath(runtime.GOOS, getenv))
	if err == nil {
		err = checkSettings(file, root)
	}
	if err != nil {
		return nil, err
	}
	r := &settings{Config: record.Config{V: record.Version, Settings: []record.Setting{}}}
	if file != nil {
		r.File = &file.Path
	}
	at := findSection(root, name)
	if at == nil {
		return nil, record.Usagef("no command %q has settings; see gotor help", name)
	}
	var visit func(*cobra.Command) error
	visit = func(c *cobra.Command) error {
		if configurable(c) && c.Runnable() && !c.HasSubCommands() {
			// The flags are set as they would be for a run, so that what is shown is what
			// would hold; the tree of commands is used for nothing else afterwards.
			if err := apply(c, file, getenv); err != nil {
				return err
			}
			r.add(c, name != "")
		}
		for _, sub := range c.Commands() {
			if err := visit(sub); err != nil {
				return err
			}
		}
		return nil
	}
	return r, visit(at)
}

// add takes over the flags of a command.
func (r *settings) add(c *cobra.Command, defaults bool) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		s := record.Setting{Command: commandName(c), Flag: f.Name, Value: shownValue(f), Origin: "default"}
		var wheres []string
		if from := f.Annotations[originKey]; len(from) > 1 {
			s.Origin, s.Where, wheres = from[0], from[1], from[1:]
		}
		if !hardwired(f.Name) && (defaults || s.Origin != "default") {
			r.Settings, r.wheres = append(r.Settings, s), append(r.wheres, wheres)
		}
	})
}

// shownValue is the value of a flag without its secrets.
func shownValue(f *pflag.Flag) any {
	clean := func(v string) string {
		if secretFlag(f.Name) {
			return "***"
		}
		return record.Redact(v)
	}
	list, many := f.Value.(pflag.SliceValue)
	if !many {
		return clean(f.Value.String())
	}
	values := []string{}
	for _, v := range list.GetSlice() {
		values = append(values, clean(v))
	}
	return values
}

// text is the record for people: a column each for flag, value and origin, with
// a line for each value of a flag that has several.
func (r *settings) text() []byte {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	command := ""
	for at, s := range r.Settings {
		if s.Command != command {
			command = s.Command
			w.Flush()
			fmt.Fprintln(&b, "gotor "+command)
		}
		// A flag that may be repeated has a line for each value, with where it is from.
		values, many := s.Value.([]string)
		if !many {
			values = []string{s.Value.(string)}
		}
		if len(values) == 0 {
			values = []string{""}
		}
		from := s.Origin
		for i, v := range values {
			if i < len(r.wheres[at]) {
				from = record.Safe(r.wheres[at][i])
			}
			if v == "" {
				v = "-" // a column must not be empty, or awk takes the next one for it
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\n", s.Flag, v, from)
		}
	}
	w.Flush()
	return b.Bytes()
}
