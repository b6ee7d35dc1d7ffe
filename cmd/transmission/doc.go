// Package transmission speaks the RPC of Transmission in front of a Session, so that
// programs that drive Transmission drive gotor: transmission-remote, desktop and phone
// remotes, Sonarr and its like, Home Assistant, libraries.
//
// Both dialects are there: the old one (rpc-version 17: "arguments", "result", "tag",
// camelCase and kebab-case), and JSON-RPC 2.0 with snake_case (18, which is 6.0.0).
// Names are understood in any spelling, in either dialect; answers are spelled as the
// dialect has it, and fields of torrent-get and session-get as they were asked for.
//
// What gotor has no idea of has the value of "none", and cannot be set: an error says
// so where somebody would miss it (scripts, encryption, the port), and it is passed over
// where it is only a wish (priorities of bandwidth, limits of peers).
//
// # Access
//
// Who may talk to it, and under which Host, is decided before a request comes here.
// Here is the session id (409), which keeps web pages out: a page cannot send that
// header to another origin.
//
// # Goroutines
//
// The package starts none.
//
// # Limits
//
// A request may have 1 MiB, or 90 MiB with a .torrent in it, four of these at a time;
// a batch may have 100 calls. Removed torrents are remembered for a minute, 1,000 at
// most.
package transmission
