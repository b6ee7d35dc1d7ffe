package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newManCmd is gotor man: pages made by cobra/doc from the same texts as the
// help, so that they cannot differ.
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
			b, err := manPage(page, s)
			if err == nil {
				_, err = s.out.Write(b)
			}
			return err
		},
	}
	c.Flags().StringVarP(&dir, "output", "o", "", "write the pages of all commands to `DIR`")
	return c
}

// manPage is the page of one command in roff. The text of c is changed while it
// works and put back.
func manPage(c *cobra.Command, s *streams) ([]byte, error) {
	c.InitDefaultHelpFlag()
	c.DisableAutoGenTag = true
	// The generator takes the description for Markdown, which ours is not: as a
	// code block it stays what it is.
	long := c.Long
	if long == "" {
		long = c.Short + "."
	}
	c.Long = "```\n" + long + "\n```"
	defer func() { c.Long = long }()
	title := strings.ToUpper(strings.ReplaceAll(c.CommandPath(), " ", "-"))
	date := manDate(s)
	var b bytes.Buffer
	err := doc.GenMan(c, &doc.GenManHeader{Title: title, Section: "1", Source: "gotor " + version, Manual: "gotor", Date: &date}, &b)
	return b.Bytes(), err
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
		return fileError("write", dir, err)
	}
	b, err := manPage(c, s)
	if err != nil {
		return err
	}
	name := filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1")
	if err := os.WriteFile(name, b, 0o666); err != nil {
		return fileError("write", name, err)
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
