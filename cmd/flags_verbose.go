package cmd

import (
	"errors"
	"strconv"

	"github.com/spf13/pflag"

	"gotor/cmd/ui"
	"gotor/torrent"
)

// verbosity is how much is told while a download goes on: 0 is nothing but its
// progress, 1 events, 2 messages of peers, too. As a flag it counts.
type verbosity int

const (
	showEvents   verbosity = 1
	showMessages verbosity = 2
)

// onceMore is what the flag is set to each time that it is given without a value.
const onceMore = "+1"

func (v *verbosity) addFlag(f *pflag.FlagSet) {
	// The empty name in the text keeps the help from showing one for a value, which
	// only settings need.
	f.VarP(v, "verbose", "v", "``tell of connections, announces and bad pieces; -vv: of messages of peers, too")
	f.Lookup("verbose").NoOptDefVal = onceMore
}

func (v *verbosity) Set(s string) error {
	if s == onceMore {
		*v++
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil {
		return errors.New("not a number; 1 tells of events, 2 of messages, too")
	}
	*v = verbosity(n)
	return nil
}

func (v *verbosity) String() string { return strconv.Itoa(int(*v)) }
func (*verbosity) Type() string     { return "count" }

// tracer is what prints the events; nil if nobody wants to know.
func (v verbosity) tracer(c *ui.Console) *ui.Tracer {
	if v < showEvents {
		return nil
	}
	return ui.NewTracer(c)
}

// configure has the torrents of a client tell their events.
func (v verbosity) configure(cfg *torrent.Config, t *ui.Tracer) {
	if t != nil {
		cfg.Trace, cfg.TraceMessages = t.Add, v >= showMessages
	}
}
