// Package network is the one door to the network: what dials, listens and looks
// names up, of which family, by which interface and proxy, and the policy about
// addresses: where packets may go, whoever asks for them. It knows no torrents and
// no trackers; it is told who named a host, and judges the addresses that the name
// leads to, at the moment of use.
//
// A [Network] is the way out, the [System] the machine's own; [OfFamily] keeps one
// to a family. [Resolve] makes addresses of HOST:PORT.
//
// # The rules
//
// What the user names, a torrent of their own, or a server in a private network,
// may lead to private addresses: that is how people share inside a company and in
// CI. What a public server answers never does: redirects, peers, names that
// resolve inwards. [Classify] says what is private, also of addresses that carry
// an IPv4 address inside (mapped, NAT64, 6to4, Teredo). 169.254.0.0/16, where
// clouds have their metadata services, is never contacted, nor asked of a proxy.
//
// A [Policy] is who named something: the user, or a torrent. A [Door] is a Network
// behind it. A [Guard] holds the rules for one exchange, a request and its
// redirects; an [Exchange] is one over HTTP with its way out.
//
// # Goroutines and limits
//
// A dial starts one goroutine for each address that it tries at the same time, and
// waits for all of them before it returns. Of one name 8 addresses are tried; of
// the private hosts of one exchange 64 are remembered.
package network
