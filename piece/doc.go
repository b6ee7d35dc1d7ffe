// Package piece is the data plane of a torrent: what we have and want, who has
// it, who was asked for it, and the memory that it passes through.
//
// # Use
//
// A Manager is made for one torrent from a Layout, the Digest of each piece and
// a Store. A connection calls Join, tells what the remote says (SetBitfield,
// SetHave, Choked, ...), asks with Pick for blocks to request, and for each
// piece message does Claim, reads the payload into the Slab, and Commit. When
// the last block of a piece is committed a worker hashes it, writes it with one
// Store.WriteVec and reports to Config.OnPiece. What a connection must do
// because of another's deeds it hears from its Hooks. Check re-checks bytes
// that are on disk already.
//
// # Parts
//
// A Layout alone turns offsets into pieces. The Manager has the lock, the jobs
// of its workers and the buffers; behind it are values that know nothing of
// those:
//
//   - ledger is what is known, told by the Manager's calls. Its parts are wants
//     (pieces that are ours, wanted and to be started, with their order), begun
//     (pieces with some of their blocks), requests, fellows (leechers that share
//     the work with us), blame (evidence against liars) and heads (where readers
//     wait).
//   - picker chooses what to ask a peer for, and runs what to ask a server for.
//     They read the ledger and note there what is asked.
//   - after is what is to be done about it: whom to wake, what to cancel, which
//     memory goes back.
//
// # The monitor
//
// Manager is a monitor: one mutex, and under it no I/O, no hashing, no hook, no
// waiting. What a call has to do outside is collected (type after) and done
// when the lock is released. Pool has a mutex of its own, a leaf. Lock order:
// Manager.mu, Pool.mu; two managers are never locked at a time.
//
// Pick, Claim and Commit allocate nothing and their cost does not depend on the
// number of pieces. A piece that is not begun is 15 bytes in flat arrays, see
// order; a piece that is begun (active) has 16 bytes for each block; a request
// is an entry in an arena; a peer's pieces are one bit each, and a seed is only
// counted.
//
// # What is asked of whom
//
// Rarest first, by buckets of availability within each priority, ties at random;
// until four pieces are verified, random pieces, finished together. With
// Sequential or a window, by index within each priority; see head.go and
// kinds.go. What somebody reads meanwhile comes first; see readhead.go. A peer
// goes on with the piece it works on, then takes up what others left, then
// begins a new piece if the budget has room, else helps; see picker.choose.
// Contiguous blocks go to one peer in order. When all is asked for, blocks whose
// holders are slow are asked of a peer that is at least twice as fast, of three
// peers at most; the first copy wins and Hooks.Cancel calls off the others.
//
// Leechers that know each other share out what only seeds have, see fellows;
// servers are asked for long runs, see runs. What the rules were measured to do
// is in docs/measured.md.
//
// A piece that fails its hash names its giver if there was one. Otherwise it is
// fetched again from one peer alone (parole); see blame.
//
// # Memory
//
// A Pool is a budget of 16 KiB slabs, shared by the managers of a process.
// Pick takes the share of each block it hands out, so requests are never
// outstanding for more than can be stored, and memory is taken from the free
// list when the block arrives. A slab has one owner: the reader between Claim
// and Commit or Abort, then the piece, then its worker, then the free list. A
// second hand-over panics; nothing that comes from the network leads there. A
// small budget can slow a download, never stop it: see Pool.relieve.
//
// # Goroutines
//
//   - NewWorkers starts n workers; Workers.Close ends them and waits.
//     Manager.Close waits for the jobs of that manager.
//   - Check starts CheckConfig.Workers goroutines, and a coroutine for
//     CheckConfig.Pieces; it returns when all have ended.
//
// Everything else runs on its caller's goroutine. Time is passed in: Pick and
// Commit take it, and Tick is to be called about once a second.
//
// # Limits
//
// 2,097,152 pieces of up to 512 MiB, 65,535 peers. State beyond the budget is
// bounded by: 16 MiB for the blocks of pieces begun, 1.3 MiB of evidence
// against liars, for each peer one bit a piece, its pipeline, and 256 cancelled
// requests.
package piece
