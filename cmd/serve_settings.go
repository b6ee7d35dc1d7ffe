package cmd

import (
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gotor/cmd/record"
	"gotor/torrent"
)

// This file makes of the flags of serve what the daemon goes by.

// knob is the value of a flag with where it comes from. What the command line or the
// environment says cannot be changed while the daemon runs; the file of settings can be
// written anew.
func knob[T any](o *serveOptions, flag string, v T) record.Knob[T] {
	k := record.Knob[T]{Value: v, From: record.FromDefault}
	f := o.flags.Lookup(flag)
	switch from := f.Annotations[originKey]; {
	case len(from) > 0:
		k.From = from[0] // "environment" or "file", as in the API
	case f.Changed:
		k.From = record.FromFlag
	}
	k.Fixed = k.From == record.FromFlag || k.From == record.FromEnvironment
	return k
}

// settings are what flags, environment and file say.
func (o *serveOptions) settings() record.Settings {
	watch, _ := parseWatch(o.watch) // checked before
	s := record.Settings{
		MaxDown: knob(o, "max-down", int64(o.maxDown)), MaxUp: knob(o, "max-up", int64(o.maxUp)),
		Schedule: record.Knob[[]record.Slot]{Value: []record.Slot{}, From: record.FromDefault},
		Override: record.Knob[*record.Override]{From: record.FromDefault},
		Roots:    knob(o, "dir", o.dirs),
		Dir:      record.Knob[string]{From: record.FromDefault}, // the first root
		Watch:    knob(o, "watch", watch),
		DHT:      knob(o, "no-dht", !o.noDHT), LSD: knob(o, "no-lsd", !o.noLSD), PEX: knob(o, "no-pex", !o.noPEX),
		Port: knob(o, "port", int(o.port)), MaxPeers: knob(o, "max-peers", o.maxPeers),
		Private: knob(o, "private-urls", append([]string{}, o.privateURLs...)),
	}
	s.Roots.Fixed = true // what may be touched is said at the start
	s.Queue = record.QueueSettings{
		MaxDownloads: knob(o, "max-downloads", o.maxDownloads), MaxSeeds: knob(o, "max-seeds", o.maxSeeds), MaxChecks: knob(o, "max-checks", o.maxChecks),
	}
	s.Seed = record.SeedSettings{
		Mode:  record.Knob[string]{Value: "forever", From: record.FromDefault},
		Ratio: knob(o, "seed-ratio", o.ratio.v), Time: knob(o, "seed-time", int64(o.seedTime.d/time.Second)), Idle: knob(o, "seed-idle", int64(o.seedIdle.d/time.Second)),
	}
	for _, flag := range []string{"seed-idle", "seed-time", "seed-ratio"} {
		if o.flags.Lookup(flag).Changed { // a limit says that there is one
			s.Seed.Mode = knob(o, flag, "limits")
		}
	}
	return s
}

// again are the flags as they would be now: those of the command line and of the
// environment as they were, those of the file of settings as it is.
func (o *serveOptions) again(s *streams) (next *serveOptions, err error) {
	next = new(serveOptions)
	c := rootedServeCmd(next, s)
	o.flags.Visit(func(f *pflag.Flag) {
		if err == nil && len(f.Annotations[originKey]) == 0 { // of the command line
			err = copyFlag(c.Flags(), f)
		}
	})
	if err == nil {
		err = settle(c, s)
	}
	if err == nil {
		next.dirs = o.dirs // found at the start
		err = next.check()
	}
	return next, err
}

// rootedServeCmd is the command whose flags are o's in its place below gotor: where a
// command stands says which sections of the file of settings are for it.
func rootedServeCmd(o *serveOptions, s *streams) *cobra.Command {
	c, root := serveCmdOf(o, s, nil), newRootCmd(s)
	for _, other := range root.Commands() {
		if other.Name() == c.Name() {
			root.RemoveCommand(other)
		}
	}
	root.AddCommand(c)
	return c
}

// copyFlag sets a flag to what another one of its kind is.
func copyFlag(to *pflag.FlagSet, from *pflag.Flag) error {
	if list, ok := from.Value.(pflag.SliceValue); ok {
		f := to.Lookup(from.Name)
		f.Changed = true
		return f.Value.(pflag.SliceValue).Replace(list.GetSlice())
	}
	return to.Set(from.Name, from.Value.String())
}

// inside are the addresses of our own network that URLs may lead to.
func (o *serveOptions) inside() (list []netip.Prefix) {
	for _, p := range o.privateURLs {
		list = append(list, netip.MustParsePrefix(p)) // checked before
	}
	return list
}

// client is how the engine is set up. Limits come from the settings.
func (o *serveOptions) client(s *streams) (torrent.Config, error) {
	cfg := torrent.Config{Port: int(o.port), MaxMemory: int64(o.maxMemory), Name: userAgent(), Insecure: o.insecure}
	o.uploadOptions.configure(&cfg, s, true)
	return cfg, o.discoverOptions.configure(&cfg, s, true)
}

// findRoots makes the folders of the data absolute: without any it is the current one,
// but not all of the disk. No torrent may write over what the daemon itself goes by.
func (o *serveOptions) findRoots(state string) error {
	if len(o.dirs) == 0 {
		here, err := os.Getwd()
		if err != nil {
			return record.WithCode(record.ExitFile, err)
		}
		if filepath.Dir(here) == here {
			return record.Usagef("the current folder is %s, which is everything; give --dir", here)
		}
		o.dirs = []string{here}
	}
	for i, dir := range o.dirs {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return record.WithCode(record.ExitFile, err)
		}
		o.dirs[i] = abs
		for what, path := range map[string]string{"the state folder": state, "--token-file": o.tokenFile, "--tls-key": o.tlsKey} {
			if path != "" && within(abs, path) {
				return record.Usagef("%s (%s) lies in %s, where torrents could write over it; choose another --dir", what, path, abs)
			}
		}
	}
	return nil
}

// within reports whether a path is a folder, or below it, whatever links lead there.
func within(folder, path string) bool {
	rel, err := filepath.Rel(resolved(folder), resolved(path))
	return err == nil && filepath.IsLocal(rel)
}

// resolved is a path without links, as far as it exists.
func resolved(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	if parent := filepath.Dir(abs); parent != abs {
		return filepath.Join(resolved(parent), filepath.Base(abs))
	}
	return abs
}
