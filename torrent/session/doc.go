// Package session keeps what must survive a power cut: which torrents there are, what
// was asked for, and how far they are.
package session
