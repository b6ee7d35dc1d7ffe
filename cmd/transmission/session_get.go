package transmission

import (
	"gotor/cmd/record"
)

// sessionGet answers with the settings that are asked for, or all.
func (c *caller) sessionGet(a *call) (object, error) {
	var args struct {
		Fields list[string] `json:"fields"`
	}
	if err := a.into(&args); err != nil {
		return nil, err
	}
	all := c.sessionFields()
	if args.Fields == nil {
		return a.spell(all, kebab), nil
	}
	out := object{}
	for _, name := range args.Fields {
		v, ok := all[snake(name)]
		if !ok {
			continue
		}
		if a.old {
			v = spelled(v, kebab)
		}
		out[name] = v
	}
	return out, nil
}

// sessionFields are all settings. What gotor has not has the value of "none".
func (c *caller) sessionFields() object {
	s, stats := c.cfg.Session.Settings(), c.cfg.Session.Stats()
	all := object{
		"version": "gotor " + c.cfg.Version, "rpc_version": rpcVersion, "rpc_version_minimum": rpcMinimum, "rpc_version_semver": semver,
		"session_id": c.id, "config_dir": "", "units": units(),
		"download_dir": s.Dir.Value, "download_dir_free_space": orUnavailable(diskOf(&stats, s.Dir.Value).Free), "incomplete_dir": s.Dir.Value, "incomplete_dir_enabled": false,
		"rename_partial_files": true, "start_added_torrents": c.prefs.startsAdded(), "trash_original_torrent_files": false,
		"cache_size_mb": 0, "reqq": 0, "default_trackers": "", "preferred_transports": []string{"tcp"},
		"speed_limit_down": s.MaxDown.Value / kilo, "speed_limit_down_enabled": s.MaxDown.Value > 0,
		"speed_limit_up": s.MaxUp.Value / kilo, "speed_limit_up_enabled": s.MaxUp.Value > 0,
		"download_queue_enabled": s.Queue.MaxDownloads.Value > 0, "download_queue_size": s.Queue.MaxDownloads.Value,
		"seed_queue_enabled": s.Queue.MaxSeeds.Value > 0, "seed_queue_size": s.Queue.MaxSeeds.Value,
		"queue_stalled_enabled": true, "queue_stalled_minutes": stalledMinutes,
		"seed_ratio_limit": s.Seed.Ratio.Value, "seed_ratio_limited": s.Seed.Mode.Value == "limits" && s.Seed.Ratio.Value > 0,
		"idle_seeding_limit": s.Seed.Idle.Value / 60, "idle_seeding_limit_enabled": s.Seed.Mode.Value == "limits" && s.Seed.Idle.Value > 0,
		"dht_enabled": s.DHT.Value, "lpd_enabled": s.LSD.Value, "pex_enabled": s.PEX.Value, "utp_enabled": false, "tcp_enabled": true,
		"encryption": "tolerated", "peer_port": stats.Port, "peer_port_random_on_start": false, "port_forwarding_enabled": false,
		"peer_limit_global": s.MaxPeers.Value, "peer_limit_per_torrent": s.MaxPeers.Value, "anti_brute_force_enabled": true,
		"blocklist_enabled": false, "blocklist_size": 0, "blocklist_url": "",
	}
	for _, script := range scripts() {
		all[script+"_enabled"], all[script+"_filename"] = false, ""
	}
	alt := c.alternatives(&s)
	alt.tell(all)
	return all
}

// stalledMinutes is how long who moves no byte counts in the queue.
const stalledMinutes = 5

func scripts() []string {
	return []string{"script_torrent_added", "script_torrent_done", "script_torrent_done_seeding"}
}

func units() object {
	names := func(k, m, g, t string) []string { return []string{k, m, g, t} }
	return object{
		"speed_units": names("kB/s", "MB/s", "GB/s", "TB/s"), "speed_bytes": kilo,
		"size_units": names("kB", "MB", "GB", "TB"), "size_bytes": kilo,
		"memory_units": names("KiB", "MiB", "GiB", "TiB"), "memory_bytes": 1024,
	}
}

// diskOf is the disk of the innermost root that has a folder; without one nothing is
// known of it.
func diskOf(stats *record.Stats, dir string) (best record.Disk) {
	for _, d := range stats.Disks {
		if (d.Dir == dir || below(dir, d.Dir)) && len(d.Dir) > len(best.Dir) {
			best = d
		}
	}
	return best
}

func orUnavailable[T int | int64](n *T) T {
	if n == nil {
		return notAvailable
	}
	return *n
}

// below reports whether a path is below another.
func below(p, dir string) bool {
	return len(p) > len(dir) && p[:len(dir)] == dir && (p[len(dir)] == '/' || dir == "/")
}

// sessionStats are the figures of all runs and of this one.
func (c *caller) sessionStats(a *call) (object, error) {
	s, list := c.cfg.Session.Stats(), c.cfg.Session.List()
	paused := list.Counts.State[record.StatePaused] + list.Counts.State[record.StateCompleted] + list.Counts.State[record.StateFailed]
	since := int64(s.Now.Sub(s.Started).Seconds())
	one := func(down, up int64) object {
		return object{"downloaded_bytes": down, "uploaded_bytes": up, "files_added": len(list.Torrents), "session_count": 1, "seconds_active": since}
	}
	out := object{
		"active_torrent_count": len(list.Torrents) - paused, "paused_torrent_count": paused, "torrent_count": len(list.Torrents),
		"download_speed": s.DownRate, "upload_speed": s.UpRate,
	}
	all, now := one(s.Downloaded, s.Uploaded), one(s.Session.Downloaded, s.Session.Uploaded)
	if !a.old {
		out["cumulative_stats"], out["current_stats"] = all, now
		return out, nil
	}
	out = a.spell(out, camel)
	out["cumulative-stats"], out["current-stats"] = a.spell(all, camel), a.spell(now, camel)
	return out, nil
}

// freeSpace is that of a folder inside the roots.
func (c *caller) freeSpace(a *call) (object, error) {
	var args struct {
		Path string `json:"path"`
	}
	if err := a.into(&args); err != nil {
		return nil, err
	}
	dirs, err := c.cfg.Session.Dirs(args.Path)
	if err != nil {
		return nil, err
	}
	stats := c.cfg.Session.Stats()
	size, total := orUnavailable(dirs.Free), orUnavailable(diskOf(&stats, args.Path).Total)
	out := object{"path": args.Path, "size_bytes": size, "total_size": total}
	if a.old { // this answer has both spellings
		out = object{"path": args.Path, "size-bytes": size, "total_size": total}
	}
	return out, nil
}

func (c *caller) sessionClose(*call) (object, error) {
	c.cfg.Session.Shutdown()
	return nil, nil
}
