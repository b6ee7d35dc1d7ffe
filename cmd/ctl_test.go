package cmd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"gotor/cmd/record"
)

// ctl runs a verb on a made-up daemon.
func (d *toyDaemon) ctl(t *testing.T, args ...string) (code int, out, talk string) {
	t.Helper()
	f := newFake("")
	f.env["GOTOR_SOCKET"] = d.socket
	code = f.gotor(t, append([]string{"ctl"}, args...)...)
	checkOutput(t, strings.Join(args, " "), f.stdout.String())
	checkOutput(t, strings.Join(args, " "), f.stderr.String())
	return code, f.stdout.String(), f.stderr.String()
}

// Each verb asks for what it should, prints objects of the schema with --json, and
// lets nothing of a stranger reach the terminal.
func TestCtlVerbs(t *testing.T) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	schema, err := newSchemaChecker()
	noErr(t, err)
	for _, c := range []struct {
		args  string
		asked []string
		want  string // on stdout
		talk  string // on stderr
	}{
		{"ls", []string{}, "evil\\x1b", ""},
		{"ls state:seeding label:x two words", []string{}, "aaaaaaaa  seeding", ""},
		{"show a.iso", []string{"GET /torrents/" + a}, "state        seeding", ""},
		{"pause a.iso bbbbbbbb", []string{"POST /torrents/" + a + "/pause {}", "POST /torrents/" + b + "/pause {}"}, "", "a.iso: paused"},
		{"start --now a.iso", []string{"POST /torrents/" + a + `/start {"now":true}`}, "", "started"},
		{"check a.iso", []string{"POST /torrents/" + a + "/check {}"}, "", "checked"},
		{"rm --data a.iso", []string{"DELETE /torrents/" + a}, "", "2 files deleted, 5 B freed"},
		{"move a.iso /srv", []string{"POST /torrents/" + a + `/move {"dir":"/srv"}`}, "", "moves to /srv"},
		{"set a.iso max-up=1K seed_ratio=2.5 labels=x,y name=default high=0-2 skip=*.nfo", []string{
			"PATCH /torrents/" + a + `/files [{"files":"0-2","priority":"high"},{"files":"*.nfo","priority":"skip"}]`,
			"PATCH /torrents/" + a + ` {"name":null,"labels":["x","y"],"limits":{"max_up":1024},"seed":{"ratio":2.5}}`,
		}, "", "changed"},
		{"files a.iso", []string{"GET /torrents/" + a + "/files"}, "b\\x1b.txt", ""},
		{"peers a.iso", []string{"GET /torrents/" + a + "/peers"}, "evil\\x1b[2J", ""},
		{"trackers a.iso", []string{"GET /torrents/" + a + "/trackers"}, "1m30s  http://t/***: no\\x1b", ""},
		{"link a.iso 1", []string{"POST /torrents/" + a + "/files/1/links {}"}, "/files/1/content", ""},
		{"link --ttl 1h a.iso", []string{"GET /torrents/" + a + "/files", "POST /torrents/" + a + `/files/2/links {"ttl":3600}`}, "/files/2/content", ""},
		{"open a.iso 1", []string{"POST /torrents/" + a + "/files/1/links {}"}, "/files/1/content", ""},
		{"health", []string{"GET /readyz"}, "ok\n", ""},
		{"settings", []string{"GET /settings"}, "max-up         1.0 MiB/s  flag, fixed", ""},
		{"settings max-down=1M max-seeds=3 override={\"max_down\":0,\"max_up\":0,\"until\":\"2026-01-02T00:00:00Z\"}",
			[]string{`PATCH /settings {"max_down":1048576,"override":{"max_down":0,"max_up":0,"until":"2026-01-02T00:00:00Z"},"queue":{"max_seeds":3}}`}, "max-up", ""},
		{"token rotate --read", []string{`POST /token {"read":true}`}, "brand-new\n", ""},
		{"login", []string{"POST /session/code"}, "http://t/#code=once\n", ""},
		{"stop", []string{"POST /shutdown?until=ended {}"}, "", ""},
		{"stop --no-wait", []string{"POST /shutdown {}"}, "", ""},
	} {
		for _, asJSON := range []bool{false, true} {
			d := newToyDaemon(t, toyTorrent("a", "a.iso", "seeding"), toyTorrent("b", "evil\x1b[2J", "paused"))
			d.removed = record.Removed{RemovedFiles: 2, Freed: 5, Left: []string{"/srv/x\x1b"}}
			d.files = []record.TorrentFile{{Index: 0, Path: "a", Length: 1, Priority: "normal"}, {Index: 2, Path: "b\x1b.txt", Length: 9, Priority: "normal"}}
			args := strings.Fields(c.args)
			if asJSON {
				args = append(args, "--json")
			}
			code, out, talk := d.ctl(t, args...)
			if code != 0 || !asJSON && (!strings.Contains(out, c.want) || !strings.Contains(talk, c.talk)) {
				t.Errorf("ctl %s: exit code %d\n%s%s", args, code, out, talk)
			}
			if diff := cmp.Diff(c.asked, append([]string{}, d.requests()...)); diff != "" {
				t.Errorf("ctl %s asks for other things: %s", args, diff)
			}
			if asJSON && out == "" && !strings.HasPrefix(c.args, "stop") {
				t.Errorf("ctl %s prints no object", args)
			}
			for line := range strings.Lines(out) {
				if err := schema.checkLine(line); asJSON && err != nil {
					t.Errorf("ctl %s: %v: %s", args, err, line)
				}
			}
		}
	}
}

// What is wrong before a daemon is asked.
func TestCtlUsage(t *testing.T) {
	d := newToyDaemon(t, toyTorrent("a", "a.iso", "seeding"), toyTorrent("b", "a.iso", "seeding"))
	for args, want := range map[string]string{
		"":                               "no command given",
		"lst":                            "did you mean gotor ctl ls?",
		"nonsense":                       "see gotor ctl --help",
		"token":                          "gotor ctl token rotate",
		"token rotat":                    "did you mean gotor ctl token rotate?",
		"pause":                          "needs at least one ID",
		"move a.iso":                     "needs ID and DIR",
		"pause nobody":                   "no torrent is called",
		"pause a.iso":                    "means 2 torrents",
		"pause abc":                      "eight digits",
		"rm --data --partial aaaaaaaa":   "choose one",
		"ls state:sleeping":              "no state",
		"ls state:":                      "needs a value",
		"ls label:a label:b":             "given twice",
		"set aaaaaaaa speed=3":           "no setting of a torrent",
		"set aaaaaaaa max-up=fast":       "not a rate",
		"set aaaaaaaa max-up":            "has no = in it",
		"set aaaaaaaa queue=first":       "not a number",
		"set aaaaaaaa paused=1 paused=1": "given twice",
		"set aaaaaaaa seed-ratio=-1":     "not a ratio",
		"set aaaaaaaa trackers=ftp://h":  "tracker",
		"settings schedule=[":            "not the JSON",
		"link aaaaaaaa first":            "not the index of a file",
		"health --url ftp://h":           "not the URL of a daemon",
		"add --name x a.torrent b":       "--name is for one torrent",
		"add --max-up fast x":            "not a rate",
		"watch --interval soon":          "not a duration",
	} {
		code, out, talk := d.ctl(t, strings.Fields(args)...)
		if code != record.ExitUsage || out != "" || !strings.Contains(talk, want) || strings.Count(talk, "\n") != 1 {
			t.Errorf("ctl %s: exit code %d, %s%s; want %s", args, code, out, talk, want)
		}
	}
}

// Of several, each is tried, and the first that failed has the exit code.
func TestCtlGoesOn(t *testing.T) {
	d := newToyDaemon(t, toyTorrent("a", "a.iso", "seeding"), toyTorrent("b", "b.iso", "seeding"), toyTorrent("c", "c.iso", "seeding"))
	d.refuse["POST /torrents/"+strings.Repeat("a", 40)+"/start"] = record.NewProblem(record.Reason(record.ExitNoSpace), "no room")
	d.refuse["POST /torrents/"+strings.Repeat("b", 40)+"/start"] = record.NewProblem(record.CodeConflict, "it moves")
	code, _, talk := d.ctl(t, "start", "a.iso", "b.iso", "c.iso")
	if want := "gotor: a.iso: no room\ngotor: b.iso: it moves\nc.iso: started\n"; code != record.ExitNoSpace || talk != want {
		t.Errorf("exit code %d, %s", code, talk)
	}
}

func TestCtlHealth(t *testing.T) {
	d := newToyDaemon(t)
	d.refuse["GET /readyz"] = record.NewProblem(record.CodeNotReady, "the state folder is full")
	for _, args := range [][]string{{"health"}, {"health", "--json"}} {
		code, out, talk := d.ctl(t, args...)
		if code != record.ExitOther || !strings.Contains(talk, "the state folder is full") || strings.Contains(out, "ok\n") {
			t.Errorf("%s: exit code %d, %s%s", args, code, out, talk)
		}
	}
	d.socket += "-of-nobody"
	if code, _, talk := d.ctl(t, "health"); code != record.ExitFetch || !strings.Contains(talk, "start one with gotor serve") {
		t.Errorf("no daemon: exit code %d, %s", code, talk)
	}
}

// Events are passed on one per line, and go on after the connection was lost.
func TestCtlWatch(t *testing.T) {
	d := newToyDaemon(t)
	d.events = []string{
		"retry: 1\n\nevent: hello\nid: 1\ndata: {\"revision\":1}\n\n",
		"event: torrent\nid: 2\ndata: {\"what\":\"added\",\"name\":\"\x1b\\u001b\"}\n\n", // no JSON: it has a bare escape
	}
	code, out, talk := d.ctl(t, "watch")
	if want := `{"v":1,"event":"hello","id":"1","data":{"revision":1}}` + "\n"; code != record.ExitOther || out != want ||
		!strings.Contains(talk, "warning: the daemon at") || !strings.Contains(talk, "no JSON") {
		t.Errorf("exit code %d, %q, %s", code, out, talk)
	}
}

// The tabulator offers what the daemon has, once.
func TestCtlCompletes(t *testing.T) {
	d := newToyDaemon(t, toyTorrent("a", "a.iso", "seeding"), toyTorrent("b", "evil\x1b", "seeding"))
	for args, want := range map[string]string{
		"pause ":              "aaaaaaaaaaaa\ta.iso\nbbbbbbbbbbbb\tevil\\x1b\n:4\n",
		"pause aaaaaaaaaaaa ": "bbbbbbbbbbbb\tevil\\x1b\n:4\n",
		"move a.iso ":         ":16\n",
		"files a.iso ":        ":4\n",
		"add ":                "torrent\n:8\n",
	} {
		f := newFake("")
		f.env["GOTOR_SOCKET"] = d.socket
		f.gotor(t, append([]string{cobra.ShellCompRequestCmd, "ctl"}, strings.Split(args, " ")...)...)
		if got := f.stdout.String(); got != want {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
	f := newFake("")
	f.env["GOTOR_SOCKET"] = d.socket + "-of-nobody"
	f.gotor(t, cobra.ShellCompRequestCmd, "ctl", "pause", "")
	if got := f.stdout.String(); got != ":4\n" {
		t.Errorf("without a daemon: %q", got)
	}
}

// A .torrent is read here, whoever the daemon runs as.
func TestCtlAdd(t *testing.T) {
	d := newToyDaemon(t, toyTorrent("a", "a.iso", "downloading"))
	f := newFake(torrentWith())
	f.env["GOTOR_SOCKET"] = d.socket
	if code := f.gotor(t, "ctl", "add", "--label", "x", "--paused", "--files", "0-2", "--files", "re:a,b", "-"); code != 0 || f.stdout.String() != strings.Repeat("a", 40)+"\n" {
		t.Errorf("exit code %d, %s%s", code, f.stdout.String(), f.stderr.String())
	}
	got := fmt.Sprint(d.requests())
	for _, want := range []string{"POST /torrents", `"files":"0-2,re:a,b"`, `"paused":true`, `"labels":["x"]`, torrentWith()} {
		if !strings.Contains(got, want) {
			t.Errorf("the request has no %q: %s", want, got)
		}
	}
	f = newFake("no torrent")
	f.env["GOTOR_SOCKET"] = d.socket
	if code := f.gotor(t, "ctl", "add", "-"); code != record.ExitMalformed {
		t.Errorf("what is no torrent: exit code %d", code)
	}
}
