package transmission

import (
	"context"

	"gotor/cmd/record"
)

// Session is what the handler is in front of; the methods are those of the API's, and
// do what is said there.
type Session interface {
	List() record.Listing
	Torrent(id string) (*record.Torrent, error)
	Trackers(id string, secrets bool) ([]record.TorrentTracker, error)
	WebSeeds(id string) ([]record.WebSeed, error)
	Files(id string) ([]record.TorrentFile, error)
	Peers(id string) ([]record.TorrentPeer, error)
	Pieces(id string) (*record.Pieces, error)
	Settings() record.Settings
	Stats() record.Stats
	Dirs(path string) (record.Dirs, error)

	Add(ctx context.Context, a record.Add) (t *record.Torrent, existing bool, err error)
	Patch(ctx context.Context, id string, p record.Patch, revision uint64) (*record.Torrent, error)
	Remove(ctx context.Context, id, data string) (record.Removed, error)
	Pause(ctx context.Context, id string) (*record.Torrent, error)
	Start(ctx context.Context, id string, now bool) (*record.Torrent, error)
	Check(ctx context.Context, id string) (*record.Torrent, error)
	Announce(ctx context.Context, id string) (*record.Torrent, error)
	Move(ctx context.Context, id string, m record.Move) (*record.Torrent, error)
	Rename(ctx context.Context, id string, r record.Rename) (*record.Torrent, error)
	SetFiles(ctx context.Context, id string, p []record.FilePriority) error
	SetTrackers(ctx context.Context, id string, tiers [][]string) error
	PatchSettings(ctx context.Context, p record.SettingsPatch, revision uint64) (record.Settings, error)
	Shutdown()
}
