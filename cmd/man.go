package cmd

import (
	"cmp"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
)

// newManCmd is gotor man: pages made of the same texts as the help, so that they
// cannot differ.
func newManCmd(s *streams) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "man [flags] [COMMAND]",
		Short: "Print a manual page, or write all of them to a folder",
		Long: `Man prints the manual page of gotor, or of one of its commands, for man(1). With
-o DIR it writes the pages of all commands into that folder.`,
		Example: examples("gotor man get | man -l -", "gotor man -o /usr/local/share/man/man1"),
		Args:    wantArgs(0, 1, "at most one COMMAND"),
		RunE: func(c *cobra.Command, args []string) error {
			if dir != "" {
				return writePages(c.Root(), dir, s)
			}
			page, err := findCommand(c.Root(), args)
			if err != nil {
				return err
			}
			_, err = s.out.Write(manPage(page, s))
			return err
		},
	}
	c.Flags().StringVarP(&dir, "output", "o", "", "write the pages of all commands to `DIR`")
	return c
}

// manPage is the page of one command in roff.
func manPage(c *cobra.Command, s *streams) []byte {
	c.InitDefaultHelpFlag()
	var p roffPage
	p.title(strings.ReplaceAll(c.CommandPath(), " ", "-"), manDate(s))
	p.section("NAME")
	p.text(strings.ReplaceAll(c.CommandPath(), " ", "-") + " - " + c.Short)
	if c.Runnable() || c.HasAvailableSubCommands() {
		p.section("SYNOPSIS")
		p.synopsis(usageLine(c))
	}
	p.section("DESCRIPTION")
	p.prose(cmp.Or(c.Long, c.Short+"."))
	if c.HasAvailableSubCommands() {
		p.section("COMMANDS")
		p.commands(c)
	}
	sets := groupedFlags(c)
	p.section("OPTIONS")
	for _, g := range flagGroups() {
		if sets[g] != nil {
			p.subsection(string(g))
			sets[g].VisitAll(p.option)
		}
	}
	if c.HasExample() {
		p.section("EXAMPLES")
		p.verbatim(c.Example)
	}
	p.seeAlso(c)
	return p.b.Bytes()
}

// manDate is SOURCE_DATE_EPOCH, so that a package builds the same twice, or
// today.
func manDate(s *streams) time.Time {
	text, _ := s.getenv("SOURCE_DATE_EPOCH")
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(n, 0).UTC()
	}
	return s.now()
}

// writePages writes the pages of c and of what is below it, one file each, named
// as man(1) looks them up: gotor.1, gotor-get.1.
func writePages(c *cobra.Command, dir string, s *streams) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return job.FileError("write", dir, err)
	}
	name := filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1")
	if err := os.WriteFile(name, manPage(c, s), 0o666); err != nil {
		return job.FileError("write", name, err)
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			if err := writePages(sub, dir, s); err != nil {
				return err
			}
		}
	}
	return nil
}
