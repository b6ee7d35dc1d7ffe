package torrent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// This file is what a download says of the reasons why it waits, or waited in
// vain.

// peerCounts is how the peers that are connected stand with a download; see
// Snapshot.
type peerCounts struct {
	peers, seeds             int
	choking, lacking, silent int
}

// whyLonely turns a lack of peers into the failure of all trackers, where that
// is the reason.
func whyLonely(t *Torrent, err error) error {
	if why := noMirror(t); why != nil && errors.Is(err, ErrNoPeers) {
		if err == errNobody {
			return why // which is why
		}
		return fmt.Errorf("%w: %w", why, err)
	}
	if !errors.Is(err, ErrNoPeers) || t.announces.announcer == nil || t.peers.everConnected || t.peers.book.Size() > 0 {
		return err
	}
	if why := t.announces.useless(); why != nil {
		return fmt.Errorf("%w: %w", why, err)
	}
	return err
}

// trackersFailed is an ErrNoTracker that says something better than that none
// could be reached.
type trackersFailed struct{ text string }

func (e *trackersFailed) Error() string        { return e.text }
func (e *trackersFailed) Is(target error) bool { return target == ErrNoTracker }

// useless says why no tracker was of use; nil if one was.
func (a *announces) useless() error {
	var said []string
	pending := false
	for _, s := range a.status() {
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

// forlorn reports whether the servers have failed and nobody else is left who can
// have what is missing.
func forlorn(t *Torrent, now time.Time) bool {
	return t.web.failed() && !t.finished && alone(t) && !t.disco.hope(now)
}

// forlornAt is when forlorn may become true although nothing happens; zero: never.
func forlornAt(t *Torrent, now time.Time) time.Time {
	if d := &t.disco; t.web.failed() && now.Before(d.localUntil) {
		return d.localUntil
	}
	return time.Time{}
}

// noMirror says that there are servers, that none of them works, what is missing
// and what they said; nil otherwise, and also when nobody but the torrent named
// them and there are peers that could not be reached.
func noMirror(t *Torrent) error {
	if t.peers.connected() > 0 || len(t.source.Mirrors) == 0 && (t.peers.everConnected || t.peers.book.Size() > 0) {
		return nil
	}
	said := t.web.said()
	if said == "" {
		return nil
	}
	return fmt.Errorf("%w%s: %s", ErrNoMirror, t.held.missing(), said)
}

// fewFiles is how many of them an error names.
const fewFiles = 3

// listed is a list of which more are left out.
func listed(items []string, more int, sep string) string {
	if more > 0 {
		items = append(items, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(items, sep)
}
