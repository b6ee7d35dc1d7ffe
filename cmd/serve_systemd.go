package cmd

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"

	"gotor/cmd/record"
	"gotor/cmd/ui"
)

// This file talks to systemd, where that has started us; elsewhere it does nothing.

// inherited are the listeners that systemd has opened for us (LISTEN_FDS).
func inherited() ([]net.Listener, error) {
	given, err := activation.Listeners()
	if err != nil {
		return nil, record.Errorf(record.ExitOther, "cannot use the sockets of systemd: %w", err)
	}
	var list []net.Listener
	for _, l := range given {
		if l == nil {
			for _, l := range list {
				l.Close()
			}
			return nil, record.Errorf(record.ExitUsage, "a socket of systemd is no stream; the daemon needs ListenStream=")
		}
		list = append(list, l)
	}
	return list, nil
}

// serveSession is what of a daemon systemd is told.
type serveSession interface {
	Changed() (uint64, <-chan struct{})
	Stats() record.Stats
}

// statusEvery is how often at most systemd is told how things stand.
const statusEvery = 5 * time.Second

// manager is systemd. Its goroutine begins with start and ends with stop; there is
// none where nobody wants to know.
type manager struct {
	session serveSession
	end     context.CancelFunc
	ended   chan struct{}
}

// startManager tells systemd that we are ready, and from then on how things stand and
// that we live.
func startManager(d serveSession) *manager {
	m := &manager{session: d}
	told, err := daemon.SdNotify(false, daemon.SdNotifyReady)
	if err != nil || !told {
		return m
	}
	alive, _ := daemon.SdWatchdogEnabled(false) // 0: it wants no sign of life
	ctx, cancel := context.WithCancel(context.Background())
	m.end, m.ended = cancel, make(chan struct{})
	go func() {
		defer close(m.ended)
		m.run(ctx, alive/2)
	}()
	return m
}

// run ends with ctx. alive is how often a sign of life is due; 0: never.
func (m *manager) run(ctx context.Context, alive time.Duration) {
	var beat <-chan time.Time
	if alive > 0 {
		t := time.NewTicker(alive)
		defer t.Stop()
		beat = t.C
	}
	status, pause := "", time.NewTimer(0)
	defer pause.Stop()
	var changed <-chan struct{}
	for {
		select {
		case <-pause.C:
			_, changed = m.session.Changed()
			stats := m.session.Stats()
			if now := statusText(&stats); now != status {
				status = now
				_, _ = daemon.SdNotify(false, "STATUS="+status)
			}
		case <-changed:
			changed = nil
			pause.Reset(statusEvery)
		case <-beat:
			// Who hangs with a lock held says nothing more, and is started anew.
			m.session.Stats()
			_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog)
		case <-ctx.Done():
			return
		}
	}
}

// reloading brackets a reading of settings.
func (m *manager) reloading(read func()) {
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReloading+"\n"+daemon.SdNotifyMonotonicUsec())
	read()
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady)
}

// stop says that we end, and waits for the goroutine.
func (m *manager) stop() {
	_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping)
	if m.end != nil {
		m.end()
		<-m.ended
	}
}

// statusText is how things stand, in one line.
func statusText(s *record.Stats) string {
	n := 0
	for _, of := range s.Torrents {
		n += of
	}
	text := fmt.Sprintf("%s, %d downloading, %s", ui.Count(n, "torrent"), s.Torrents[record.StateDownloading], ui.Rate(s.DownRate+s.UpRate))
	if s.Ready != "" {
		text += "; " + record.Safe(s.Ready)
	}
	return text
}

// inJournal reports whether stderr goes to systemd's journal, which knows the time.
func inJournal(getenv func(string) (string, bool)) bool {
	stream, _ := getenv("JOURNAL_STREAM")
	if stream == "" {
		return false
	}
	fi, err := os.Stderr.Stat()
	if err != nil {
		return false
	}
	return fi.Mode()&os.ModeSocket != 0
}
