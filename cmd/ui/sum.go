package ui

import (
	"fmt"
	"time"

	"gotor/torrent"
)

// overall is the state of a run of several rows, under a name that counts them.
// What is complete counts with what runs, so that nothing on display ever goes
// back when a row ends. guess is how many bytes those may have that nobody knows
// the size of yet: of others to come, and of links. Each is taken to be as large
// as the others are on average.
func overall(t board) (all torrent.Snapshot, guess int64) {
	all = torrent.Snapshot{State: torrent.StateDownloading, Wanted: t.bytes, Verified: t.bytes}
	states := map[torrent.State]int{}
	given := 0.0 // bytes, in earlier runs too
	known := t.complete
	for _, r := range t.rows {
		s := r.Snapshot()
		states[s.State]++
		given += s.Ratio * float64(s.Wanted)
		if s.Wanted > 0 {
			known++
		}
		addUp(&all, &s)
	}
	switch len(t.rows) {
	case states[torrent.StateMetadata]:
		all.State = torrent.StateMetadata
	case states[torrent.StateChecking] + states[torrent.StateQueued]:
		all.State = torrent.StateChecking
	case states[torrent.StateSeeding]:
		all.State = torrent.StateSeeding
		all.Wanted -= t.bytes // the ratio is that of those that are here
	}
	if all.Wanted > 0 { // of bytes, not the mean of ratios: small torrents would decide
		all.Ratio = given / float64(all.Wanted)
	}
	if unknown := t.total - t.failed - known; known > 0 && unknown > 0 {
		guess = int64(float64(all.Wanted) / float64(known) * float64(unknown))
	}
	// While a size is unknown nobody can tell when it will be over.
	if left := all.Wanted - all.Verified; guess == 0 && left > 0 && all.DownRate > 0 {
		all.ETA = time.Duration(float64(left) / float64(all.DownRate) * float64(time.Second))
	}
	all.Name = boardName(t, all.State)
	return all, guess
}

// boardName counts the rows.
func boardName(t board, state torrent.State) string {
	if state == torrent.StateSeeding {
		return Count(len(t.rows), "torrent")
	}
	name := fmt.Sprintf("%d of %d done", t.complete, t.total)
	if t.failed > 0 {
		name += fmt.Sprintf(", %d failed", t.failed)
	}
	return name
}

// addUp adds the figures of one row.
func addUp(all, s *torrent.Snapshot) {
	all.Wanted += s.Wanted
	all.Verified += s.Verified
	all.Checked += s.Checked
	all.ToCheck += s.ToCheck
	all.Downloaded += s.Downloaded
	all.DownRate += s.DownRate
	all.UpRate += s.UpRate
	all.Uploaded += s.Uploaded
	all.Peers += s.Peers
	all.Choking += s.Choking
	all.Lacking += s.Lacking
	all.Silent += s.Silent
	all.Interested += s.Interested
	all.Unchoked += s.Unchoked
	all.Known += s.Known
	all.Dialing += s.Dialing
	all.MetadataPeers += s.MetadataPeers
	all.MetadataGot += s.MetadataGot
	all.MetadataSize += s.MetadataSize
	all.Tried += s.Tried
	all.Local += max(s.Local, 0)
	all.DHT.Used = all.DHT.Used || s.DHT.Used
	all.DHT.Nodes = max(all.DHT.Nodes, s.DHT.Nodes) // they are those of the process
	all.DHT.Found += s.DHT.Found
	all.Trackers = append(all.Trackers, s.Trackers...)
	all.PeerErrors = append(all.PeerErrors, s.PeerErrors...)
	all.WebSeeds = append(all.WebSeeds, s.WebSeeds...)
}
