package transmission

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"gotor/cmd/record"
)

// wishes are which files are wanted, and how much: by their places in files, which
// leaves padding out. An empty list that is there means all.
type wishes struct {
	wanted, unwanted, high, normal, low list[number]
	only                                bool // what is not in wanted is unwanted
}

func (w *wishes) any() bool {
	return w.wanted != nil || w.unwanted != nil || w.high != nil || w.normal != nil || w.low != nil
}

// settings are the arguments of torrent_set. What is not in it is passed over.
type settings struct {
	IDs           ids           `json:"ids"`
	DownLimit     *number       `json:"download_limit"`
	DownLimited   *flag         `json:"download_limited"`
	UpLimit       *number       `json:"upload_limit"`
	UpLimited     *flag         `json:"upload_limited"`
	FilesWanted   *list[number] `json:"files_wanted"`
	FilesUnwanted *list[number] `json:"files_unwanted"`
	High          *list[number] `json:"priority_high"`
	Low           *list[number] `json:"priority_low"`
	Normal        *list[number] `json:"priority_normal"`
	Labels        *list[string] `json:"labels"`
	Location      string        `json:"location"`
	Queue         *number       `json:"queue_position"`
	IdleLimit     *number       `json:"seed_idle_limit"` // minutes
	IdleMode      *number       `json:"seed_idle_mode"`
	RatioLimit    *float64      `json:"seed_ratio_limit"`
	RatioMode     *number       `json:"seed_ratio_mode"`
	Sequential    *flag         `json:"sequential_download"`
	TrackerList   *string       `json:"tracker_list"`
	TrackerAdd    list[string]  `json:"tracker_add"`
	TrackerRemove list[number]  `json:"tracker_remove"`
	Replace       []any         `json:"tracker_replace"` // number, URL, number, URL ...
}

// torrentSet changes torrents. It goes on with the next after an error, and reports
// the first.
func (c *caller) torrentSet(a *call) (object, error) {
	var args settings
	if err := a.into(&args); err != nil {
		return nil, err
	}
	return nil, c.each(&args.IDs, func(n numbered) error { return c.set(n, &args) })
}

func (c *caller) set(n numbered, s *settings) error {
	p := record.Patch{Limits: s.limits(n.t.Limits), Seed: s.goal(n.t.Seed)}
	if s.Labels != nil {
		p.Labels = record.Some(notNil(*s.Labels))
	}
	if s.Queue != nil {
		p.Queue = record.Some(int(*s.Queue))
	}
	if s.Sequential != nil {
		p.Sequential = record.Some(bool(*s.Sequential))
	}
	if p.Labels.Set || p.Queue.Set || p.Sequential.Set || p.Limits.Set || p.Seed.Set {
		if _, err := c.cfg.Session.Patch(c.ctx, n.t.ID, p, 0); err != nil {
			return err
		}
	}
	if w := s.wishes(); w.any() {
		if err := c.setFiles(n.t.ID, w); err != nil {
			return err
		}
	}
	if err := c.setTrackers(n.t.ID, s); err != nil {
		return err
	}
	if s.Location != "" {
		return second(c.cfg.Session.Move(c.ctx, n.t.ID, record.Move{Dir: s.Location}))
	}
	return nil
}

func (s *settings) wishes() wishes {
	all := func(l *list[number]) list[number] {
		if l == nil {
			return nil
		}
		return append(list[number]{}, *l...)
	}
	return wishes{wanted: all(s.FilesWanted), unwanted: all(s.FilesUnwanted), high: all(s.High), normal: all(s.Normal), low: all(s.Low)}
}

// limits are what is to change of them: a limit that is set counts when it is on, and
// one that is off is none.
func (s *settings) limits(now record.RateLimits) (o record.Opt[record.LimitsPatch]) {
	one := func(limit *number, on *flag, now int64) (v record.Opt[int64]) {
		switch {
		case on != nil && !bool(*on):
			return record.Some(int64(0))
		case limit != nil && (on != nil || now > 0):
			return record.Some(bytesOf(*limit))
		}
		return v
	}
	p := record.LimitsPatch{MaxDown: one(s.DownLimit, s.DownLimited, now.MaxDown), MaxUp: one(s.UpLimit, s.UpLimited, now.MaxUp)}
	if p.MaxDown.Set || p.MaxUp.Set {
		return record.Some(p)
	}
	return o
}

// bytesOf is a limit of this protocol in bytes per second. None at all is not possible
// there, and zero would mean no limit here.
func bytesOf(limit number) int64 { return max(1, min(int64(limit), 1e9)*kilo) }

// goal is what is to change of how long a torrent is seeded: a mode for the ratio and
// one for idleness are one mode here.
func (s *settings) goal(now record.SeedGoal) (o record.Opt[record.SeedPatch]) {
	if s.RatioMode == nil && s.RatioLimit == nil && s.IdleMode == nil && s.IdleLimit == nil {
		return o
	}
	ratio, idle := ratioMode(now), idleMode(now)
	if s.RatioMode != nil {
		ratio = int(*s.RatioMode)
	}
	if s.IdleMode != nil {
		idle = int(*s.IdleMode)
	}
	p := record.SeedPatch{}
	switch {
	case ratio == modeGlobal && idle == modeGlobal:
		p.Mode = record.Some("default")
	case ratio == modeUnlimited && idle == modeUnlimited:
		p.Mode = record.Some("forever")
	default:
		p.Mode = record.Some("limits")
	}
	p.Ratio = limitOf(ratio, s.RatioLimit, now.Ratio)
	var minutes *int64
	if s.IdleLimit != nil {
		minutes = new(int64(*s.IdleLimit) * 60)
	}
	p.Idle = limitOf(idle, minutes, now.Idle)
	return record.Some(p)
}

// limitOf is a limit under a mode: null is that of the settings, 0 none.
func limitOf[T int64 | float64](mode int, asked, now *T) record.Opt[T] {
	switch {
	case mode == modeUnlimited:
		return record.Some(T(0))
	case mode != modeSingle:
		return record.Opt[T]{Set: true, Null: true}
	case asked != nil:
		return record.Some(max(0, *asked))
	case now != nil:
		return record.Some(*now)
	}
	return record.Opt[T]{Set: true, Null: true}
}

// setFiles carries wishes out. Those of what is not wanted are of no use, and what is
// wanted again is wanted as usual.
func (c *caller) setFiles(id string, w wishes) error {
	files, err := c.cfg.Session.Files(id)
	if err != nil {
		return err
	}
	next := make([]string, len(files))
	for i, f := range files {
		next[i] = f.Priority
		if w.only {
			next[i] = "skip"
		}
	}
	give := func(places list[number], p string, which func(now string) bool) error {
		if places != nil && len(places) == 0 {
			for i := range files {
				places = append(places, number(i))
			}
		}
		for _, n := range places {
			if n < 0 || int(n) >= len(files) {
				return refuse(codeParams, "file index %d is not from 0 to %d", n, len(files)-1)
			}
			if which(next[n]) {
				next[n] = p
			}
		}
		return nil
	}
	skipped := func(now string) bool { return now == "skip" }
	taken := func(now string) bool { return now != "skip" }
	for _, step := range []struct {
		places list[number]
		p      string
		which  func(string) bool
	}{
		{w.wanted, "normal", skipped}, {w.unwanted, "skip", taken}, {w.normal, "normal", taken}, {w.low, "low", taken}, {w.high, "high", taken},
	} {
		if err := give(step.places, step.p, step.which); err != nil {
			return err
		}
	}
	if changes := changed(files, next); len(changes) > 0 {
		return c.cfg.Session.SetFiles(c.ctx, id, changes)
	}
	return nil
}

// changed are the files whose priority is another now, by priority.
func changed(files []record.TorrentFile, next []string) (out []record.FilePriority) {
	by := map[string][]string{}
	for i, f := range files {
		if f.Priority != next[i] {
			by[next[i]] = append(by[next[i]], fmt.Sprint(f.Index))
		}
	}
	for _, p := range []string{"low", "normal", "high", "skip"} { // so that at no time nothing is wanted
		if by[p] != nil {
			out = append(out, record.FilePriority{Files: strings.Join(by[p], ","), Priority: p})
		}
	}
	return out
}

// setTrackers carries out what is asked of trackers.
func (c *caller) setTrackers(id string, s *settings) error {
	if s.TrackerList != nil {
		return c.cfg.Session.SetTrackers(c.ctx, id, tiersOf(*s.TrackerList))
	}
	if s.TrackerAdd == nil && s.TrackerRemove == nil && s.Replace == nil {
		return nil
	}
	all, err := c.cfg.Session.Trackers(id, true)
	if err != nil {
		return err
	}
	all = slices.Clone(all)
	for i := 0; i+1 < len(s.Replace); i += 2 {
		n, isNumber := s.Replace[i].(float64)
		u, isURL := s.Replace[i+1].(string)
		if !isNumber || !isURL || n < 0 || int(n) >= len(all) {
			return refuse(codeParams, "tracker_replace is a list of number, URL, number, URL")
		}
		all[int(n)].URL = u
	}
	for _, n := range s.TrackerRemove {
		if n < 0 || int(n) >= len(all) {
			return refuse(codeParams, "there is no tracker %d", n)
		}
		all[n].URL = ""
	}
	all = slices.DeleteFunc(all, func(t record.TorrentTracker) bool { return t.URL == "" })
	tiers := grouped(all)
	for _, u := range s.TrackerAdd {
		if !slices.ContainsFunc(all, func(t record.TorrentTracker) bool { return t.URL == u }) {
			tiers = append(tiers, []string{u})
		}
	}
	return c.cfg.Session.SetTrackers(c.ctx, id, tiers)
}

// torrentSetLocation moves torrents, or has them find their data in another place.
func (c *caller) torrentSetLocation(a *call) (object, error) {
	var args struct {
		IDs      ids    `json:"ids"`
		Location string `json:"location"`
		Move     flag   `json:"move"`
	}
	if err := a.into(&args); err != nil {
		return nil, err
	}
	if !path.IsAbs(args.Location) {
		return nil, refuse(codeParams, "new location path is not absolute")
	}
	return nil, c.each(&args.IDs, func(n numbered) error {
		return second(c.cfg.Session.Move(c.ctx, n.t.ID, record.Move{Dir: args.Location, Found: !bool(args.Move)}))
	})
}

// torrentRenamePath renames a file or folder of one torrent.
func (c *caller) torrentRenamePath(a *call) (object, error) {
	var args struct {
		IDs  ids    `json:"ids"`
		Path string `json:"path"`
		Name string `json:"name"`
	}
	if err := a.into(&args); err != nil {
		return nil, err
	}
	meant := c.meant(&args.IDs)
	if !args.IDs.some || len(meant) != 1 {
		return nil, refuse(codeParams, "torrent-rename-path requires 1 torrent")
	}
	n := meant[0]
	// Here the torrent's own folder is a part of paths, there it is not.
	below := args.Path
	if top := path.Base(n.t.Path); below == top {
		below = ""
	} else if rest, ok := strings.CutPrefix(below, top+"/"); ok {
		below = rest
	}
	if _, err := c.cfg.Session.Rename(c.ctx, n.t.ID, record.Rename{Path: below, Name: args.Name}); err != nil {
		return nil, err
	}
	return object{"path": args.Path, "name": args.Name, "id": n.number}, nil
}
