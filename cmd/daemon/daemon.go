package daemon

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/session"
)

// Config is what a Daemon is started with.
type Config struct {
	// StateDir is the folder of the session, made if it is missing.
	StateDir string
	// Settings are the values that flags, environment, file and defaults give, each
	// with where it comes from. Roots are the folders outside of which nothing is
	// touched; there must be one. Dir may be empty: the first root.
	Settings record.Settings
	// Client is how the engine is set up: the network, the port, names, memory. The
	// limits come from Settings.
	Client torrent.Config
	// Loader reads what is added; Network and Agent are wanted. Addresses of our own
	// network are asked only if Inside has them.
	Loader job.Loader
	Inside []netip.Prefix
	// Rebuild makes entries of all torrents that the state folder knows and the session
	// does not.
	Rebuild bool
	// Log is told of each line, from any goroutine; nil: nobody is.
	Log func(record.Log)
}

// Daemon keeps torrents: those of its session, which it carries out on one
// torrent.Client. Its methods may be called from any goroutine; they are those of the
// API, see package api for what each promises.
type Daemon struct {
	parts   *parts
	intake  intake
	verbs   verbs
	views   views
	watcher *watcher
	syncs   *syncTimes
	id      string
	started time.Time

	cancel   context.CancelFunc
	stopping chan struct{} // closed by Shutdown
	stopOnce sync.Once
	closed   sync.Once
}

// ErrLocked says that another process has the session.
var ErrLocked = session.ErrLocked

// New opens the session and the port. Nothing runs before Run. The error wraps
// ErrLocked if another process has the session.
func New(cfg Config) (*Daemon, error) {
	all, err := openRoots(cfg.Settings.Roots.Value)
	if err != nil {
		return nil, err
	}
	cfg.Settings.Roots.Value = all
	if cfg.Settings.Dir.Value, err = all.place(cfg.Settings.Dir.Value); err != nil {
		return nil, err
	}
	if err := checkWatch(cfg.Settings.Watch.Value, all); err != nil {
		return nil, err
	}
	syncs := newSyncTimes()
	store, err := session.Open(filepath.Join(cfg.StateDir, "session"), session.Options{Synced: syncs.add, Rebuild: cfg.Rebuild})
	if err != nil {
		return nil, err
	}
	d, err := open(&cfg, all, store)
	if err != nil {
		store.Close()
		return nil, err
	}
	d.syncs = syncs
	return d, nil
}

// open makes the parts, and puts them together.
func open(cfg *Config, all roots, store *session.Store) (*Daemon, error) {
	now := time.Now()
	r, err := newRules(cfg.Settings, all, store.Settings(), now)
	if err != nil {
		return nil, fmt.Errorf("the settings in the session cannot be read: %w", err)
	}
	p := &parts{
		keyDir: cfg.Client.KeyDir, store: store, board: newBoard(now), log: newLogbook(cfg.Log), meter: new(meter), rules: r, roots: all,
		desk: newDesk(cfg.Loader, cfg.Inside), roster: newRoster(), papers: &papers{store: store}, tasks: new(tasks),
	}
	cfg.Client.Patient, cfg.Client.Wake, cfg.Client.Archive = true, p.wake, archive{p}
	cfg.Client.MaxChecks = r.get().Queue.MaxChecks.Value
	p.floor = newFloor(p)
	d := &Daemon{parts: p, intake: intake{p}, verbs: verbs{p}, views: views{p}, id: newServerID(), started: now.UTC(), stopping: make(chan struct{})}
	d.watcher = newWatcher(cfg.Settings.Watch.Value, p, &d.intake)
	p.ctx, d.cancel = context.WithCancel(context.Background())
	if p.client, err = torrent.NewClient(cfg.Client); err != nil {
		return nil, err
	}
	p.board.together(func() {
		for _, e := range store.Entries() {
			it := newItem(p, e.ID)
			p.roster.put(it, e.V2)
			it.show()
		}
	})
	d.intake.recover(p.ctx, cfg.Rebuild)
	return d, nil
}

func newServerID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Run carries on until ctx ends, or Shutdown or Close is called. It is called once, and
// followed by Close.
func (d *Daemon) Run(ctx context.Context) error {
	if !d.parts.tasks.enter() {
		return nil
	}
	defer d.parts.tasks.leave()
	defer d.watcher.start(ctx)()
	d.parts.floor.loop(ctx, d.stopping)
	return nil
}

// Shutdown begins the end, and does not wait for it: Run returns.
func (d *Daemon) Shutdown() { d.stopOnce.Do(func() { close(d.stopping) }) }

// Close stops all torrents, tells their trackers (2 s at most), writes what was
// counted and lets go of the session and the port.
func (d *Daemon) Close() error {
	var err error
	d.closed.Do(func() {
		d.Shutdown()
		d.parts.floor.sleepers.farewell()
		d.cancel()
		d.parts.tasks.close()
		d.parts.client.Close()
		d.parts.tasks.wg.Wait()
		d.parts.floor.measure(time.Now())
		d.parts.floor.write(time.Now())
		err = d.parts.store.Close()
	})
	return err
}
