// Package session keeps what must survive a power cut: which torrents there are, what
// was asked for, and how far they are. It also has the machines that decide about many
// torrents, without carrying anything out: Queue (whose turn it is), Schedule (which
// limits hold) and Pace (who is announced next).
//
// # Files
//
// The folder of a session belongs to one Store at a time, which locks it:
//
//	snapshot      all of a session at one moment
//	journal       what has changed since, appended
//	HASH.torrent  the metainfo of an entry, written once
//	lock          locked while a Store is open
//	incomplete    metainfo without an entry is not removed: entries may be missing
//	*.damaged     what could not be read to its end, as it was found
//
// Snapshot and journal are frames: length, CRC-32C, kind, ID, content in JSON. A frame is
// one Commit, so that it happened whole or not at all. The end of a journal that a power
// cut has left half written is cut off; after damage elsewhere the next frame is looked
// for, and Loaded tells of it. When the journal is four times as long as the snapshot,
// both are written anew.
//
// # Promises
//
// A Commit that returned nil is there after kill -9 and after a power cut. A write or a
// sync that has failed makes the journal one that is not trusted any more: nobody knows
// which of its pages are on disk. From then on every Commit is refused (ErrUnwritable)
// until a new snapshot of all that was promised is durable, which is tried again after 1
// to 30 seconds, and at each Commit. What is counted (Tally, Totals, records) is written
// together, at most a minute later, and by Close.
//
// # Goroutines
//
// Open starts one, which writes; Close ends it and waits for it. It sleeps while nothing
// changes. The functions given to Update and Options.Synced are called from it.
//
// # Limits
//
// An Entry has at most 1 MiB of JSON, a record 11 MiB, metainfo 64 MiB, settings 1 MiB, a
// Commit 16 MiB; 10,000 answers are kept, a day each; a file of more than 4 GiB is not
// read. What is read passes the same checks as what callers say. A sync takes 256 commits
// or 4 MiB at most. Everything but metainfo is in memory, about 1 KB for an entry.
package session
