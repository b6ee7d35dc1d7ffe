// Package piece is the data plane of a torrent: what we have and want, who has
// it, who was asked for it, and the memory that it passes through.
//
// # Use
//
// A Manager is made for one torrent from a Layout, the SHA-1 of each piece and
// a Store. A connection calls Join, tells what the remote says (SetBitfield,
// SetHave, Choked, ...), asks with Pick for blocks to request, and for each
// piece message does Claim, reads the payload into the Slab, and Commit. When
// the last block of a piece is committed a worker hashes it, writes it with one
// Store.WriteVec and reports to Config.OnPiece. What a connection must do
// because of another's deeds it hears from its Hooks. Check re-checks bytes
// that are on disk already.
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
// # Who gives what
//
// Rarest first, by buckets of availability within each priority, ties at
// random; until four pieces are verified, random pieces, finished together.
// With Sequential or a window, by index. A peer goes on with the piece it
// works on, then takes up what others left, then begins a new piece if the
// budget has room, else helps; see choose. Contiguous blocks go to one peer in
// order. When all is asked for, blocks whose holders are slow are asked of a
// peer that is at least twice as fast, of three peers at most; the first copy
// wins and Hooks.Cancel calls off the others.
//
// In a window, which is how streams are fetched, everything waits for the piece
// that is to be written next. So peers that are slow are asked for what is not due
// before they bring it, nobody for more than half a second of work, and a fast one
// also for what is missing of that piece when it is late; see head.go. When the
// window is full, peers wait: with duplicates of all that is on the way, 10 slow
// peers beside 3 fast ones made a stream take a third longer than files, and
// without a tenth.
//
// # The swarm's time
//
// A file that only one seed has is in every leecher's hands no sooner than that
// seed can send it once. What it sends twice is time lost for all, and two
// leechers that pick at random pick alike often enough: with 8 leechers and 256
// pieces a seed sends 1.25 copies, with 100 leechers 1.4. So leechers that know
// each other's peer ids (Identify) share out among them what only seeds have;
// see fellows.go and fresh.go:
//
//   - A seed is asked for pieces that no leecher has, as long as there are any.
//   - Each such piece ranks the leechers by a hash of both (rendezvous hashing),
//     and each leecher asks for those that rank it first. It takes them by
//     falling hash. One that has run out helps those that it comes second to,
//     then third, from the other end: by rising hash.
//   - Where others are in this order can be foreseen. The next three pieces of
//     a leecher that lately showed a piece nobody had are left to it.
//   - When nothing but such pieces is left, or so few that the seeds give them
//     within moments, a seed is left alone: its uplink is busy with others, and
//     what they get from it comes by way of them. That holds only as long as
//     they show new pieces, and leechers give us more than seeds do, so that no
//     seed is idle that could be of use.
//   - Nobody is asked for more than half a second of work beyond the round trip.
//     With two seconds, as suits a lone source, much of what one leecher could
//     give stands in line at others, and a tenth to a quarter of the uplinks of
//     a swarm of 100 is idle. For the same reason a newcomer is asked for 128
//     KiB only.
//   - A leecher that others are asked for everything of, so that it would stand
//     idle, is asked for what a much slower one has not brought within a second.
//     In a young swarm with mixed lines most of what there is stands in line at
//     slow uplinks: of 200 leechers in the first 12 seconds 60 % of the uplinks
//     were busy, and 85 % so.
//
// Of more than 16 leechers only those count that a seed is seen to feed: most
// are choked by it, and pieces reserved for them would mix up the rest. Leechers
// of another kind that ignore all this cost nothing but their own duplicates.
//
// In the simulation of swarm_sim_test.go, times the bound of Kumar and Ross
// (2006), and copies sent by the seed, 64 MiB in pieces of 256 KiB, all uplinks
// alike: 8 leechers 1.25 before, 1.05 after (1.05 copies); with news that comes
// late and streams that share unfairly 1.08; 100 leechers with 8 slots 1.42
// before, 1.19 after; with 4 slots 1.18, with 16 slots 1.28, with 30 slots 1.61. Step by step, 8
// leechers: ranks 1.10, short lines and seeds left alone 1.08, foresight 1.05.
// What did not help: a quarter of a second of work, remembering for longer than
// five seconds whom a seed fed, and ranking no more than 64 pieces.
// The first five seconds of 100 leechers, until everybody has something to
// give, are what is left. It costs at most 4,096 hashes for a piece begun at a
// seed, and nothing without fellows or in order.
//
// # Servers
//
// A web server has everything and is best asked for long stretches. JoinWeb
// makes a peer of it, Reserve gives it a run of pieces side by side, Next hands
// out the blocks of the run as the bytes come; see run.go. Reserved pieces are
// off the list, and peers that find nothing else take them from the end of the
// run. Alone, a server is asked from a random place on, for four times as much as
// before each time; beside seeds for some seconds of work. Beside leechers it is
// asked for a MiB at a time of what none of them has, shared out by rendezvous
// hashing as above, and for nothing while they have all that is missing and give
// it faster. In the simulation of TestWebFleet of package torrent, a server whose
// line and those of 20 clients that begin together are alike sends 1.4 copies and
// all are done in 1.5 times what one alone needs; of 100 clients 1.8 copies, 1.8
// times.
//
// # Blame
//
// A piece that fails its hash names its giver if there was one. Otherwise who
// gave which block is kept with a keyed digest of each, and the piece is
// fetched again from one peer alone (parole); when a good copy is there, the
// blocks that differ name the liars.
//
// # Memory
//
// A Pool is a budget of 16 KiB slabs, shared by the managers of a process.
// Pick takes the share of each block it hands out, so requests are never
// outstanding for more than can be stored, and memory is taken from the free
// list when the block arrives. A slab has one owner: the reader between Claim
// and Commit or Abort, then the piece, then its worker, then the free list. A
// second hand-over panics; nothing that comes from the network leads there.
//
// Half the budget is for requests, in proportion to what the peers deliver
// (fairDepth), and new pieces are begun only while all that are begun fit in
// three quarters of it, so normally each can be completed in memory. It cannot
// be so when a piece is larger than that, or when peers have no piece in
// common with what is begun. Then, when the finished blocks of pieces that are
// not complete fill half of the budget and a peer finds none left, those of the
// least advanced piece are spilled: a worker writes them to the Store, frees
// their slabs, and reads them back when the piece is complete.
//
// Pool.Reserve makes memory elsewhere count in the budget: verified pieces that
// wait for the reader of a stream. Half of it always stays.
//
// While more than an eighth of the budget (at least two pieces) waits for the
// workers, no more is handed out: it would not be verified any sooner.
//
// That this never deadlocks: every unit of budget that is in use belongs to
//
//   - a request, which the peer answers, rejects, voids by a choke, loses by
//     being snubbed, or takes along when it leaves. Or to a reader's slab,
//     which comes back with Commit or Abort;
//   - a piece that a worker has. Workers wait for nothing but the Store;
//   - a peer as credit that it was woken for; it picks, or Tick, a choke or
//     Leave takes the credit back;
//   - a finished block of a piece that is not complete.
//
// Only the last kind can stay for ever. If everything begun fits in the
// budgets of its managers, these blocks leave room for all that are missing.
// If not, as soon as they are more than half of the budget, the manager that
// holds most of them spills, whoever is short (Pool.relieve); as long as they
// are less, the other half is of the kinds that come back. So budget comes back
// again and again, peers waiting for it are served in order, and each of them
// can be given a block of a piece that it has, begun or new.
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
