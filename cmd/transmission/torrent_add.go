package transmission

import (
	"encoding/base64"
	"strings"

	"gotor/cmd/record"
)

// added are the arguments of torrent_add.
type added struct {
	Filename      string       `json:"filename"` // a URL, a link, or a path on this machine
	Metainfo      string       `json:"metainfo"` // base64
	DownloadDir   string       `json:"download_dir"`
	Labels        list[string] `json:"labels"`
	Paused        *flag        `json:"paused"`
	FilesWanted   list[number] `json:"files_wanted"`
	FilesUnwanted list[number] `json:"files_unwanted"`
	High          list[number] `json:"priority_high"`
	Low           list[number] `json:"priority_low"`
	Normal        list[number] `json:"priority_normal"`
	Sequential    flag         `json:"sequential_download"`
}

// torrentAdd takes a torrent in.
func (c *caller) torrentAdd(a *call) (object, error) {
	var args added
	if err := a.into(&args); err != nil {
		return nil, err
	}
	add := record.Add{
		Source: args.Filename, LocalPath: c.local, Dir: args.DownloadDir, Labels: args.Labels, Sequential: bool(args.Sequential),
		Paused: !c.prefs.startsAdded(),
	}
	if args.Paused != nil {
		add.Paused = bool(*args.Paused)
	}
	if args.Metainfo != "" {
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(args.Metainfo), ""))
		if err != nil {
			return nil, refuse(codeParams, "metainfo is not base64")
		}
		add.Raw, add.Source = raw, ""
	}
	if len(add.Raw) == 0 && add.Source == "" {
		return nil, refuse(codeParams, "no filename or metainfo specified")
	}
	t, existing, err := c.cfg.Session.Add(c.ctx, add)
	if err != nil {
		return nil, err
	}
	about := object{"id": c.number(t.ID), "name": t.Name, "hash_string": t.ID}
	if existing {
		return a.added("torrent_duplicate", about), nil
	}
	// Which files are meant is known when the torrent is: of a link, not yet.
	if wishes := args.wishes(); wishes.any() && known(t) {
		if err := c.setFiles(t.ID, wishes); err != nil {
			return nil, err
		}
	}
	return a.added("torrent_added", about), nil
}

func (a *added) wishes() wishes {
	w := wishes{high: a.High, low: a.Low, normal: a.Normal, unwanted: a.FilesUnwanted, wanted: a.FilesWanted}
	w.only = len(a.FilesWanted) > 0 && len(a.FilesUnwanted) == 0
	return w
}

// added spells an answer of torrent_add.
func (a *call) added(name string, about object) object {
	if a.old {
		return object{kebab(name): a.spell(about, camel)}
	}
	return object{name: about}
}

// torrentRemove takes torrents out.
func (c *caller) torrentRemove(a *call) (object, error) {
	var args struct {
		IDs    ids  `json:"ids"`
		Delete flag `json:"delete_local_data"`
	}
	if err := a.into(&args); err != nil {
		return nil, err
	}
	data := record.KeepData
	if args.Delete {
		data = record.RemoveData
	}
	return nil, c.each(&args.IDs, func(n numbered) error {
		return second(c.cfg.Session.Remove(c.ctx, n.t.ID, data))
	})
}
