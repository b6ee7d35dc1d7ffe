// Package swarm has the machines that decide about the peers of one torrent: whom to
// dial, whom to tell of whom, whom to serve, what to show of what we have, and who
// makes room. They do no I/O: they are told what happened and at what time, and
// return what is to be done. Package torrent owns one of each per torrent and carries
// out what they say.
//
//   - [Book] has the candidates: addresses at which peers may be.
//   - [PEX] is what peers are told of each other, and what is believed of it.
//   - [Hosts] tells hosts apart by their addresses, and peers by their ids; [Hosts.Shed]
//     says which connection makes room for another.
//   - [Seats] shares the connections of a process out among its torrents; there is one.
//   - [Choker] decides whom we upload to, and with how many at a time.
//   - [SuperSeed] decides what a seed admits to have, [Hints] what one suggests that
//     hides nothing.
//   - [Givers] counts the peers that gave something, [Rate] how fast.
//
// # Goroutines
//
// None, and no locks: a machine belongs to the goroutine that calls it, which is the
// loop of its torrent. Time comes as an argument, chance as a *rand.Rand, so that a
// test says both.
//
// # Limits
//
// Whatever a remote can make grow is bounded by a constant beside it, which names the
// attack that it answers.
package swarm
