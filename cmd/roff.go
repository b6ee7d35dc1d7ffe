package cmd

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// roffPage writes a manual page in the man(7) macros. cobra's generator does not
// show what a flag takes (--output PATH), nor groups of flags.
type roffPage struct{ b bytes.Buffer }

// roffEscaper makes text that roff takes for nothing but text.
var roffEscaper = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)

// line writes one line of text. One that begins with a dot would be a request.
func (p *roffPage) line(s string) {
	s = roffEscaper.Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	p.b.WriteString(s + "\n")
}

// title begins the page; name is that of the file, without the section.
func (p *roffPage) title(name string, date time.Time) {
	fmt.Fprintf(&p.b, ".TH %q \"1\" %q %q \"gotor\"\n", strings.ToUpper(name), date.Format("Jan 2006"), "gotor "+version)
}

func (p *roffPage) section(name string)    { p.b.WriteString(".SH " + name + "\n") }
func (p *roffPage) subsection(name string) { p.b.WriteString(".SS " + name + "\n") }

// text writes a paragraph that man fills to the width of the terminal.
func (p *roffPage) text(s string) {
	for l := range strings.Lines(s) {
		p.line(strings.TrimSuffix(l, "\n"))
	}
}

// verbatim writes lines that stay as they are.
func (p *roffPage) verbatim(s string) {
	p.b.WriteString(".nf\n")
	p.text(s)
	p.b.WriteString(".fi\n")
}

// synopsis shows how a command is called, its name in bold.
func (p *roffPage) synopsis(usage string) {
	// The name is what comes before the first [flags] or [arguments].
	name, rest, _ := strings.Cut(usage, " [")
	if rest != "" {
		rest = " [" + rest
	}
	p.b.WriteString(`\fB` + roffEscaper.Replace(name) + `\fP` + roffEscaper.Replace(rest) + "\n")
}

// prose writes a text of the help: its paragraphs are filled, and what is
// indented in it, such as a table, stays as it is.
func (p *roffPage) prose(s string) {
	for i, par := range strings.Split(s, "\n\n") {
		if i > 0 {
			p.b.WriteString(".PP\n")
		}
		if tabular(par) {
			p.verbatim(par)
		} else {
			p.text(par)
		}
	}
}

// tabular reports whether a paragraph has lines that must not be filled: indented
// ones, or those of JSON.
func tabular(par string) bool {
	for l := range strings.Lines(par) {
		if strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t") || strings.HasPrefix(l, "{") {
			return true
		}
	}
	return false
}

// option writes one flag as the help does: its short name, what it takes, what it
// means, and its default.
func (p *roffPage) option(f *pflag.Flag) {
	takes, text := pflag.UnquoteUsage(f)
	p.b.WriteString(".TP\n")
	if f.Shorthand != "" {
		p.b.WriteString(`\fB\-` + f.Shorthand + `\fP, `)
	}
	p.b.WriteString(`\fB\-\-` + roffEscaper.Replace(f.Name) + `\fP`)
	if takes != "" {
		p.b.WriteString(` \fI` + roffEscaper.Replace(takes) + `\fP`)
	}
	p.b.WriteString("\n")
	if shown := shownDefault(f); shown != "" {
		text += " (default " + shown + ")"
	}
	p.line(text)
}

// shownDefault is the default of a flag as pflag shows it in a usage: not when it
// is the zero value.
func shownDefault(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "0", "false", "[]", "0s":
		return ""
	}
	if f.Value.Type() == "string" { // in quotes, as a text with blanks in it would be misread
		return fmt.Sprintf("%q", f.DefValue)
	}
	return f.DefValue
}

// commands lists what is below c.
func (p *roffPage) commands(c *cobra.Command) {
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			p.b.WriteString(".TP\n\\fB" + roffEscaper.Replace(sub.Name()) + "\\fP\n")
			p.line(sub.Short)
		}
	}
}

// seeAlso names the pages above, below and beside c.
func (p *roffPage) seeAlso(c *cobra.Command) {
	page := func(c *cobra.Command) string {
		return strings.ReplaceAll(c.CommandPath(), " ", "-")
	}
	var names []string
	if c.HasParent() {
		names = append(names, page(c.Parent()))
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			names = append(names, page(sub))
		}
	}
	p.section(`"SEE ALSO"`)
	for i, n := range names {
		comma := ","
		if i == len(names)-1 {
			comma = ""
		}
		p.b.WriteString(`\fB` + roffEscaper.Replace(n) + `\fP(1)` + comma + "\n")
	}
}
