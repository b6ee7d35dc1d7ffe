package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/record"
	"gotor/cmd/remote"
	"gotor/cmd/ui"
)

// This file has the verbs of ctl that are about the daemon itself.

// healthTime is how long a daemon that is well takes at most to say so.
const healthTime = 10 * time.Second

func ctlHealth() *ctlVerb {
	return &ctlVerb{
		use: "health", short: "Ask whether the daemon is well",
		long: `Health prints ok, and exits with 0, if the daemon answers and can promise things:
it has loaded its state and can write it. Else the exit code is not 0: 11 if it
does not answer.`,
		examples: []string{"gotor ctl health", "HEALTHCHECK CMD [\"gotor\", \"ctl\", \"health\"]"},
		args:     wantArgs(0, 0, "no arguments"),
		run: func(ctx context.Context, c *control, _ []string) error {
			ctx, cancel := context.WithTimeoutCause(ctx, healthTime, record.Errorf(record.ExitFetch, "the daemon at %s does not answer in time", c.daemon.Where()))
			defer cancel()
			err := c.daemon.Ready(ctx)
			if !c.json {
				if err == nil {
					_, err = io.WriteString(c.s.out, "ok\n")
				}
				return err
			}
			line := record.HealthLine{V: record.Version, Ready: err == nil}
			if err != nil {
				line.Why = record.Redact(err.Error())
			}
			return errors.Join(writeJSON(c.s.out, line), err)
		},
	}
}

func ctlSettings() *ctlVerb {
	return &ctlVerb{
		use: "settings [flags] [KEY=VALUE...]", short: "Show or change the settings of the daemon",
		long: `Settings prints the settings of the daemon, each with where it comes from, or
changes those that are named. What a flag or the environment of the daemon has
fixed cannot be changed. The keys are

  max-down, max-up   RATE of all torrents, like 500K (bytes) or 10Mbit; 0: none
  max-downloads, max-seeds, max-checks
                     how many at a time, checks for each disk; 0: no bound
  seed, seed-ratio, seed-time, seed-idle
                     as of gotor ctl set, for torrents that say nothing else
  dir                where torrents go that say nothing else
  schedule           JSON: [{"days": "mon-fri", "from": "08:00", "to": "18:00",
                     "max_down": 1000000, "max_up": 0}]
  override           JSON: {"max_down": 0, "max_up": 0, "until": TIME}

The value default goes back to what flags, file and defaults say.`,
		examples: []string{"gotor ctl settings", "gotor ctl settings max-up=2M max-downloads=5"},
		args:     cobra.ArbitraryArgs,
		run: func(ctx context.Context, c *control, args []string) error {
			p, err := parseSettings(args)
			if err != nil {
				return err
			}
			var now record.Settings
			if len(args) > 0 {
				now, err = c.daemon.PatchSettings(ctx, p)
			} else {
				now, err = c.daemon.Settings(ctx)
			}
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(c.s.out, record.SettingsLine{V: record.Version, Settings: now})
			}
			_, err = io.WriteString(c.s.out, ui.SettingsTable(&now))
			return err
		},
	}
}

// endTime is how long a daemon may take to end: three times what it should.
const endTime = 15 * time.Second

func ctlStop() *ctlVerb {
	var hurry bool
	return &ctlVerb{
		use: "stop [flags]", short: "Stop the daemon",
		long: `Stop has the daemon save its state, tell the trackers, and end, which takes it five
seconds at most, and waits for that: another one can be started then. If it has not
ended in 15 seconds, the exit code is 7.`,
		examples: []string{"gotor ctl stop && cp -a ~/.local/state/gotor /backup"},
		args:     wantArgs(0, 0, "no arguments"),
		flags:    func(f *pflag.FlagSet) { f.BoolVar(&hurry, "no-wait", false, "do not wait until it has ended") },
		run: func(ctx context.Context, c *control, _ []string) error {
			ctx, cancel := context.WithTimeoutCause(ctx, endTime, record.Errorf(record.ExitTimeout,
				"the daemon at %s was told to stop, and has not ended in %s; its log says what it does", c.daemon.Where(), ui.Duration(endTime)))
			defer cancel()
			return c.daemon.Shutdown(ctx, !hurry)
		},
	}
}

func ctlLogin() *ctlVerb {
	return &ctlVerb{
		use: "login", short: "Print a link that signs a browser in",
		long: `Login prints a link to the page of the daemon that signs a browser in: once, within
ten minutes. Whoever has it may do everything.`,
		examples: []string{"xdg-open \"$(gotor ctl login)\""},
		args:     wantArgs(0, 0, "no arguments"),
		run: func(ctx context.Context, c *control, _ []string) error {
			l, err := c.daemon.Invite(ctx)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(c.s.out, record.LoginLine{V: record.Version, LoginLink: l})
			}
			_, err = fmt.Fprintln(c.s.out, record.Safe(l.URL))
			return err
		},
	}
}

func ctlRotate() *ctlVerb {
	var read bool
	return &ctlVerb{
		use: "rotate [flags]", short: "Make a new token, and print it",
		long: `Rotate makes a new token in the place of the old one, which opens nothing any more;
browsers that signed in with it have to do so again.`,
		args:  wantArgs(0, 0, "no arguments"),
		flags: func(f *pflag.FlagSet) { f.BoolVar(&read, "read", false, "the token that may look but not change") },
		run: func(ctx context.Context, c *control, _ []string) error {
			token, err := c.daemon.RotateToken(ctx, read)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(c.s.out, record.TokenLine{V: record.Version, Token: token})
			}
			_, err = fmt.Fprintln(c.s.out, record.Safe(token))
			return err
		},
	}
}

func ctlWatch() *ctlVerb {
	var topics []string
	var interval timeValue
	return &ctlVerb{
		use: "watch [flags] [ID]", short: "Follow what happens, one JSON object per line",
		long: `Watch prints what happens in the daemon, or to one torrent, until it is interrupted:
one JSON object per line, as the daemon's events are, with or without --json. When
the connection is lost it is taken up again, and goes on where it was.

Topics are rows (what changed in the list), torrents (what happens once: added,
metadata, checked, completed, failed, moved, removed), stats, settings, logs; and
of one torrent peers, pieces, files.`,
		examples: []string{"gotor ctl watch | jq -r 'select(.data.what == \"completed\").data.name'"},
		args:     wantArgs(0, 1, "at most one ID"), ids: 1,
		flags: func(f *pflag.FlagSet) {
			f.StringSliceVar(&topics, "topics", []string{"torrents"}, "follow `TOPICS`, separated by commas")
			f.Var(&interval, "interval", "print changes of the same thing at most so often (default: 1s)")
		},
		run: func(ctx context.Context, c *control, args []string) error {
			w := remote.Watch{Topics: topics, Interval: interval.d, Lost: c.s.lost}
			if len(args) > 0 {
				ids, err := c.daemon.Find(ctx, args[0])
				if err != nil {
					return err
				}
				w.Torrent = ids[0]
			}
			return c.daemon.Follow(ctx, w, func(e remote.Event) error {
				if !json.Valid(e.Data) {
					return fmt.Errorf("what the daemon sends is no JSON: %s", strings.ToValidUTF8(e.Name, "?"))
				}
				return writeJSON(c.s.out, record.EventLine{V: record.Version, Event: e.Name, ID: e.ID, Data: e.Data})
			})
		},
	}
}

// lost tells that a stream of a daemon has broken off.
func (s *streams) lost(err error, wait time.Duration) {
	s.console.Warn(fmt.Sprintf("%v; trying again in %s", err, ui.Duration(wait)))
}
