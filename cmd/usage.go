package cmd

import (
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is the most columns that a line of help takes: a terminal has 80, and
// some break a line that fills the last one.
const helpWidth = 79

// flagGroup is a heading under which help and manual pages list flags, so that
// fifty of them can be found by what they are about.
type flagGroup string

const (
	groupWhat    flagGroup = "What"
	groupWhere   flagGroup = "Where"
	groupLimits  flagGroup = "Limits"
	groupSources flagGroup = "Sources"
	groupNetwork flagGroup = "Network"
	groupOutput  flagGroup = "Output"
)

// flagGroups are all groups, in the order in which they are shown.
func flagGroups() []flagGroup {
	return []flagGroup{groupWhat, groupWhere, groupLimits, groupSources, groupNetwork, groupOutput}
}

// groupOf is the group of a flag of a command; "" is none, which a test refuses.
// A name means the same in every command, but for --torrent: seed writes one, the
// DHT is given one.
func groupOf(command, flag string) flagGroup {
	if flag == "torrent" && command != "seed" {
		return groupWhat
	}
	switch flag {
	case "files", "exclude", "first", "input-file", "sha256", "sha256sums", "super", "seed", "jobs",
		"comment", "name", "no-date", "piece-length", "private", "source", "allow", "dry-run",
		"key", "new-key", "salt", "seq", "bencoded", "interval",
		"paused", "now", "label", "sequential", "check", "sort", "data", "partial", "topics", "read", "no-wait", "secrets", "player", "rebuild", "daemon":
		return groupWhat
	case "output", "flat", "tar", "overwrite", "no-sync", "prealloc", "portable-names", "state-dir", "torrent",
		"save-torrent", "force", "dir", "watch":
		return groupWhere
	case "timeout", "stall-timeout", "peer-timeout", "metadata-timeout", "max-down", "max-up", "max-memory",
		"max-peers", "max-peers-per-torrent", "upload-slots", "seed-ratio", "seed-time", "seed-idle",
		"max-torrents", "max-tracked", "ttl", "max-downloads", "max-seeds", "max-checks":
		return groupLimits
	case "peer", "tracker", "mirror", "web-seed", "header", "no-web-seeds", "no-dht", "no-pex", "no-lsd", "dht-bootstrap", "offline":
		return groupSources
	case "port", "listen", "ipv4-only", "ipv6-only", "insecure", "socket", "url", "token-file", "transmission-rpc", "metrics-torrents",
		"host", "allow-origin", "tls-cert", "tls-key", "private-urls":
		return groupNetwork
	case "progress", "quiet", "json", "exec", "help", "verbose", "version":
		return groupOutput
	}
	return ""
}

// groupedFlags are the flags of a command by group; a group without one is nil.
func groupedFlags(c *cobra.Command) map[flagGroup]*pflag.FlagSet {
	c.InitDefaultHelpFlag() // cobra adds it only when a command runs
	sets := map[flagGroup]*pflag.FlagSet{}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		g := groupOf(commandName(c), f.Name)
		if sets[g] == nil {
			sets[g] = pflag.NewFlagSet(string(g), pflag.ContinueOnError)
		}
		sets[g].AddFlag(f)
	})
	return sets
}

// usage is what follows the text of a command in its help, and in the complaint
// about a wrong one.
func usage(c *cobra.Command) error {
	var b strings.Builder
	if c.HasParent() {
		commandUsage(&b, c)
	} else {
		rootUsage(&b, c)
	}
	_, err := c.OutOrStderr().Write([]byte(b.String()))
	return err
}

// commandUsage is that of a command: how to call it, examples, what is below it,
// and its flags in groups.
func commandUsage(b *strings.Builder, c *cobra.Command) {
	b.WriteString("Usage:\n  " + usageLine(c) + "\n")
	if c.HasExample() {
		b.WriteString("\nExamples:\n" + c.Example + "\n")
	}
	if c.HasAvailableSubCommands() {
		listCommands(b, "Commands:", c, (*cobra.Command).IsAvailableCommand)
	}
	sets := groupedFlags(c)
	for _, g := range flagGroups() {
		if sets[g] != nil {
			b.WriteString("\n" + string(g) + ":\n" + sets[g].FlagUsagesWrapped(helpWidth))
		}
	}
}

// usageLine is how a command is called.
func usageLine(c *cobra.Command) string {
	if !c.Runnable() && c.HasAvailableSubCommands() {
		return c.CommandPath() + " COMMAND [flags] [arguments]"
	}
	return c.UseLine()
}

// rootUsage is that of the program itself: its commands by group, and its topics
// as they are asked for.
func rootUsage(b *strings.Builder, c *cobra.Command) {
	b.WriteString("Usage:\n  gotor COMMAND [flags] [arguments]\n")
	for _, g := range c.Groups() {
		listCommands(b, g.Title, c, func(sub *cobra.Command) bool { return sub.GroupID == g.ID && sub.IsAvailableCommand() })
	}
	listCommands(b, "Topics, for gotor help TOPIC:", c, (*cobra.Command).IsAdditionalHelpTopicCommand)
	b.WriteString("\ngotor COMMAND --help tells more about a command.\n")
}

// listCommands lists those of c's commands that are in.
func listCommands(b *strings.Builder, title string, c *cobra.Command, in func(*cobra.Command) bool) {
	b.WriteString("\n" + title + "\n")
	for _, sub := range c.Commands() {
		if in(sub) {
			b.WriteString("  " + sub.Name() + strings.Repeat(" ", max(1, 13-len(sub.Name()))) + sub.Short + "\n")
		}
	}
}

// showHelp prints the text of a command, or of a topic, and its usage.
func showHelp(c *cobra.Command, _ []string) {
	var b strings.Builder
	long := c.Long
	if long == "" {
		long = c.Short
	}
	b.WriteString(fillProse(long, helpWidth) + "\n")
	if c.Runnable() || c.HasSubCommands() {
		b.WriteString("\n")
		if c.HasParent() {
			commandUsage(&b, c)
		} else {
			rootUsage(&b, c)
		}
	}
	_, _ = c.OutOrStdout().Write([]byte(b.String()))
}

// fillProse breaks the paragraphs of a text anew, so that no line is longer than
// width; what is indented in it, such as a table, stays as it is.
func fillProse(text string, width int) string {
	pars := strings.Split(text, "\n\n")
	for i, par := range pars {
		if !tabular(par) {
			pars[i] = fillLine(par, width)
		}
	}
	return strings.Join(pars, "\n\n")
}

// fillLine breaks one paragraph.
func fillLine(par string, width int) string {
	var b strings.Builder
	used := 0
	for word := range strings.FieldsSeq(par) {
		n := utf8.RuneCountInString(word)
		switch {
		case used == 0:
		case used+1+n > width:
			b.WriteByte('\n')
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String()
}
