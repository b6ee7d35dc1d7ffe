package daemon

import (
	"context"
	"net/netip"
	"time"

	"gotor/cmd/record"
	"gotor/torrent/session"
)

// This file is what the daemon is to the API: each method is done by the part that it
// belongs to.

// List are all torrents.
func (d *Daemon) List() record.Listing { return d.parts.board.list() }

// Since is what has changed after a revision; false: it is too old, or not one of this
// run.
func (d *Daemon) Since(revision uint64) (record.Delta, bool) { return d.parts.board.since(revision) }

// Changed is the newest revision, and a channel that is closed when there is a newer.
func (d *Daemon) Changed() (revision uint64, next <-chan struct{}) { return d.parts.board.changed() }

// Milestones are those after a revision.
func (d *Daemon) Milestones(revision uint64) []record.Milestone {
	return d.parts.board.reached(revision)
}

// Torrent is one of them.
func (d *Daemon) Torrent(id string) (*record.Torrent, error) {
	it, err := d.parts.roster.named(id)
	if err != nil {
		return nil, err
	}
	if row := d.parts.board.get(string(it.id)); row != nil {
		return row, nil
	}
	return nil, gone(it.id)
}

// Trackers are those of a torrent, with their secrets if asked for.
func (d *Daemon) Trackers(id string, secrets bool) ([]record.TorrentTracker, error) {
	return d.views.trackers(id, secrets)
}

// WebSeeds are the web servers of a torrent.
func (d *Daemon) WebSeeds(id string) ([]record.WebSeed, error) { return d.views.webSeeds(id) }

// Settings are those that hold.
func (d *Daemon) Settings() record.Settings { return d.parts.rules.get() }

// History are the rates of the last seconds.
func (d *Daemon) History(seconds int) record.History {
	return d.parts.meter.history(seconds, time.Now())
}

// Logs are lines of the log.
func (d *Daemon) Logs(since uint64, level string, limit int) ([]record.Log, <-chan struct{}) {
	return d.parts.log.read(since, level, limit)
}

// Ready is nil, or why nothing can be promised now.
func (d *Daemon) Ready() error {
	if d.parts.closing() {
		return record.NewProblem(record.CodeNotReady, "the daemon stops")
	}
	if err := d.parts.store.Err(); err != nil {
		return unkept(err)
	}
	return nil
}

// ServerID is new with each run.
func (d *Daemon) ServerID() string { return d.id }

// Add takes in a torrent.
func (d *Daemon) Add(ctx context.Context, a record.Add) (t *record.Torrent, existing bool, err error) {
	return d.intake.add(ctx, a)
}

// Preview says what is inside a torrent, and where it would go.
func (d *Daemon) Preview(ctx context.Context, a record.Add) (record.Preview, error) {
	return d.intake.preview(ctx, a)
}

// Patch changes a torrent.
func (d *Daemon) Patch(ctx context.Context, id string, p record.Patch, revision uint64) (*record.Torrent, error) {
	return d.verbs.patch(ctx, id, p, revision)
}

// Remove takes a torrent out.
func (d *Daemon) Remove(ctx context.Context, id, data string) (record.Removed, error) {
	return d.verbs.remove(ctx, id, data)
}

// Pause stops a torrent until Start.
func (d *Daemon) Pause(ctx context.Context, id string) (*record.Torrent, error) {
	return d.verbs.pause(ctx, id)
}

// Start ends a pause or a failure.
func (d *Daemon) Start(ctx context.Context, id string, now bool) (*record.Torrent, error) {
	return d.verbs.start(ctx, id, now)
}

// Check hashes everything again.
func (d *Daemon) Check(ctx context.Context, id string) (*record.Torrent, error) {
	return d.verbs.check(ctx, id)
}

// Announce asks the trackers now.
func (d *Daemon) Announce(ctx context.Context, id string) (*record.Torrent, error) {
	return d.verbs.announce(ctx, id)
}

// Move takes the files of a torrent to another folder.
func (d *Daemon) Move(ctx context.Context, id string, m record.Move) (*record.Torrent, error) {
	return d.verbs.move(ctx, id, m)
}

// Rename gives a file or folder of a torrent another name.
func (d *Daemon) Rename(ctx context.Context, id string, r record.Rename) (*record.Torrent, error) {
	return d.verbs.rename(ctx, id, r)
}

// SetFiles says how much files are wanted.
func (d *Daemon) SetFiles(ctx context.Context, id string, p []record.FilePriority) error {
	return d.verbs.setFiles(ctx, id, p)
}

// SetTrackers sets the trackers of a torrent, instead of its own.
func (d *Daemon) SetTrackers(ctx context.Context, id string, tiers [][]string) error {
	_, err := d.verbs.patch(ctx, id, record.Patch{Trackers: record.Some(tiers)}, 0)
	return err
}

// SetWebSeeds sets the web servers of a torrent, instead of its own.
func (d *Daemon) SetWebSeeds(ctx context.Context, id string, urls []string) error {
	return d.verbs.setWebSeeds(ctx, id, urls)
}

// Files are those of a torrent.
func (d *Daemon) Files(id string) ([]record.TorrentFile, error) { return d.views.files(id) }

// Select are the files that a list names.
func (d *Daemon) Select(id, files string) ([]record.TorrentFile, error) {
	return d.views.selected(id, files)
}

// Pieces are what a torrent has, and what the swarm has.
func (d *Daemon) Pieces(id string) (*record.Pieces, error) { return d.views.pieces(id) }

// Metainfo is the .torrent.
func (d *Daemon) Metainfo(id string) ([]byte, error) { return d.views.metainfo(id) }

// Open opens a file, whole or not.
func (d *Daemon) Open(ctx context.Context, id string, file int) (record.Content, error) {
	return d.views.open(ctx, id, file)
}

// Peers are the connections of a torrent.
func (d *Daemon) Peers(id string) ([]record.TorrentPeer, error) { return d.views.peers(id) }

// AddPeers has addresses dialled.
func (d *Daemon) AddPeers(ctx context.Context, id string, peers []netip.AddrPort) (int, error) {
	return d.verbs.addPeers(ctx, id, peers)
}

// DropPeer ends a connection.
func (d *Daemon) DropPeer(ctx context.Context, id string, peer netip.AddrPort, ban time.Duration) error {
	return d.verbs.dropPeer(ctx, id, peer, ban)
}

// PatchSettings changes the settings.
func (d *Daemon) PatchSettings(ctx context.Context, p record.SettingsPatch, revision uint64) (record.Settings, error) {
	select {
	case <-d.parts.rules.turn:
		defer func() { d.parts.rules.turn <- struct{}{} }()
	case <-ctx.Done():
		return record.Settings{}, ctx.Err()
	}
	next, kept, err := d.parts.rules.patched(p, revision)
	if err != nil {
		return record.Settings{}, err
	}
	if err := d.parts.commit(ctx, session.Configure(kept)); err != nil {
		return record.Settings{}, err
	}
	s := d.parts.rules.adopt(next)
	d.parts.board.touch()
	d.parts.floor.poke(nil)
	return s, nil
}

// Rebase takes up settings that were read again: limits of rates, the queue, and how
// long is seeded. What requests have changed stays changed.
func (d *Daemon) Rebase(base record.Settings) {
	d.parts.rules.rebase(base)
	d.parts.board.touch()
	d.parts.floor.poke(nil)
}

// Repeated is what was kept under a key in the last day.
func (d *Daemon) Repeated(key string) (record.Repeat, bool) {
	o, ok := d.parts.store.Once(key, time.Now())
	return record.Repeat{Key: o.Key, Print: o.Print, Answer: o.Answer}, ok
}

// Repeat keeps an answer for a request that may be sent again.
func (d *Daemon) Repeat(ctx context.Context, r record.Repeat) error {
	return d.parts.commit(ctx, remember(r))
}

func remember(r record.Repeat) session.Op {
	return session.Remember(session.Once{Key: r.Key, Print: r.Print, Answer: r.Answer, At: time.Now().UTC()})
}

// Dirs lists folders.
func (d *Daemon) Dirs(path string) (record.Dirs, error) { return d.parts.roots.list(path) }
