// Package job is the way from what a user says to what the engine is told: it loads
// a source, selects files, decides where they go, says what they are to be compared
// with, and makes a [Job] of it, whose parts are handed to a torrent.Client. Who the
// user talks to, a command line or a program that listens, makes no difference:
// nothing here knows flags or prints.
//
//	src, err := loader.Open(ctx, arg)                       a file, a URL, stdin, a link
//	j := terms.Prepare(src)                                 peers, trackers, manners, seeding
//	wanted, err := choice.Wanted(src.Meta.Files, nil)       which files
//	digests, err := sums.Expect(src.Meta, wanted)           what they must be
//	j.Choose(wanted, nil)
//	j.ToFiles(src.Meta, destination, digests)               where they go
//
// Then client.Add takes j.Source and j.Lookup, and Begin takes j.Spec. Of a link the
// last four lines come when the torrent is known.
//
// The same user's folders ([StateDir], [CacheDir]) and file of settings
// ([ReadSettings]) are found and read here, too; what a setting means is for those
// who have flags.
//
// # Errors
//
// Every error has an exit code, see record.CodeOf, and is one line that names what
// the user wrote; where it was a flag of the command line, by that flag. Secrets in
// URLs are taken out by who prints an error.
//
// # Goroutines
//
// The package starts none, but for those of net/http while a source is fetched, which
// are over when Open returns.
//
// # Limits
//
// A source may have metainfo.MaxSize bytes (64 MiB). Fetching one takes at most 2
// minutes and 5 redirects, and what it may reach is judged by package network. A
// list of sources may have 16 MiB, and 64 KiB in a line; a file of settings 1 MiB; a
// file of digests 64 MiB.
package job
