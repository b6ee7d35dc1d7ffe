// Package metainfo reads, checks and makes .torrent files: version 1 (BEP 3),
// version 2 (BEP 52) and hybrids of both.
//
// [Parse] takes a whole .torrent file.
// What comes back has been checked: piece length, sizes, hash counts and
// offsets agree, paths are clean and distinct, URLs have a scheme gotor
// speaks. What cannot be true of a usable torrent is an [Error]; an optional
// key of the wrong type is left out and becomes one of Torrent.Warnings.
//
// Info-hashes are taken over the raw bytes of the info dictionary, never over
// something encoded again. Nothing of the size of the content is copied:
// Torrent.Info and the piece hashes alias the input, so a torrent of a million
// pieces parses with a few small allocations.
//
// [CleanName] is the one function that turns a name from outside into a name
// on disk; every path of a Torrent has gone through it, and through a renaming
// of clashes ("x.1.txt") that takes linear time and depends on nothing but the
// torrent, so that a resumed download finds its files.
//
// Version 2 torrents are read and checked whole, piece layers included, but
// cannot be downloaded yet: Torrent.CanDownload says so. Hybrids are refused
// unless their two file lists agree; they download by their version 1 part, and
// so may lack piece layers, which are no part of an info dictionary.
//
// [Create] makes a version 1 torrent from a file or a directory.
//
// # Goroutines
//
// Create starts one hashing goroutine per worker (by default one per core);
// they end when all pieces are hashed, one fails or the context is cancelled,
// and Create waits for them. Nothing else starts any, and there is no state
// outside the values returned.
//
// # Limits
//
// See limits.go; each has the reason beside it.
package metainfo
