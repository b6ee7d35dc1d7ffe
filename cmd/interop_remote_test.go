//go:build interop && linux

package cmd_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gotor/cmd/record"
)

// testRemote drives gotor serve with transmission-remote, and looks with gotor's
// own API and on the disk whether what it asked for has come true.
func testRemote(t *testing.T, l *lab) {
	l.need(t, "transmission-remote")
	for name, run := range map[string]func(*served, *swarm){
		"transfer": remoteTransfer,
		"wishes":   remoteWishes,
		"data":     remoteData,
		"session":  remoteSession,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddTree()})
			run(s.serve(), s)
		})
	}
}

// remote runs transmission-remote, which must be content.
func (d *served) remote(args ...string) string {
	d.t.Helper()
	out, err := d.tryRemote(args...)
	if err != nil {
		d.t.Fatalf("transmission-remote %q: %v\n%s", args, err, out)
	}
	return out
}

// refuses runs transmission-remote, which must be told no, in some words.
func (d *served) refuses(why string, args ...string) {
	d.t.Helper()
	out, _ := d.tryRemote(args...)
	if !strings.Contains(out, "Error:") || !strings.Contains(out, why) {
		d.t.Errorf("transmission-remote %q should be told %q, and not\n%s", args, why, out)
	}
}

func (d *served) tryRemote(args ...string) (string, error) {
	d.t.Helper()
	argv := append([]string{d.lab.path("transmission-remote"), d.host.addr(apiPort), "-n", "x:" + apiToken}, args...)
	out, err := d.host.command(d.t.TempDir(), argv...).CombinedOutput()
	if err == nil && strings.Contains(string(out), "Error:") {
		err = errors.New("it says that there is an error")
	}
	return string(out), err
}

// shows runs transmission-remote, which must print all of some texts.
func (d *served) shows(args []string, texts ...string) {
	d.t.Helper()
	out := d.remote(args...)
	for _, text := range texts {
		if !strings.Contains(out, text) {
			d.t.Errorf("transmission-remote %q does not print %q:\n%s", args, text, out)
		}
	}
}

// is fails the test unless a value is what a command should have made it.
func is[T comparable](d *served, what string, got, want T) {
	d.t.Helper()
	if got != want {
		d.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// remoteTransfer downloads, slowly enough to be looked at, and from a link.
func remoteTransfer(d *served, s *swarm) {
	seed := s.seed(libtorrent{})
	d.remote("-d", "100")
	is(d, "max_down", look[record.Settings](d, "/settings").MaxDown.Value, 100_000)
	dir := filepath.Join(d.roots[0], "new")
	d.remote("--start-paused") // a setting, even beside -a
	d.remote("-a", s.torrent, "-w", dir)
	d.remote("--no-start-paused")
	row := d.row(s.hash)
	is(d, "paused", row.Paused, true)
	is(d, "dir", row.Dir, dir)
	d.reaches(s.hash, record.StatePaused)

	d.remote("-t", "1", "-s")
	until(d.t, "bytes come", func() bool { return d.row(s.hash).Verified > 0 }, d.proc, seed)
	d.shows([]string{"-l"}, s.payload.name, "Down")
	d.shows([]string{"-t", "all", "-i"}, s.hash.String(), "Location: "+dir, "State: Downloading", "Piece Size: 256.0 KiB", "Public torrent: Yes")
	d.shows([]string{"-t", s.hash.String(), "-f"}, "(8 files)", s.payload.name+"/日本語/ファイル.bin", "Normal   Yes")
	d.shows([]string{"-t", "1", "-if"}, s.payload.name+"/a/b/c/big.dat", "3.00 MB")
	d.shows([]string{"-t", "1", "-ip"}, "10.88.0.3", "libtorrent", "100.0")
	d.shows([]string{"-t", "1", "-pi"}, "10.88.0.3")
	d.shows([]string{"-t", "1", "-ic"}, "0")
	d.shows([]string{"-t", "1", "-it"}, "Tracker 0: "+d.trackerAddr(s), "Got a list of")

	d.remote("-t", "1", "-S")
	d.reaches(s.hash, record.StatePaused)
	d.shows([]string{"-t", "active", "-l"}, s.payload.name)
	d.remote("-t", "1", "-s")
	d.remote("-D")
	is(d, "max_down", look[record.Settings](d, "/settings").MaxDown.Value, 0)
	d.done(s, dir)
	d.shows([]string{"-t", "1", "-i"}, "Percent Done: 100%", "State: ")

	d.remote("-t", "1", "--reannounce") // opentracker's min interval keeps it from being told at once

	d.remote("-t", "1", "-r")
	is(d, "removed", d.has(s.hash), false)
	s.payload.same(d.t, dir)

	d.remote("-a", s.magnet(), "-w", d.roots[1])
	d.done(s, d.roots[1])
	d.shows([]string{"-l"}, " 2 ", "100%") // numbers are not used twice
	d.remote("-t", s.hash.String(), "-rad")
	is(d, "removed", d.has(s.hash), false)
	if left := list(d.t, d.roots[1]); len(left) > 0 {
		d.t.Errorf("left on the disk: %q", left)
	}
	d.refuses("", "-a", "/no/such.torrent")
	d.refuses("outside", "-a", s.torrent, "-w", "/etc")
	is(d, "added", d.has(s.hash), false)
}

func (d *served) trackerAddr(s *swarm) string { return s.tracker.host.addr(trackerPort) }

func (d *served) trackers(s *swarm) []record.TorrentTracker {
	d.t.Helper()
	return look[[]record.TorrentTracker](d, "/torrents/"+s.hash.String()+"/trackers")
}

// remoteWishes changes what a torrent is to be, without a peer.
func remoteWishes(d *served, s *swarm) {
	d.remote("--start-paused")
	d.remote("-a", s.torrent, "-G", "0-2", "-ph", "4")
	want := func(what, priorities string) {
		d.t.Helper()
		is(d, what, strings.Join(d.priorities(s.hash), " "), priorities)
	}
	want("added", "skip skip skip normal high normal normal normal")
	d.remote("-t1", "-g", "1,2")
	want("-g 1,2", "skip normal normal normal high normal normal normal")
	d.remote("-t1", "-G", "5")
	want("-G 5", "skip normal normal normal high skip normal normal")
	d.remote("-t1", "-g", "all")
	want("-g all", "normal normal normal normal high normal normal normal")
	d.remote("-t1", "-pl", "1", "-ph", "7", "-pn", "4")
	want("priorities", "normal low normal normal normal normal normal high")
	d.shows([]string{"-t1", "-f"}, "Low", "High", "Normal")

	d.remote("-t1", "-d", "50", "-u", "60")
	is(d, "limits", d.row(s.hash).Limits, record.RateLimits{MaxDown: 50_000, MaxUp: 60_000})
	d.shows([]string{"-t1", "-i"}, "Download Limit: 50 kB/s", "Upload Limit: 60 kB/s")
	d.remote("-t1", "-D", "-U")
	is(d, "limits", d.row(s.hash).Limits, record.RateLimits{})

	d.remote("-t1", "-sr", "1.5")
	goal := d.row(s.hash).Seed
	if goal.Mode != "limits" || goal.Ratio == nil || *goal.Ratio != 1.5 {
		d.t.Errorf("-sr 1.5: %+v", goal)
	}
	d.remote("-t1", "-SR")
	if goal := d.row(s.hash).Seed; goal.Ratio == nil || *goal.Ratio != 0 {
		d.t.Errorf("-SR: %+v", goal)
	}
	d.remote("-t1", "-srd")
	is(d, "-srd", d.row(s.hash).Seed.Mode, "default")

	d.remote("-t1", "-L", "films,holiday")
	is(d, "labels", strings.Join(d.row(s.hash).Labels, " "), "films holiday")
	d.shows([]string{"-t1", "-i"}, "Labels: films, holiday")

	d.remote("-t1", "-td", "http://10.88.0.9/announce")
	is(d, "trackers", len(d.trackers(s)), 2)
	d.remote("-t1", "-tr", "0")
	if all := d.trackers(s); len(all) != 1 || all[0].URL != "http://10.88.0.9/announce" {
		d.t.Errorf("-tr 0: %+v", all)
	}
	for _, passedOver := range []string{"-Bh", "-Bn", "-Bl", "-hl", "-HL"} {
		d.remote("-t1", passedOver)
	}
	d.remote("-t1", "-pr", "20")
}

// remoteData finds damage, moves data and looks for it elsewhere.
func remoteData(d *served, s *swarm) {
	s.seed(libtorrent{})
	d.remote("-a", s.torrent)
	d.done(s, d.roots[0])

	name := filepath.Join(s.payload.name, "a/b/c/big.dat")
	blank(d.t, filepath.Join(d.roots[0], name), 1<<18, func(i int64) bool { return i == 5 })
	d.remote("-t1", "-v")
	until(d.t, "the damage is repaired", func() bool {
		b, err := os.ReadFile(filepath.Join(d.roots[0], name))
		want, _ := os.ReadFile(filepath.Join(s.data, name))
		return err == nil && string(b) == string(want)
	}, d.proc)
	d.done(s, d.roots[0])

	moved := filepath.Join(d.roots[1], "there")
	d.remote("-t1", "--move", moved)
	until(d.t, "it is there", func() bool { r := d.row(s.hash); return r.Dir == moved && r.State == record.StateSeeding }, d.proc)
	s.payload.same(d.t, moved)
	if left := list(d.t, d.roots[0]); len(left) > 0 {
		d.t.Errorf("left where it was: %q", left)
	}
	d.refuses("outside", "-t1", "--move", "/etc")

	found := filepath.Join(d.roots[0], "found")
	must(d.t, os.CopyFS(found, os.DirFS(s.data)))
	d.remote("-t1", "--find", found)
	until(d.t, "it was found", func() bool { r := d.row(s.hash); return r.Dir == found && r.State == record.StateSeeding }, d.proc)
	d.shows([]string{"-t1", "-i"}, "Location: "+found, "Percent Done: 100%")
	s.payload.same(d.t, found)
	s.payload.same(d.t, moved) // nothing of it was touched
}

// remoteSession changes settings, and ends the daemon.
func remoteSession(d *served, s *swarm) {
	settings := func() record.Settings { d.t.Helper(); return look[record.Settings](d, "/settings") }
	d.shows([]string{"-si"}, "Daemon version: gotor", "Download directory: "+d.roots[0], "Distributed hash table enabled: No",
		"Listenport: "+strconv.Itoa(peerPort), "Peer exchange allowed: Yes")
	d.shows([]string{"-st"}, "CURRENT SESSION", "TOTAL", "Started 1 times")

	d.remote("-u", "300", "-d", "400")
	now := settings()
	is(d, "max_up", now.MaxUp.Value, 300_000)
	is(d, "max_down", now.MaxDown.Value, 400_000)
	d.shows([]string{"-si"}, "Upload speed limit: 300 kB/s", "Download speed limit: 400 kB/s")
	d.remote("-U", "-D")
	now = settings()
	is(d, "max_up", now.MaxUp.Value, 0)
	is(d, "max_down", now.MaxDown.Value, 0)

	d.remote("-asd", "50", "-asu", "20")
	if o := settings().Override.Value; o != nil {
		d.t.Errorf("numbers alone switch the alternative limits on: %+v", o)
	}
	d.remote("-as")
	if o := settings().Override.Value; o == nil || o.MaxDown != 50_000 || o.MaxUp != 20_000 {
		d.t.Errorf("-as: %+v", o)
	}
	d.remote("-AS")
	if o := settings().Override.Value; o != nil {
		d.t.Errorf("-AS: %+v", o)
	}
	d.remote("-asc", "--alt-speed-time-begin", "0800", "--alt-speed-time-end", "1830", "--alt-speed-days", "1-5")
	want := []record.Slot{{Days: "mon,tue,wed,thu,fri", From: "08:00", To: "18:30", MaxDown: 50_000, MaxUp: 20_000}}
	if got := settings().Schedule.Value; !slices.Equal(got, want) {
		d.t.Errorf("schedule: %+v, want %+v", got, want)
	}
	d.remote("-ASC")
	is(d, "-ASC", len(settings().Schedule.Value), 0)

	d.remote("-gsr", "2.5")
	now = settings()
	is(d, "mode", now.Seed.Mode.Value, "limits")
	is(d, "ratio", now.Seed.Ratio.Value, 2.5)
	d.remote("-GSR")
	is(d, "mode", settings().Seed.Mode.Value, "forever")

	dir := filepath.Join(d.roots[1], "films")
	d.remote("-w", dir)
	is(d, "dir", settings().Dir.Value, dir)
	d.remote("--start-paused")
	d.remote("-a", s.torrent)
	is(d, "paused", d.row(s.hash).Paused, true)
	is(d, "dir", d.row(s.hash).Dir, dir)
	d.remote("--no-start-paused")

	// What is so already may be asked for; what cannot be is refused.
	for _, so := range []string{"-M", "-O", "-x", "-Y", "--no-utp", "-C", "-et", "--no-torrent-done-script", "--no-trash-torrent"} {
		d.remote(so)
	}
	d.remote("-p", strconv.Itoa(peerPort))
	d.remote("-e", "8")
	d.remote("-pr", "100")
	for _, not := range [][]string{{"-m"}, {"-o"}, {"-X"}, {"-y"}, {"--utp"}, {"-er"}, {"-p", "1"}, {"-c", "/tmp"}, {"--torrent-done-script", "/bin/true"}} {
		d.refuses("gotor serve", not...)
	}
	d.refuses("gotor has not", "-pt")
	d.refuses("gotor has not", "--blocklist-update")

	wrong := d.host.command(d.t.TempDir(), d.lab.path("transmission-remote"), d.host.addr(apiPort), "-n", "x:wrong", "-l")
	if out, _ := wrong.CombinedOutput(); !strings.Contains(string(out), "Unexpected response") && !strings.Contains(string(out), "Unauthorized") {
		d.t.Errorf("with a wrong token: %s", out)
	}
	d.remote("--exit")
	is(d, "exit code", d.wait(d.t), 0)
}
