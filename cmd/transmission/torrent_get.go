package transmission

import (
	"errors"

	"gotor/cmd/record"
)

// torrentGet answers with the fields that are asked for, of the torrents that are
// meant.
func (c *caller) torrentGet(a *call) (object, error) {
	var args struct {
		IDs    ids          `json:"ids"`
		Fields list[string] `json:"fields"`
		Format string       `json:"format"`
	}
	if err := a.into(&args); err != nil {
		return nil, err
	}
	all, removed := c.all()
	now := c.cfg.Now()
	rows := make([][]any, 0, len(all))
	fields := c.known(args.Fields)
	for _, n := range all {
		if !args.IDs.has(n, now) {
			continue
		}
		values, err := c.row(a, n, fields)
		if err != nil {
			return nil, err
		}
		if values != nil {
			rows = append(rows, values)
		}
	}
	out := object{"torrents": asObjects(fields, rows)}
	if args.Format == "table" {
		out["torrents"] = asTable(fields, rows)
	}
	if args.IDs.recent {
		out["removed"] = removed
	}
	return out, nil
}

// asked is a field in the spelling of who asked.
type asked struct {
	name  string
	value field
}

// known are the fields that there are, of those that were asked for.
func (c *caller) known(names []string) []asked {
	var out []asked
	for _, name := range names {
		if f, ok := c.fields[snake(name)]; ok {
			out = append(out, asked{name, f})
		}
	}
	return out
}

// row are the values of one torrent; nil: it has just gone.
func (c *caller) row(a *call, n numbered, fields []asked) ([]any, error) {
	v := &view{c: c, numbered: n}
	values := make([]any, len(fields))
	for i, f := range fields {
		values[i] = f.value(v)
		if a.old {
			values[i] = spelled(values[i], camel)
		}
	}
	if p := record.ProblemOf(v.err); p != nil {
		if p.Code == record.CodeNotFound {
			return nil, nil
		}
		return nil, errors.New(p.Detail)
	}
	return values, nil
}

func asObjects(fields []asked, rows [][]any) []any {
	out := make([]any, len(rows))
	for i, values := range rows {
		o := make(map[string]any, len(fields))
		for j, f := range fields {
			o[f.name] = values[j]
		}
		out[i] = o
	}
	return out
}

// asTable has the names once, in its first row.
func asTable(fields []asked, rows [][]any) [][]any {
	head := make([]any, len(fields))
	for i, f := range fields {
		head[i] = f.name
	}
	return append([][]any{head}, rows...)
}

// view is one torrent in one call: what takes more than its row is asked for once, and
// only if a field needs it.
type view struct {
	c *caller
	numbered
	err error

	files    *[]record.TorrentFile
	peers    *[]record.TorrentPeer
	trackers *[]record.TorrentTracker
	pieces   **record.Pieces
}

// once asks for something the first time. That the metainfo is not known yet is none
// of the things to fail for.
func once[T any](v *view, have **T, ask func(id string) (T, error)) T {
	if *have == nil {
		got, err := ask(v.t.ID)
		if err != nil && record.ProblemOf(err).Code != record.CodeConflict && v.err == nil {
			v.err = err
		}
		*have = &got
	}
	return **have
}

func (v *view) allFiles() []record.TorrentFile {
	return once(v, &v.files, v.c.cfg.Session.Files)
}

func (v *view) allPeers() []record.TorrentPeer {
	return once(v, &v.peers, v.c.cfg.Session.Peers)
}

func (v *view) allTrackers() []record.TorrentTracker {
	return once(v, &v.trackers, func(id string) ([]record.TorrentTracker, error) { return v.c.cfg.Session.Trackers(id, v.c.owner) })
}

// allPieces may be nil.
func (v *view) allPieces() *record.Pieces {
	return once(v, &v.pieces, v.c.cfg.Session.Pieces)
}
