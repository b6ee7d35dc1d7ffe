package cmd

import (
	"github.com/spf13/pflag"

	"gotor/cmd/job"
)

// selectOptions are the flags that choose files of a torrent.
type selectOptions struct{ job.Choice }

// addFlags describes the flags.
func (o *selectOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.Files, "files", nil, "only the files in `LIST`: indices, ranges, patterns and re:EXPRESSION; see gotor help files")
	f.StringArrayVar(&o.Exclude, "exclude", nil, "but not the files in `LIST`")
}

// given reports whether the flags choose anything.
func (o *selectOptions) given() bool { return len(o.Files)+len(o.Exclude) > 0 }
