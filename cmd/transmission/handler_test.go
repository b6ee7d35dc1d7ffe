package transmission

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/record"
)

// newServer is a handler over a made-up session. Whoever asks with the header X-Read
// may only look; with X-Local it came over the socket.
func newServer(t *testing.T) (*fake, *Handler) {
	f := newFake()
	return f, New(Config{
		Session: f, Version: "1.0", Now: day,
		Owner: func(r *http.Request) bool { return r.Header.Get("X-Read") == "" },
		Local: func(r *http.Request) bool { return r.Header.Get("X-Local") != "" },
	})
}

// post sends a request with the right session id and returns the answer.
func post(t *testing.T, h *Handler, body string, header ...string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/transmission/rpc", strings.NewReader(body))
	r.Header.Set(idHeader, h.id)
	for _, name := range header {
		r.Header.Set(name, "1")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// same compares two texts of JSON.
func same(t *testing.T, got, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatalf("%v in %s", err, want)
	}
	if d := cmp.Diff(b, a); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// A request without the session id is told it, also a GET.
func TestSessionID(t *testing.T) {
	f, h := newServer(t)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodHead} {
		for _, id := range []string{"", "wrong"} {
			r := httptest.NewRequest(method, "/transmission/rpc", strings.NewReader(`{"method":"session-close"}`))
			r.Header.Set(idHeader, id)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusConflict || w.Header().Get(idHeader) != h.id || w.Header().Get(versionHeader) != "6.0.0" {
				t.Errorf("%s %q: %d %v", method, id, w.Code, w.Header())
			}
		}
	}
	if asked := f.taken(); asked != nil {
		t.Errorf("carried out: %v", asked)
	}
	r := httptest.NewRequest(http.MethodGet, "/transmission/rpc", nil)
	r.Header.Set(idHeader, h.id)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET with the id: %d", w.Code)
	}
}

// The two dialects, and what is neither.
func TestDialects(t *testing.T) {
	_, h := newServer(t)
	for _, tt := range []struct{ name, body, want string }{
		{"old", `{"method":"torrent-get","arguments":{"ids":1,"fields":["id","hashString","file-count","downloadDir","unheard-of"]},"tag":7}`,
			`{"result":"success","tag":7,"arguments":{"torrents":[{"id":1,"hashString":"` + hash(1) + `","file-count":2,"downloadDir":"/data"}]}}`},
		{"old, other spelling", `{"method":"torrent_get","arguments":{"ids":["` + strings.ToUpper(hash(2)) + `"],"fields":["hash_string"]}}`,
			`{"result":"success","arguments":{"torrents":[{"hash_string":"` + hash(2) + `"}]}}`},
		{"new", `{"jsonrpc":"2.0","method":"torrent_get","params":{"ids":[1,99],"fields":["id","peers_from"]},"id":"a"}`,
			`{"jsonrpc":"2.0","id":"a","result":{"torrents":[{"id":1,"peers_from":{"from_cache":0,"from_dht":1,"from_incoming":0,"from_lpd":0,"from_ltep":0,"from_pex":0,"from_tracker":0}}]}}`},
		{"table", `{"method":"torrent-get","arguments":{"format":"table","fields":["id","name"]}}`,
			`{"result":"success","arguments":{"torrents":[["id","name"],[1,"half"],[2,"whole.bin"],[3,"link"]]}}`},
		{"active", `{"method":"torrent-get","arguments":{"ids":"recently-active","fields":["id"]}}`,
			`{"result":"success","arguments":{"torrents":[{"id":1}],"removed":[]}}`},
		{"batch", `[{"jsonrpc":"2.0","method":"group_get","id":1},{"jsonrpc":"2.0","method":"torrent_stop","params":{"ids":[1]}},{"jsonrpc":"2.0","method":"nothing","id":2}]`,
			`[{"jsonrpc":"2.0","id":1,"result":{"group":[]}},{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"method name not recognized","data":{"error_string":"method name not recognized"}}}]`},
		{"unknown method, old", `{"method":"nothing","tag":1}`, `{"result":"method name not recognized","arguments":{},"tag":1}`},
		{"no port test", `{"method":"port-test"}`, `{"result":"gotor has not got a test of the port","arguments":{}}`},
		{"nothing", `{}`, `{"result":"method name not recognized","arguments":{}}`},
		{"wrong arguments", `{"jsonrpc":"2.0","method":"torrent_get","params":[],"id":1}`,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"the arguments are no object","data":{"error_string":"the arguments are no object"}}}`},
		{"wrong version", `{"jsonrpc":"1.0","method":"torrent_get","id":1}`,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"jsonrpc must be 2.0","data":{"error_string":"jsonrpc must be 2.0"}}}`},
		{"no JSON", `{`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"the request is not JSON","data":{"error_string":"the request is not JSON"}}}`},
		{"empty batch", `[]`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a batch has 1 to 100 requests","data":{"error_string":"a batch has 1 to 100 requests"}}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, got := post(t, h, tt.body)
			if code != http.StatusOK {
				t.Fatalf("status %d: %s", code, got)
			}
			same(t, got, tt.want)
		})
	}
	if code, got := post(t, h, `{"jsonrpc":"2.0","method":"torrent_stop","params":{"ids":[1]}}`); code != http.StatusNoContent || got != "" {
		t.Errorf("a notification: %d %q", code, got)
	}
}

// Each change, as the session is asked for it.
func TestChanges(t *testing.T) {
	long := base64.StdEncoding.EncodeToString([]byte("raw"))
	for _, tt := range []struct {
		method, args string
		want         []string
	}{
		{"torrent-start", `{"ids":[1,2]}`, []string{"start 1 now=false", "start 2 now=false"}},
		{"torrent-start-now", `{"ids":1}`, []string{"start 1 now=true"}},
		{"torrent-stop", `{}`, []string{"pause 1", "pause 2", "pause 3"}},
		{"torrent-stop", `{"ids":[77]}`, nil},
		{"torrent-verify", `{"ids":"` + hash(2) + `"}`, []string{"check 2"}},
		{"torrent-reannounce", `{"ids":[2]}`, []string{"announce 2"}},
		{"torrent-remove", `{"ids":[2],"delete-local-data":true}`, []string{"remove 2 data=true"}},
		{"torrent-remove", `{"ids":[2],"delete_local_data":0}`, []string{"remove 2 data=false"}},
		{"torrent-set", `{"ids":[1],"downloadLimit":50,"downloadLimited":true}`, []string{"patch 1 down=50000 up=-"}},
		{"torrent-set", `{"ids":[1],"downloadLimit":50}`, nil}, // it is off, and stays so
		{"torrent-set", `{"ids":[2],"uploadLimit":50.0}`, []string{"patch 2 down=- up=50000"}},
		{"torrent-set", `{"ids":[2],"uploadLimited":false}`, []string{"patch 2 down=- up=0"}},
		{"torrent-set", `{"ids":[1],"seedRatioLimit":2.5,"seedRatioMode":1}`, []string{"patch 1 mode=limits ratio=2.5 idle=null"}},
		{"torrent-set", `{"ids":[2],"seedRatioMode":2,"seedIdleMode":2}`, []string{"patch 2 mode=forever ratio=0 idle=0"}},
		{"torrent-set", `{"ids":[2],"seedRatioMode":0}`, []string{"patch 2 mode=limits ratio=null idle=600"}},
		{"torrent-set", `{"ids":[1],"labels":["a","b"]}`, []string{"patch 1 labels=[a b]"}},
		{"torrent-set", `{"ids":[1],"sequential_download":true}`, []string{"patch 1 sequential=true"}},
		{"torrent-set", `{"ids":[1],"files-wanted":[1]}`, []string{"files 1 [{2 normal}]"}},
		{"torrent-set", `{"ids":[1],"files-unwanted":[0],"files-wanted":[]}`, []string{"files 1 [{2 normal} {0 skip}]"}},
		{"torrent-set", `{"ids":[1],"priority-high":[0,1]}`, []string{"files 1 [{0 high}]"}},
		{"torrent-set", `{"ids":[1],"files-wanted":[1],"priority-low":[1]}`, []string{"files 1 [{2 low}]"}},
		{"torrent-set", `{"ids":[1],"location":"/data/x"}`, []string{"move 1 /data/x"}},
		{"torrent-set", `{"ids":[1],"bandwidthPriority":1,"peer-limit":10}`, nil},
		{"torrent-set", `{"ids":[1],"trackerAdd":["http://new.example/announce"]}`,
			[]string{`trackers 1 [["http://tracker.example.org:80/announce?passkey=x"] ["udp://other.example.net:6969/announce"] ["http://new.example/announce"]]`}},
		{"torrent-set", `{"ids":[1],"trackerRemove":[0]}`, []string{`trackers 1 [["udp://other.example.net:6969/announce"]]`}},
		{"torrent-set", `{"ids":[1],"trackerReplace":[1,"http://b.example/announce"]}`,
			[]string{`trackers 1 [["http://tracker.example.org:80/announce?passkey=x"] ["http://b.example/announce"]]`}},
		{"torrent-set", `{"ids":[1],"trackerList":"http://a.example/announce\n\nhttp://b.example/announce\nhttp://c.example/announce"}`,
			[]string{`trackers 1 [["http://a.example/announce"] ["http://b.example/announce" "http://c.example/announce"]]`}},
		{"torrent-set-location", `{"ids":[2],"location":"/data/y","move":true}`, []string{"move 2 /data/y"}},
		{"torrent-set-location", `{"ids":[2],"location":"/data/y"}`, []string{"found 2 /data/y"}},
		{"torrent-rename-path", `{"ids":[1],"path":"half/sub/b.txt","name":"c.txt"}`, []string{`rename 1 "sub/b.txt" c.txt`}},
		{"torrent-rename-path", `{"ids":[1],"path":"half","name":"full"}`, []string{`rename 1 "" full`}},
		{"torrent-add", `{"metainfo":"` + long + `","download-dir":"/data/tv","paused":1,"labels":["tv"]}`,
			[]string{"add source= raw=raw local=false dir=/data/tv paused=true labels=[tv]"}},
		{"torrent-add", `{"filename":"magnet:?xt=1"}`, []string{"add source=magnet:?xt=1 raw= local=false dir= paused=false labels=[]"}},
		{"torrent-add", `{"metainfo":"` + long + `","files-unwanted":[1]}`, []string{"add source= raw=raw local=false dir= paused=false labels=[]", "files 7 [{1 skip}]"}},
		{"torrent-add", `{"metainfo":"` + long + `","files-wanted":[1]}`, []string{"add source= raw=raw local=false dir= paused=false labels=[]", "files 7 [{0 skip}]"}},
		{"session-set", `{"speed-limit-down":500,"speed-limit-down-enabled":true}`, []string{"settings down=500000"}},
		{"session-set", `{"speed-limit-up-enabled":false}`, []string{"settings up=0"}},
		{"session-set", `{"speed-limit-down":500}`, nil},
		{"session-set", `{"download-queue-size":3,"seed-queue-size":9,"seed-queue-enabled":true}`, []string{"settings downloads=3 seeds=9"}},
		{"session-set", `{"seedRatioLimit":3,"seedRatioLimited":true}`, []string{"settings mode=limits ratio=3 idle=0"}},
		{"session-set", `{"idle-seeding-limit":30,"idle-seeding-limit-enabled":true}`, []string{"settings mode=limits ratio=0 idle=1800"}},
		{"session-set", `{"alt-speed-enabled":true}`, []string{"settings override=50000/50000"}},
		{"session-set", `{"alt-speed-enabled":true,"alt-speed-down":10,"alt-speed-up":5}`, []string{"settings override=10000/5000"}},
		{"session-set", `{"alt-speed-time-enabled":true,"alt-speed-time-begin":540,"alt-speed-time-end":1020,"alt-speed-time-day":62}`,
			[]string{"settings schedule=[{mon,tue,wed,thu,fri 09:00 17:00 50000 50000}]"}},
		{"session-set", `{"download-dir":"/data/z"}`, []string{"settings dir=/data/z"}},
		{"session-set", `{"dht-enabled":true,"peer-port":6881,"encryption":"tolerated"}`, nil}, // so it is
		{"session-close", `{}`, []string{"shutdown"}},
	} {
		t.Run(tt.method+" "+tt.args, func(t *testing.T) {
			f, h := newServer(t)
			code, got := post(t, h, `{"method":"`+tt.method+`","arguments":`+tt.args+`}`)
			var a oldAnswer
			if err := json.Unmarshal([]byte(got), &a); err != nil || code != http.StatusOK || a.Result != "success" {
				t.Fatalf("%d %s, %v", code, got, err)
			}
			if d := cmp.Diff(tt.want, f.taken()); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			// And who may only look is refused, and nothing is done.
			if _, got = post(t, h, `{"method":"`+tt.method+`","arguments":`+tt.args+`}`, "X-Read"); !strings.Contains(got, "may look and not change") || f.taken() != nil {
				t.Errorf("with a read token: %s", got)
			}
		})
	}
}

// What cannot be said, and what the session refuses.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct{ method, args, want string }{
		{"torrent-add", `{}`, "no filename or metainfo specified"},
		{"torrent-add", `{"metainfo":"%%%"}`, "metainfo is not base64"},
		{"torrent-set", `{"ids":[1],"files-wanted":[5]}`, "file index 5 is not from 0 to 1"},
		{"torrent-set", `{"ids":[1],"files-wanted":[-1]}`, "file index -1 is not from 0 to 1"},
		{"torrent-set", `{"ids":[1],"trackerRemove":[9]}`, "there is no tracker 9"},
		{"torrent-set", `{"ids":[1],"trackerReplace":["x"]}`, ""}, // half a pair
		{"torrent-set", `{"ids":[1],"trackerReplace":["x","y"]}`, "tracker_replace is a list of number, URL, number, URL"},
		{"torrent-set", `{"ids":{}}`, "invalid argument"},
		{"torrent-set-location", `{"ids":[1],"location":"x","move":true}`, "new location path is not absolute"},
		{"torrent-rename-path", `{"path":"a","name":"b"}`, "torrent-rename-path requires 1 torrent"},
		{"torrent-rename-path", `{"ids":[1,2],"path":"a","name":"b"}`, "torrent-rename-path requires 1 torrent"},
		{"session-set", `{"dht-enabled":false,"speed-limit-down":1,"speed-limit-down-enabled":true}`, "dht_enabled cannot be set here"},
		{"session-set", `{"script-torrent-done-filename":"/bin/sh"}`, "script_torrent_done_filename cannot be set here"},
		{"session-set", `{"peer-port":1}`, "peer_port cannot be set here"},
		{"free-space", `{"path":"/etc"}`, "/etc is outside the roots"},
		{"blocklist-update", `{}`, "gotor has not got a blocklist"},
	} {
		f, h := newServer(t)
		_, got := post(t, h, `{"method":"`+tt.method+`","arguments":`+tt.args+`}`)
		var a oldAnswer
		if err := json.Unmarshal([]byte(got), &a); err != nil || !strings.Contains(a.Result, tt.want) || tt.want != "" && a.Result == "success" {
			t.Errorf("%s %s: %s, %v", tt.method, tt.args, got, err)
		}
		if asked := f.taken(); tt.want != "" && asked != nil {
			t.Errorf("%s %s: carried out: %v", tt.method, tt.args, asked)
		}
	}
	f, h := newServer(t)
	f.fail = record.NewProblem(record.Reason(record.ExitNoSpace), "the disk is full")
	if _, got := post(t, h, `{"method":"torrent-start","arguments":{}}`); !strings.Contains(got, `"the disk is full"`) {
		t.Errorf("refused by the session: %s", got)
	}
	if len(f.taken()) != 3 {
		t.Error("the others were not tried")
	}
	if _, got := post(t, h, `{"jsonrpc":"2.0","id":1,"method":"torrent_start"}`); !strings.Contains(got, `"code":5`) {
		t.Errorf("refused by the session: %s", got)
	}
}

// A path on this machine is for who comes over the socket.
func TestLocal(t *testing.T) {
	f, h := newServer(t)
	post(t, h, `{"method":"torrent-add","arguments":{"filename":"/tmp/x.torrent"}}`, "X-Local")
	if asked := f.taken(); len(asked) != 1 || !strings.Contains(asked[0], "local=true") {
		t.Errorf("%v", asked)
	}
	_, got := post(t, h, `{"method":"torrent-add","arguments":{"metainfo":"`+base64.StdEncoding.EncodeToString([]byte("again"))+`"}}`)
	same(t, got, `{"result":"success","arguments":{"torrent-duplicate":{"id":2,"name":"whole.bin","hashString":"`+hash(2)+`"}}}`)
}

// Numbers are never used twice, and those that went are told for a minute.
func TestNumbers(t *testing.T) {
	f := newFake()
	now := day()
	h := New(Config{Session: f, Now: func() time.Time { return now }, Owner: func(*http.Request) bool { return true }})
	const recent = `{"method":"torrent-get","arguments":{"ids":"recently-active","fields":["id"]}}`
	post(t, h, recent)
	post(t, h, `{"method":"torrent-remove","arguments":{"ids":[3]}}`)
	post(t, h, `{"method":"torrent-add","arguments":{"filename":"x"}}`)
	_, got := post(t, h, recent)
	same(t, got, `{"result":"success","arguments":{"torrents":[{"id":1},{"id":4}],"removed":[3]}}`)
	now = now.Add(2 * time.Minute)
	_, got = post(t, h, recent)
	same(t, got, `{"result":"success","arguments":{"torrents":[{"id":1}],"removed":[]}}`)
}

// Every field there is has a value, in both dialects, of every torrent; those that
// programs lean on have the right one.
func TestFields(t *testing.T) {
	_, h := newServer(t)
	var names []string
	for name := range fields() {
		names = append(names, `"`+camel(name)+`"`)
	}
	_, got := post(t, h, `{"method":"torrent-get","arguments":{"fields":[`+strings.Join(names, ",")+`]}}`)
	var a struct {
		Result    string
		Arguments struct{ Torrents []map[string]any }
	}
	if err := json.Unmarshal([]byte(got), &a); err != nil || a.Result != "success" || len(a.Arguments.Torrents) != 3 {
		t.Fatalf("%v in %s", err, got)
	}
	for _, row := range a.Arguments.Torrents {
		for _, name := range names {
			if v, ok := row[strings.Trim(name, `"`)]; !ok || v == nil {
				t.Errorf("%s of %v: %v", name, row["id"], v)
			}
		}
	}
	half := a.Arguments.Torrents[0]
	want := map[string]any{
		"status": 4.0, "leftUntilDone": 500.0, "percentDone": 0.5, "isFinished": false, "eta": 5.0, "errorString": "", "seedRatioMode": 0.0, "fileCount": 2.0,
		"files": []any{
			map[string]any{"name": "half/a.mkv", "length": 1000.0, "bytesCompleted": 500.0, "beginPiece": 0.0, "endPiece": 10.0},
			map[string]any{"name": "half/sub/b.txt", "length": 500.0, "bytesCompleted": 0.0, "beginPiece": 10.0, "endPiece": 15.0},
		},
		"wanted": []any{1.0, 0.0}, "pieces": "+AA=", "trackerList": "http://tracker.example.org:80/announce?passkey=x\n\nudp://other.example.net:6969/announce\n",
		"availability":    []any{-1.0, -1.0, -1.0, -1.0, -1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0},
		"primaryMimeType": "video/x-matroska",
	}
	for name, v := range want {
		if name == "primaryMimeType" { // the system's tables differ
			continue
		}
		if d := cmp.Diff(v, half[name]); d != "" {
			t.Errorf("%s: -want +got\n%s", name, d)
		}
	}
	if s := a.Arguments.Torrents[1]; s["status"] != 6.0 || s["seedRatioMode"] != 1.0 || s["seedIdleLimit"] != 10.0 || s["uploadLimit"] != 20.0 {
		t.Errorf("%v", s)
	}
}

// Who may only look sees no secrets.
func TestSecrets(t *testing.T) {
	_, h := newServer(t)
	for _, field := range []string{"trackers", "trackerStats", "trackerList"} {
		if _, got := post(t, h, `{"method":"torrent-get","arguments":{"fields":["`+field+`"]}}`, "X-Read"); strings.Contains(got, "passkey=x") || !strings.Contains(got, "tracker.example.org") {
			t.Errorf("%s: %s", field, got)
		}
	}
}

// Settings and figures, whole and in parts.
func TestSession(t *testing.T) {
	_, h := newServer(t)
	_, got := post(t, h, `{"method":"session-get","arguments":{"fields":["version","rpc-version","speed-limit-up","seedRatioLimited","units","download_dir"]}}`)
	same(t, got, `{"result":"success","arguments":{"version":"gotor 1.0","rpc-version":18,"speed-limit-up":90,"seedRatioLimited":false,"download_dir":"/data",
		"units":{"speed-units":["kB/s","MB/s","GB/s","TB/s"],"speed-bytes":1000,"size-units":["kB","MB","GB","TB"],"size-bytes":1000,"memory-units":["KiB","MiB","GiB","TiB"],"memory-bytes":1024}}}`)
	_, got = post(t, h, `{"method":"session-get"}`)
	for _, key := range []string{`"rpc-version-minimum":14`, `"seedRatioLimit":0`, `"alt-speed-time-day":127`, `"download-dir-free-space":1073741824`, `"script-torrent-done-enabled":false`, `"session-id":"` + h.id} {
		if !strings.Contains(got, key) {
			t.Errorf("%s is not in %s", key, got)
		}
	}
	_, got = post(t, h, `{"method":"session-stats"}`)
	same(t, got, `{"result":"success","arguments":{"activeTorrentCount":3,"pausedTorrentCount":0,"torrentCount":3,"downloadSpeed":100,"uploadSpeed":0,
		"cumulative-stats":{"downloadedBytes":5000,"uploadedBytes":0,"filesAdded":3,"sessionCount":1,"secondsActive":60},
		"current-stats":{"downloadedBytes":50,"uploadedBytes":0,"filesAdded":3,"sessionCount":1,"secondsActive":60}}}`)
	_, got = post(t, h, `{"method":"free-space","arguments":{"path":"/data"}}`)
	same(t, got, `{"result":"success","arguments":{"path":"/data","size-bytes":1073741824,"total_size":1099511627776}}`)
}

// Of nested roots the innermost counts, in whichever order they are.
func TestDiskOf(t *testing.T) {
	outer, inner := record.Disk{Dir: "/data", Free: new(int64(1)), Total: new(int64(10))}, record.Disk{Dir: "/data/new", Free: new(int64(2)), Total: new(int64(20))}
	for _, disks := range [][]record.Disk{{outer, inner}, {inner, outer}} {
		for dir, want := range map[string]string{"/data": "/data", "/data/x": "/data", "/data/new": "/data/new", "/data/new/x": "/data/new", "/data/newer": "/data", "/etc": ""} {
			if got := diskOf(&record.Stats{Disks: disks}, dir); got.Dir != want {
				t.Errorf("%s is on the disk of %q, want %q", dir, got.Dir, want)
			}
		}
	}
}

// One of the alternative limits changes, and the other stays to the byte.
func TestAlternativeStays(t *testing.T) {
	f, h := newServer(t)
	f.settings.Override.Value = &record.Override{MaxDown: 500, MaxUp: 1500}
	post(t, h, `{"method":"session-set","arguments":{"alt-speed-up":5}}`)
	if got, want := f.taken(), []string{"settings override=500/5000"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A body is bounded, and few large ones are read at a time.
func TestBodies(t *testing.T) {
	f, h := newServer(t)
	if code, _ := post(t, h, `{"method":"torrent-add","arguments":{"metainfo":"`+strings.Repeat("A", 4<<20)+`"}}`); code != http.StatusOK || len(f.taken()) != 1 {
		t.Errorf("4 MiB: %d", code)
	}
	r := httptest.NewRequest(http.MethodPost, "/transmission/rpc", endless{})
	r.Header.Set(idHeader, h.id)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("without an end: %d", w.Code)
	}
	for range maxLarges {
		h.larges <- struct{}{}
	}
	if code, _ := post(t, h, strings.Repeat(" ", 2<<20)); code != http.StatusServiceUnavailable {
		t.Errorf("beside others: %d", code)
	}
	if code, _ := post(t, h, `{"method":"session-stats"}`); code != http.StatusOK {
		t.Errorf("a small one beside them: %d", code)
	}
}

// A large body counts as one until it is answered: so long it is in memory.
func TestLargeUntilAnswered(t *testing.T) {
	var h *Handler
	held := -1
	h = New(Config{Session: newFake(), Owner: func(*http.Request) bool { held = len(h.larges); return true }})
	if code, _ := post(t, h, `{"method":"session-stats","arguments":{"x":"`+strings.Repeat("A", 2<<20)+`"}}`); code != http.StatusOK {
		t.Errorf("2 MiB: %d", code)
	}
	if held != 1 || len(h.larges) != 0 {
		t.Errorf("%d turns were taken while it was answered, and %d after", held, len(h.larges))
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

var _ io.Reader = endless{}

// Whatever comes, nothing breaks, and the answer is JSON.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"method":"torrent-get","arguments":{"ids":[1,"x"],"fields":["id","files"]},"tag":7}`))
	f.Add([]byte(`[{"jsonrpc":"2.0","method":"torrent_set","params":{"ids":1,"tracker_replace":[0,1],"queue_position":-1},"id":{}}]`))
	f.Add([]byte(`{"method":"session-set","arguments":{"alt-speed-time-begin":-1e300,"alt-speed-time-enabled":1}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		h := New(Config{Session: newFake(), Owner: func(*http.Request) bool { return true }})
		answer := h.answer(&caller{Handler: h, ctx: t.Context(), owner: true, local: true}, body)
		if answer != nil && !json.Valid(answer) {
			t.Errorf("%q", answer)
		}
	})
}

// A torrent that is removed and added again has another number, also if nobody has
// asked in between.
func TestNumberOfAnotherLife(t *testing.T) {
	at := time.Unix(1000, 0)
	n := newNumbers()
	row := func(id string, added time.Time) *record.Torrent { return &record.Torrent{ID: id, Added: added} }
	n.follow([]*record.Torrent{row("a", at), row("b", at)}, at)
	again := []*record.Torrent{row("b", at), row("a", at.Add(time.Second))}
	n.follow(again, at.Add(time.Minute))
	if b, a := n.of[lifeOf(again[0])], n.of[lifeOf(again[1])]; b != 2 || a != 3 {
		t.Errorf("b has number %d, a %d", b, a)
	}
	if len(n.removed) != 1 || n.removed[0].number != 1 {
		t.Errorf("removed: %+v", n.removed)
	}
}
