package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gotor/cmd/record"
)

// newHelpCmd is gotor help [COMMAND or topic]. cobra's own says that it does not
// know a topic and exits with 0.
func newHelpCmd() *cobra.Command {
	return &cobra.Command{
		Use:                   "help [COMMAND]",
		Short:                 "Help about a command or a topic",
		DisableFlagsInUseLine: true,
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, sub := range c.Root().Commands() {
				if len(args) == 0 && (sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand()) {
					names = append(names, sub.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			topic, err := findCommand(c.Root(), args)
			if err != nil {
				return err
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// findCommand is the command of that name, or the root for none.
func findCommand(root *cobra.Command, args []string) (*cobra.Command, error) {
	c, rest, err := root.Find(args)
	if err != nil || len(rest) > 0 {
		return nil, record.Usagef("no command or topic %q; see gotor help", strings.Join(args, " "))
	}
	return c, nil
}

// jsonTopic comes before the schema.
const jsonTopic = `gotor writes JSON for programs, one object per line, each line in one write. Every
object has "v", the version of the format: it changes when a key is removed or
changes its meaning; new keys may appear at any time. Numbers of bytes are
integers, times are seconds, rates are bytes per second.

--json makes a command print its data as JSON on stdout: get and resume print a
"result" per source, show, scrape, verify, version and config show one object.
With -o - the result goes to stderr. seed prints a "seeding" when others can
download, with the magnet link in it, and a "result" at its end. A "result" has
the exit code of its source and, as "reason", a word for it. ctl prints what the
daemon answered, a torrent or one object per line, and watch an "event" for each.

--progress json makes every line on stderr an event: "progress" once a second
for each download, "result" when one has ended, "note", "warning", "detail" and
"error" for what would be a line of text, "hook" for what --exec prints.

Names and messages from the network may hold anything; characters that a
terminal would act upon are written as \u escapes, so a line can be shown as it
is. Secrets in URLs (passkeys, passwords) are replaced by ***, except by show and
in magnet links, which are of no use without.

The JSON Schema of these objects:

`

// filesTopic is the syntax of file lists.
const filesTopic = `--files, --exclude and --first choose files of a torrent by a list, whose parts
are separated by commas. Each flag may be repeated. A part is one of

  3         the file with that index, as gotor show prints it
  2-5, 2-   the files from one index to another, or to the last
  *.iso     files whose name, or the name of a folder they are in, matches
  doc/*.md  files whose whole path, or that of a folder they are in, matches
  re:EXPR   files in whose path the regular expression EXPR (RE2) matches; it
            goes on to the end of the value, so commas belong to it

In patterns * is any text, ? any character and [a-z] one of a range, all within a
name; ** is any number of folders; a backslash takes the meaning of the next
character. Upper and lower case differ; re:(?i)EXPR ignores that. Indices begin
at 0 and count padding files, which cannot be selected themselves, nor can links.

--files selects, and --exclude takes away from that, or from all files; without
--files, the selection in a magnet link (so=) holds. --first does not select: of
what is downloaded, its files come before the others. Indices that the torrent
does not have, and parts of --files and --first that match nothing, are wrong
usage (exit code 2); a pattern of --exclude may match nothing.

Files that are not selected never appear: what pieces at the edges hold of them
is kept in a hidden file beside the download, and removed at the end.`

// environmentTopic names every variable that gotor reads or sets.
const environmentTopic = `Every flag can be set by an environment variable: GOTOR_ and the flag's name in
capitals with _ for -, such as GOTOR_MAX_DOWN=10M or GOTOR_NO_SYNC=true. A flag
on the command line wins. An empty variable counts as unset. A flag that may be
repeated takes one value per line. A value that cannot be read is wrong usage
(exit code 2), and the message names the variable. What neither the command line
nor a variable says, the file of settings may say: see gotor help config.

Others that gotor heeds:

  GOTOR_CONFIG                        the file of settings to read, or none
  GOTOR_TOKEN                         the token of a daemon (serve, ctl, get)
  XDG_RUNTIME_DIR                     where a daemon's socket is (--socket)
  HTTP_PROXY, HTTPS_PROXY, NO_PROXY   proxies for HTTP sources and trackers
  SSL_CERT_FILE, SSL_CERT_DIR         certificates to trust (Linux)
  TERM=dumb                           no bar on this terminal
  NO_COLOR                            nothing is coloured anyway
  SOURCE_DATE_EPOCH                   date of manual pages (gotor man)
  XDG_CONFIG_HOME, HOME               where the file of settings is
  XDG_STATE_HOME, HOME                where gotor keeps state that no folder of
                                      data should hold (--state-dir)
  XDG_CACHE_HOME, HOME                where known nodes of the DHT are kept

The command of --exec finds what was downloaded in

  GOTOR_HOOK_SOURCE      the SOURCE as it was given
  GOTOR_HOOK_NAME        name of the torrent
  GOTOR_HOOK_INFO_HASH   its info-hash in hexadecimal
  GOTOR_HOOK_PATH        final path of the file or folder, never an option: a
                         name like -n is ./-n; empty with -o -
  GOTOR_HOOK_SIZE        bytes of the selected files
  GOTOR_HOOK_FILES       how many files were selected
  GOTOR_HOOK_SECONDS     how long it took`

// helpTopics are the commands that only gotor help knows: cobra takes a command
// without Run for a topic.
func helpTopics() []*cobra.Command {
	var codes strings.Builder
	codes.WriteString("The exit code of gotor says how it ended:\n\n")
	for _, e := range record.Codes() {
		fmt.Fprintf(&codes, "  %3d  %s\n", e.Code, e.Text)
	}
	codes.WriteString(`
Several sources: 0 only if all succeeded, else the code of the first SOURCE, in
the order given, that failed. The end of seeding is 0, whether Ctrl-C or a limit
brought it. A second signal, or 3 seconds after the first, end gotor at once with
the signal's code.

While gotor stands still (stopped by SIGSTOP, frozen with its container), of its
time limits only --timeout and --seed-time go on: nobody is to blame for a byte
or a peer that did not come then.`)
	return []*cobra.Command{
		{Use: "environment", Short: "Variables that set flags, and those for --exec", Long: environmentTopic},
		{Use: "exit-codes", Short: "What each exit code means", Long: codes.String()},
		{Use: "files", Short: "How to choose files of a torrent", Long: filesTopic},
		{Use: "json", Short: "The format of --json and --progress json", Long: jsonTopic + record.Schema},
	}
}
