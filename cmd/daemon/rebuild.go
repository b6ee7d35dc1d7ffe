package daemon

import (
	"context"
	"os"
	"path/filepath"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// recover tells what was wrong with the session when it was opened, and makes entries of
// metainfo that has none, if that is wanted.
func (n *intake) recover(ctx context.Context, rebuild bool) {
	if l := n.store.Loaded(); l.Damaged > 0 {
		n.log.write(levelError, "", "the session was damaged: %d bytes of it could not be read; copies are in the state folder", l.Damaged)
	}
	orphans := n.store.Orphans()
	if len(orphans) > 0 && !rebuild {
		n.log.write(levelError, "", "the session may have lost %d torrents; gotor serve --rebuild brings back what the state folder has of them", len(orphans))
		return
	}
	for _, id := range orphans {
		if err := n.adopt(ctx, id); err != nil {
			n.log.write(levelError, string(id), "it cannot be brought back: %v", err)
		}
	}
}

// adopt takes in a torrent of which there is only the metainfo. Its data is looked for
// under its name in the roots. It is paused: where nobody finds it, it must not be
// downloaded a second time.
func (n *intake) adopt(ctx context.Context, id session.ID) error {
	raw, err := n.store.Metainfo(id)
	if err != nil {
		return err
	}
	m, err := metainfo.Options{PortableNames: n.desk.loader.Portable}.Parse(raw)
	if err != nil {
		return err
	}
	_, _, err = n.add(ctx, record.Add{Raw: raw, Dir: n.roots.having(m.Name), Paused: true, Check: true})
	return err
}

// having is the root in which there is a file or folder of this name, perhaps
// unfinished; "" is the default.
func (r roots) having(name string) string {
	for _, root := range r {
		for _, there := range []string{name, name + ".part", "." + name + ".gotor"} {
			if _, err := os.Lstat(filepath.Join(root, there)); err == nil && filepath.IsLocal(there) {
				return root
			}
		}
	}
	return ""
}
