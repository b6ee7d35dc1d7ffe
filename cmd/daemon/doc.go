// Package daemon keeps torrents: it carries out on a torrent.Client what a session
// says, for a front end that asks for it. A Daemon is put together from parts that have
// their own state:
//
//   - board: what everybody may see, as rows with revisions, and what has happened
//   - intake, desk: what is added, from a .torrent, a link or a URL, or after a loss
//   - roster, item: who is there; and one torrent, awake or asleep
//   - run: one stay of a torrent in the engine; in its swarm, or for readers alone
//   - content: an open file of a torrent, whatever becomes of that meanwhile
//   - floor: who is awake, by the one loop of the daemon
//   - watcher: the folders whose torrents are added by themselves
//   - verbs, views: what is done to a torrent, and what is seen of its inside
//   - rules, roots: the settings, and the folders that may be touched
//   - meter, logbook: what has moved, and what was said
//
// What was asked for is in the session before it is answered: a verb commits first, and
// then says that something is new. Whoever is concerned looks at the entry and follows
// it. So there is no order in which things must be said, and a start after a power cut
// is like any other.
//
// # Sleep
//
// A torrent that is paused, waits for its turn, or has been given away for long enough
// is an item and no more: a struct and the entry in the session. Its metainfo is on the
// disk.
//
// # Goroutines
//
//   - floor.loop: one, in Run
//   - watcher.run: one, and one of fsnotify's, from Run until it returns; none without
//     folders to watch
//   - run.live: one per torrent that is awake; started by item.start, ends when the
//     torrent has let go of everything in the engine
//   - item.later: at most one per torrent, for an errand that waits for the disk
//   - sleepers.begin: at most 64, each for one announce of a torrent that sleeps
//   - sleepers.part: one per torrent that seeds asleep no more, for 15 s at most
//   - sleepers.farewell: at most 64 in Close, which they hold up for 1.5 s at most
//
// All but the watcher's and those of farewell are counted in tasks. Close ends and
// waits for all of them.
//
// # Limits
//
// 4,096 removals and as many milestones are remembered, 10,000 lines of the log, and
// the rates of 3,600 seconds. A torrent has at most 200 trackers, 1,000 peers, 100 web
// seeds and 64 labels that a user names.
package daemon
