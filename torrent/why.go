package torrent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// This file is what a download says of the reasons why it waits, or waited in
// vain.

// peerCounts is how the peers that are connected stand with a download; see
// Snapshot.
type peerCounts struct {
	peers, seeds             int
	choking, lacking, silent int
}

// countPeers counts them now.
func (t *Torrent) countPeers() (n peerCounts) {
	n.peers = len(t.lookup.waiters)
	t.peers.count(&n)
	return n
}

// whyLonely turns a lack of peers into the failure of all trackers, where that
// is the reason.
func (t *Torrent) whyLonely(err error) error {
	if why := t.noMirror(); why != nil && errors.Is(err, ErrNoPeers) {
		if err == errNobody {
			return why // which is why
		}
		return fmt.Errorf("%w: %w", why, err)
	}
	if !errors.Is(err, ErrNoPeers) || len(t.announces.begun()) == 0 || t.peers.everConnected || t.peers.book.Size() > 0 {
		return err
	}
	if why := t.noTracker(); why != nil {
		return fmt.Errorf("%w: %w", why, err)
	}
	return err
}

// trackersFailed is an ErrNoTracker that says something better than that none
// could be reached.
type trackersFailed struct{ text string }

func (e *trackersFailed) Error() string        { return e.text }
func (e *trackersFailed) Is(target error) bool { return target == ErrNoTracker }

// noTracker says why no tracker was of use; nil if one was.
func (t *Torrent) noTracker() error {
	var said []string
	pending := false
	for _, s := range t.announces.status() {
		switch {
		case s.LastOK:
			return nil
		case s.Reached:
			if s.Err != "" && len(said) < fewServers && !slices.Contains(said, s.Err) {
				said = append(said, s.Err)
			}
		case s.Err == "":
			pending = true
		}
	}
	switch {
	case said != nil:
		return &trackersFailed{fmt.Sprintf("no tracker serves this torrent (%s)", strings.Join(said, "; "))}
	case pending:
		return &trackersFailed{"no tracker answered"}
	}
	return ErrNoTracker
}
