// Package webseed makes an HTTP server play the peer's part: of a torrent whose
// files lie on a web server (BEP 19, url-list), or behind a script that gives
// pieces (BEP 17, httpseeds).
//
// # Use
//
// A Seed is made for one server and one torrent. Run joins the piece.Manager as
// a peer that has everything, and gives it blocks until its context ends or the
// server fails; the *Error that it returns then says whether, and when, to come
// again. Another Run goes on with what was learned: redirects, files that are
// not there, a server that cannot do ranges.
//
// # One request, many pieces
//
// The manager reserves a run of pieces (Manager.Reserve), and the Seed asks for
// all bytes of it that lie in one file with one request. Payload is read
// from the response's body straight into the slabs of the manager, a block at a
// time. While no slab can be had nothing is read, and TCP slows the server. At
// most one request of a Seed is open at a time, on one connection that is kept.
//
// A server that answers a range with the whole file is used all the same, when
// nobody else gives anything: from the start of the file, leaving out what we
// have.
//
// # What a server may do to us
//
// What a server says about the body is held against what was asked: range and
// length of the file. What contradicts it ends the request; what only looks odd
// is let through, as hashes decide. Nothing is read beyond what was asked. A silent server is left after
// stallTime. Wrong bytes are found by their hash; the manager names Config.Addr
// then, and the caller decides. Redirects are followed up to maxRedirects, over
// Config.Dial only, which holds the policy about addresses. What the user wants
// to be sent along (Config.Header, a password in the URL) goes to the origin of
// the URL and nowhere else, and is in no error.
//
// # Goroutines
//
// Run uses that of its caller. A timer looks for silence while a request is
// open, and package net/http has its own two for a connection; Close ends those
// of idle ones.
package webseed
