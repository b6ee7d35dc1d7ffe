// Package remote is the client of a daemon: its API as Go calls, over the daemon's
// unix socket or a URL. What the daemon refuses is a *record.Problem, which knows its
// exit code; that no daemon answers at all is record.ExitFetch.
//
// The package starts no goroutines of its own; a [Client] may be used by several.
// Connections are made by the function that it is given.
//
// # Limits
//
// An answer is at most 64 MiB, an error 1 MiB, and an event 32 MiB. A call ends after
// a minute, one that has the daemon fetch or delete something after three, and a
// stream that says nothing for a minute is taken up again. An answer that leads
// elsewhere is not followed: the token would go with it.
package remote
