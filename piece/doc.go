// Package piece is the data plane of a torrent: what we have, what we want,
// who has it, who was asked for it, and the memory it passes through.
package piece
