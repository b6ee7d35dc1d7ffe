// Package network is the policy about addresses: where packets may go, whoever
// asks for them. It knows no torrents and no trackers; it is told who named a
// host, and judges the addresses that the name leads to.
//
// # The rules
//
// What the user names, a torrent of his own, or a server in a private network,
// may lead to private addresses: that is how people share inside a company and in
// CI. What a public server answers never does: redirects, peers, names that
// resolve inwards. [Classify] says what is private, also of addresses that carry
// an IPv4 address inside (mapped, NAT64, 6to4, Teredo). 169.254.0.0/16, where
// clouds have their metadata services, is never contacted, nor asked of a proxy.
//
// A [Guard] holds the rules for one exchange: a request and its redirects. A
// [Dialer] connects to what it allows.
//
// # Goroutines
//
// Dialer starts one for each address that it tries at the same time, and waits
// for all of them before it returns.
package network
