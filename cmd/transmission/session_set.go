package transmission

import "gotor/cmd/record"

// sessionChanges are the arguments of session_set that mean something to gotor. What is
// in neither this nor the list of refusals is passed over.
type sessionChanges struct {
	alternativeChanges
	Down        *number  `json:"speed_limit_down"`
	DownOn      *flag    `json:"speed_limit_down_enabled"`
	Up          *number  `json:"speed_limit_up"`
	UpOn        *flag    `json:"speed_limit_up_enabled"`
	Downloads   *number  `json:"download_queue_size"`
	DownloadsOn *flag    `json:"download_queue_enabled"`
	Seeds       *number  `json:"seed_queue_size"`
	SeedsOn     *flag    `json:"seed_queue_enabled"`
	Ratio       *float64 `json:"seed_ratio_limit"`
	RatioOn     *flag    `json:"seed_ratio_limited"`
	Idle        *number  `json:"idle_seeding_limit"` // minutes
	IdleOn      *flag    `json:"idle_seeding_limit_enabled"`
	Dir         *string  `json:"download_dir"`
	StartAdded  *flag    `json:"start_added_torrents"`
	refused
}

// refused are settings that gotor takes from flags at its start, or has not at all:
// what is asked for must be so already.
type refused struct {
	DHT            *flag   `json:"dht_enabled"`
	LPD            *flag   `json:"lpd_enabled"`
	PEX            *flag   `json:"pex_enabled"`
	UTP            *flag   `json:"utp_enabled"`
	Port           *number `json:"peer_port"`
	Forwarding     *flag   `json:"port_forwarding_enabled"`
	Encryption     *string `json:"encryption"`
	Incomplete     *flag   `json:"incomplete_dir_enabled"`
	ScriptAdded    *flag   `json:"script_torrent_added_enabled"`
	ScriptDone     *flag   `json:"script_torrent_done_enabled"`
	ScriptSeeded   *flag   `json:"script_torrent_done_seeding_enabled"`
	ScriptAddedAt  *string `json:"script_torrent_added_filename"`
	ScriptDoneAt   *string `json:"script_torrent_done_filename"`
	ScriptSeededAt *string `json:"script_torrent_done_seeding_filename"`
	Blocklist      *flag   `json:"blocklist_enabled"`
}

// check says which of them cannot be.
func (r *refused) check(c *caller) error {
	now := c.sessionFields()
	for name, asked := range map[string]*flag{
		"dht_enabled": r.DHT, "lpd_enabled": r.LPD, "pex_enabled": r.PEX, "utp_enabled": r.UTP, "port_forwarding_enabled": r.Forwarding,
		"incomplete_dir_enabled": r.Incomplete, "script_torrent_added_enabled": r.ScriptAdded, "script_torrent_done_enabled": r.ScriptDone,
		"script_torrent_done_seeding_enabled": r.ScriptSeeded, "blocklist_enabled": r.Blocklist,
	} {
		if asked != nil && bool(*asked) != now[name].(bool) {
			return fixed(name)
		}
	}
	for name, asked := range map[string]*string{
		"encryption": r.Encryption, "script_torrent_added_filename": r.ScriptAddedAt, "script_torrent_done_filename": r.ScriptDoneAt,
		"script_torrent_done_seeding_filename": r.ScriptSeededAt,
	} {
		if asked != nil && *asked != now[name].(string) {
			return fixed(name)
		}
	}
	if r.Port != nil && int(*r.Port) != now["peer_port"].(int) {
		return fixed("peer_port")
	}
	return nil
}

func fixed(name string) error {
	return refuse(codeParams, "%s cannot be set here: see the flags of gotor serve", name)
}

// sessionSet changes settings: all of them, or none.
func (c *caller) sessionSet(a *call) (object, error) {
	var args sessionChanges
	if err := a.into(&args); err != nil {
		return nil, err
	}
	if err := args.check(c); err != nil {
		return nil, err
	}
	now := c.cfg.Session.Settings()
	p := record.SettingsPatch{
		MaxDown: limited(args.Down, args.DownOn, now.MaxDown.Value, kilo), MaxUp: limited(args.Up, args.UpOn, now.MaxUp.Value, kilo),
		Seed: args.seeding(&now),
	}
	q := record.QueuePatch{
		MaxDownloads: counted(limited(args.Downloads, args.DownloadsOn, int64(now.Queue.MaxDownloads.Value), 1)),
		MaxSeeds:     counted(limited(args.Seeds, args.SeedsOn, int64(now.Queue.MaxSeeds.Value), 1)),
	}
	if q.MaxDownloads.Set || q.MaxSeeds.Set {
		p.Queue = record.Some(q)
	}
	if args.Dir != nil && *args.Dir != now.Dir.Value {
		p.Dir = record.Some(*args.Dir)
	}
	args.patch(c, &now, &p)
	if args.StartAdded != nil {
		c.prefs.setStartsAdded(bool(*args.StartAdded))
	}
	if !p.MaxDown.Set && !p.MaxUp.Set && !p.Seed.Set && !p.Queue.Set && !p.Dir.Set && !p.Override.Set && !p.Schedule.Set {
		return nil, nil
	}
	return nil, second(c.cfg.Session.PatchSettings(c.ctx, p, 0))
}

// limited is a number with a switch: off is 0, which is none. One that is set while it
// is off stays off; one that is switched on without a number is as it was, or 100.
func limited(value *number, on *flag, now, unit int64) (o record.Opt[int64]) {
	enabled := now > 0
	if on != nil {
		enabled = bool(*on)
	}
	switch {
	case value == nil && on == nil, !enabled && now == 0:
		return o
	case !enabled:
		return record.Some(int64(0))
	case value != nil:
		return record.Some(max(1, min(int64(*value), 1e9)*unit))
	case now > 0:
		return o
	}
	return record.Some(100 * unit)
}

func counted(o record.Opt[int64]) record.Opt[int] {
	return record.Opt[int]{Set: o.Set, Null: o.Null, Value: int(o.Value)}
}

// seeding is what the default goal of seeding is to be.
func (s *sessionChanges) seeding(now *record.Settings) (o record.Opt[record.SeedPatch]) {
	if s.Ratio == nil && s.RatioOn == nil && s.Idle == nil && s.IdleOn == nil {
		return o
	}
	limits := now.Seed.Mode.Value == "limits"
	ratioOn, idleOn := limits && now.Seed.Ratio.Value > 0, limits && now.Seed.Idle.Value > 0
	if s.RatioOn != nil {
		ratioOn = bool(*s.RatioOn)
	}
	if s.IdleOn != nil {
		idleOn = bool(*s.IdleOn)
	}
	ratio, idle := now.Seed.Ratio.Value, now.Seed.Idle.Value
	if s.Ratio != nil {
		ratio = max(0, *s.Ratio)
	}
	if s.Idle != nil {
		idle = int64(max(0, *s.Idle)) * 60
	}
	p := record.SeedPatch{Mode: record.Some("forever"), Ratio: record.Some(0.0), Idle: record.Some(int64(0))}
	if ratioOn || idleOn {
		p.Mode = record.Some("limits")
	}
	if ratioOn {
		p.Ratio = record.Some(ratio)
	}
	if idleOn {
		p.Idle = record.Some(idle)
	}
	return record.Some(p)
}
