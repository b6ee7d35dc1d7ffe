package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
)

// This file makes requests of KEY=VALUE, as ctl set and ctl settings take them.

// assignment is one of them. Null: the value is default, back to what holds where
// nothing is said.
type assignment struct {
	key, value string
	null       bool
}

// parseAssignments splits arguments at the first =.
func parseAssignments(args []string) ([]assignment, error) {
	var list []assignment
	for _, a := range args {
		key, value, ok := strings.Cut(a, "=")
		if !ok || key == "" {
			return nil, record.Usagef("%q has no = in it; see gotor ctl set --help", job.Clip(a))
		}
		key = strings.ReplaceAll(key, "_", "-")
		if slices.ContainsFunc(list, func(a assignment) bool { return a.key == key }) {
			return nil, record.Usagef("%s is given twice", record.Safe(key))
		}
		list = append(list, assignment{key, value, value == "default"})
	}
	return list, nil
}

// setter reads the value of an assignment into where it belongs.
type setter func(a assignment) error

// opt makes a setter of a member of a patch.
func opt[T any](to *record.Opt[T], parse func(string) (T, error)) setter {
	return func(a assignment) error {
		*to = record.Opt[T]{Set: true, Null: a.null}
		if a.null {
			return nil
		}
		var err error
		to.Value, err = parse(a.value)
		return err
	}
}

// member makes a setter of a member of an object in a patch.
func member[P, T any](object *record.Opt[P], to *record.Opt[T], parse func(string) (T, error)) setter {
	set := opt(to, parse)
	return func(a assignment) error {
		object.Set = true
		return set(a)
	}
}

// assign carries out assignments by their setters; what says what the keys are of.
func assign(list []assignment, setters map[string]setter, what string) error {
	for _, a := range list {
		set := setters[a.key]
		if set == nil {
			return record.Usagef("%q is no %s; there are %s", job.Clip(a.key), what, strings.Join(sortedKeys(setters), ", "))
		}
		if err := set(a); err != nil {
			return record.Usagef("%s: %q is %v", a.key, job.Clip(a.value), valueError(err))
		}
	}
	return nil
}

func sortedKeys(setters map[string]setter) []string {
	var keys []string
	for k := range setters {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// seconds reads a time span.
func seconds(text string) (int64, error) {
	d, err := ui.ParseDuration(text)
	return int64(d / time.Second), err
}

// ratio reads a number of at least 0.
func ratio(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 0) {
		return 0, errRatio
	}
	return v, nil
}

// asIs is a text as it is.
func asIs(text string) (string, error) { return text, nil }

// words are texts separated by commas; none for an empty one.
func words(text string) ([]string, error) {
	list := []string{}
	for w := range strings.SplitSeq(text, ",") {
		if w = strings.TrimSpace(w); w != "" {
			list = append(list, w)
		}
	}
	return list, nil
}

// object reads JSON.
func object[T any](text string) (v T, err error) {
	if json.Unmarshal([]byte(text), &v) != nil {
		err = errJSON
	}
	return v, err
}

var errJSON = errors.New("not the JSON that is wanted")

// changes are what ctl set asks of one torrent.
type changes struct {
	patch record.Patch
	files []record.FilePriority
}

// parseChanges makes requests of assignments.
func parseChanges(args []string) (*changes, error) {
	list, err := parseAssignments(args)
	if err != nil {
		return nil, err
	}
	c := new(changes)
	p := &c.patch
	limits, seed := &p.Limits.Value, &p.Seed.Value
	setters := map[string]setter{
		"name": opt(&p.Name, asIs), "labels": opt(&p.Labels, words), "paused": opt(&p.Paused, strconv.ParseBool),
		"queue": opt(&p.Queue, strconv.Atoi), "sequential": opt(&p.Sequential, strconv.ParseBool),
		"max-down": member(&p.Limits, &limits.MaxDown, ui.ParseRate), "max-up": member(&p.Limits, &limits.MaxUp, ui.ParseRate),
		"seed": member(&p.Seed, &seed.Mode, asIs), "seed-ratio": member(&p.Seed, &seed.Ratio, ratio),
		"seed-time": member(&p.Seed, &seed.Time, seconds), "seed-idle": member(&p.Seed, &seed.Idle, seconds),
		"trackers": opt(&p.Trackers, func(text string) ([][]string, error) {
			urls := job.TrackerURLs([]string{text})
			return [][]string{urls}, job.CheckTrackers(urls)
		}),
	}
	for _, priority := range []string{"skip", "low", "normal", "high"} {
		setters[priority] = func(a assignment) error {
			c.files = append(c.files, record.FilePriority{Files: a.value, Priority: priority})
			return nil
		}
	}
	return c, assign(list, setters, "setting of a torrent")
}

const ctlSetLong = `Set changes a torrent; what is not named stays. The keys are

  name        how it is shown
  labels      words, separated by commas
  max-down    RATE, like 500K (bytes) or 10Mbit; 0: no limit
  max-up      RATE
  seed        forever, never, or limits: until the first of the next three
  seed-ratio  uploaded bytes per byte of the torrent; 0: no limit
  seed-time   TIME from its completion, like 90m or 2d; 0: no limit
  seed-idle   TIME without an upload; 0: no limit
  queue       place in line, from 0
  sequential  true or false: pieces in their order
  paused      true or false
  trackers    URLs, separated by commas, in the place of those it has
  skip, low, normal, high
              LIST of files that get this priority (gotor help files)

The value default goes back to what the daemon's settings or the torrent say.`

func ctlSet() *ctlVerb {
	return &ctlVerb{
		use: "set [flags] ID KEY=VALUE...", short: "Change limits, labels, priorities of a torrent", long: ctlSetLong,
		examples: []string{"gotor ctl set debian.iso max-up=500K labels=linux,iso", "gotor ctl set 0123abcd skip='*.nfo' high=0-3"},
		args:     wantArgs(2, -1, "ID and at least one KEY=VALUE"), ids: 1,
		run: func(ctx context.Context, c *control, args []string) error {
			ch, err := parseChanges(args[1:])
			if err != nil {
				return err
			}
			return c.each(ctx, args[:1], func(id string) error { return c.change(ctx, id, ch) })
		},
	}
}

// change carries out changes on one torrent.
func (o *control) change(ctx context.Context, id string, ch *changes) error {
	if len(ch.files) > 0 {
		if err := o.daemon.SetFiles(ctx, id, ch.files); err != nil {
			return err
		}
	}
	t, err := o.daemon.Patch(ctx, id, ch.patch)
	if err != nil {
		return err
	}
	return o.changed(t, "changed")
}

// parseSettings makes a request of assignments for the daemon itself.
func parseSettings(args []string) (record.SettingsPatch, error) {
	var p record.SettingsPatch
	list, err := parseAssignments(args)
	if err != nil {
		return p, err
	}
	queue, seed := &p.Queue.Value, &p.Seed.Value
	return p, assign(list, map[string]setter{
		"max-down": opt(&p.MaxDown, ui.ParseRate), "max-up": opt(&p.MaxUp, ui.ParseRate), "dir": opt(&p.Dir, asIs),
		"schedule": opt(&p.Schedule, object[[]record.Slot]), "override": opt(&p.Override, object[*record.Override]),
		"max-downloads": member(&p.Queue, &queue.MaxDownloads, strconv.Atoi), "max-seeds": member(&p.Queue, &queue.MaxSeeds, strconv.Atoi),
		"max-checks": member(&p.Queue, &queue.MaxChecks, strconv.Atoi),
		"seed":       member(&p.Seed, &seed.Mode, asIs), "seed-ratio": member(&p.Seed, &seed.Ratio, ratio),
		"seed-time": member(&p.Seed, &seed.Time, seconds), "seed-idle": member(&p.Seed, &seed.Idle, seconds),
	}, "setting of the daemon")
}
