// Package storage keeps the bytes of one torrent on disk: it maps offsets of the
// torrent to files, and holds what makes a download survive a crash.
//
// # Files
//
// All files lie under one target folder, which is opened as an os.Root. Folders
// below it are opened one component at a time, and neither folders nor files are
// opened through symbolic links, wherever those lead.
//
// An unfinished file has the suffix .part; Finish makes it durable and gives it
// its final name. A file that stands under its final name is compared, never
// written, unless Spec.Overwrite is set. Padding is never on disk. Bytes of
// files that are not wanted, but share pieces with wanted ones, are kept in one
// side file, also when a file of that name and another content is there. It may outlive
// the other state (Spec.KeepSide): without it nobody can verify the pieces at the edges of
// wanted files. Beside NAME lie
//
//	.NAME.gotor          the record: opaque to this package, with a checksum
//	.NAME.gotor.torrent  the metainfo
//	.NAME.gotor.parts    the side file
//	.NAME.gotor.files    which files are this download's, if there are several
//	.NAME.gotor.lock     locked while a Store is open for writing
//	.NAME.gotor.tmp      only while one of the others is being replaced
//	.NAME.gotor.move/    only while the download is moved to here, see Move
//
// Move takes all of that to another place, Remove off the disk; both are for downloads
// that nobody has open (estate.go).
//
// State of data that lies where nothing can be written (Spec.ReadOnly) is kept
// elsewhere: SaveState and LoadState.
//
// A NAME or file name too long for a suffix is cut and ends in part of its hash.
//
// # Parts
//
// A Store wires these, each of which knows only what is above it: target (folders),
// lookout (changes by others), files (where bytes lie, and the way to open them),
// renamer (final names), state (record, metainfo, lock), side (the side file),
// syncer (what is durable), mover (what lives in the side file). A file or
// folder to open has a slot in a cache, which is a Store's share of Descriptors.
//
// # Order
//
// The caller writes pieces with WriteVec, calls Sync, and only then SaveRecord
// with a claim to these pieces: so the record never claims what a power cut can
// take away. RemoveState ends it. With Spec.NoSync nothing is
// synced; order then holds against kill -9, not against a power cut.
//
// # Changes by others
//
// The Store keeps a Mark of each file: what it looked like after our last write,
// or when the caller found out what it holds (Renew, then Trust). Each write
// looks before and after, each ServeAt after it has read, Sync and Finish at what
// stands under the name: what differs is on the list of Changed, has no Mark for
// a record, is not given away, and does not get its final name. Not seen are
// changes during one of our own writes, or that put size and time back. On disks
// that are not known to be local, and on Windows, no look is taken between the
// writes of one file: there, a change in between is seen at the next Sync only by
// another size or file.
//
// # Goroutines and limits
//
// One goroutine per writing Store starts write-back early (Linux): Open starts
// it, Close ends it and waits. Sync and Finish use up to 8 and wait for them. No
// lock is held across reads and writes of data, but that writers of the side
// file wait while it is replaced. Open descriptors: what
// Descriptors allow all Stores that share them, up to four per Store for its
// folders and its lock, and one more for each call at work. Memory follows the number of files, about 300 bytes each and their paths.
package storage
