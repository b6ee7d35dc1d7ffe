// Package torrent is the control plane: a Client is the process, a Torrent one
// swarm.
package torrent
