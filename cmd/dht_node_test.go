package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/piece/storage"
	"gotor/torrent"
	"gotor/tracker/dht"
)

// freePort is a UDP port that nobody has.
func freePort(t *testing.T) string {
	t.Helper()
	pc, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	return strconv.Itoa(pc.LocalAddr().(*net.UDPAddr).Port)
}

// A node on a port of its own finds back without a bootstrap node, with the id
// that it had.
func TestDHTNodeSavesItsTable(t *testing.T) {
	first := startDHTNode(t, newFake(""), nil)
	cache := t.TempDir()
	port := freePort(t)
	start := func(through ...string) *dhtNode {
		f := newFake("")
		f.env["XDG_CACHE_HOME"] = cache
		return startDHTNode(t, f, []string{"--port", port}, through...)
	}
	id := func(n *dhtNode) string {
		f := newFake("")
		if code := f.gotor(t, "dht", "ping", "--json", n.addr); code != 0 {
			t.Fatal(f.stderr.String())
		}
		return unmarshal[record.DHTPing](t, f.stdout.String()).ID
	}
	second := start(first.addr)
	before := id(second)
	until(t, "the second node knows the first", func() bool {
		return strings.Contains(askDHT(t, second.addr, "lookup", aHash), first.addr)
	})
	if code := second.stop(); code != 0 {
		t.Fatalf("exit code %d: %s", code, second.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(cache, "gotor", "dht-node-"+port)); err != nil {
		t.Fatal(err)
	}
	second = start()
	if after := id(second); after != before {
		t.Errorf("it was %s and is %s", before, after)
	}
	if got := unmarshal[record.DHTStatus](t, second.stdout.String()); got.Nodes != 1 {
		t.Errorf("%+v", got)
	}
	// Another port is another node, and any port is none that could be found back.
	o := dhtNodeOptions{}
	f := newFake("")
	f.env["XDG_CACHE_HOME"] = cache
	if got := o.nodeFile(f.streams); got != "" {
		t.Errorf("any port: %s", got)
	}
	o.port = 5
	if got := o.nodeFile(f.streams); filepath.Base(got) != "dht-node-5" {
		t.Errorf("port 5: %s", got)
	}
	if got := o.nodeFile(newFake("").streams); got != "" {
		t.Errorf("without a home: %s", got)
	}
}

// What a download has learned is enough to ask, unless another network is named.
func TestDHTSavedNodes(t *testing.T) {
	n := startDHTNode(t, newFake(""), nil)
	c, err := openDHT(dhtSetup{boot: []string{n.addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.enter(t.Context(), net.DefaultResolver); err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	gone, _ := muteNode(t)
	f := newFake("")
	f.env["XDG_CACHE_HOME"] = cache
	file := (&dhtOptions{bootstrap: []string{gone}}).state(f.streams)
	if err := storage.SaveState(filepath.Dir(file), filepath.Base(file), c.node.State()); err != nil {
		t.Fatal(err)
	}
	lookup := func(args ...string) (int, *fake) {
		f := newFake("")
		f.env["XDG_CACHE_HOME"], f.env["GOTOR_DHT_BOOTSTRAP"] = cache, gone
		return f.gotor(t, append([]string{"dht", "lookup", "--timeout", "20s", aHash}, args...)...), f
	}
	if code, f := lookup(); code != 0 || !strings.Contains(f.stdout.String(), n.addr) {
		t.Errorf("exit code %d, %q, %q", code, f.stdout.String(), f.stderr.String())
	}
	mute, _ := muteNode(t)
	if code, f := lookup("--dht-bootstrap", mute, "--timeout", "200ms"); code != record.ExitNoPeers {
		t.Errorf("another network: exit code %d, %q", code, f.stdout.String())
	}
	// When all that were saved have gone, the bootstrap node is asked, and it is mute.
	n.stop()
	if code, f := lookup("--timeout", "500ms"); code != record.ExitNoPeers || !strings.Contains(f.stderr.String(), "no node answered within") {
		t.Errorf("nobody left: exit code %d, %q", code, f.stderr.String())
	}
	for name, b := range map[string][]byte{"empty": nil, "short": make([]byte, 19), "damaged": make([]byte, 200), "huge": make([]byte, 1<<20)} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _ := lookup("--timeout", "300ms"); code != record.ExitNoPeers {
			t.Errorf("%s: exit code %d", name, code)
		}
	}
	if b := torrent.LoadDHT(cache); b != nil {
		t.Errorf("a folder holds %q", b)
	}
}

// Two that ask with the same saved nodes at a time are not one node twice. Who
// answers keeps its id.
func TestDHTSavedID(t *testing.T) {
	n := startDHTNode(t, newFake(""), nil)
	idOf := func(set dhtSetup) (id dht.ID, state []byte) {
		c, err := openDHT(set)
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		if err := c.enter(t.Context(), net.DefaultResolver); err != nil {
			t.Fatal(err)
		}
		ids := make(chan dht.ID, 1)
		c.node.Do(func(_ time.Time, n *dht.Node) { ids <- n.ID(false) })
		return <-ids, c.node.State()
	}
	first, state := idOf(dhtSetup{boot: []string{n.addr}, answer: true})
	if id, _ := idOf(dhtSetup{boot: []string{n.addr}, answer: true, state: state}); id != first {
		t.Errorf("a node that answers was %v and is %v", first, id)
	}
	if id, _ := idOf(dhtSetup{boot: []string{n.addr}, state: state}); id == first {
		t.Errorf("who only asks has the id %v of another", id)
	}
}

// People read the same on stderr.
func TestDHTNodeTells(t *testing.T) {
	n := startDHTNode(t, newFake(""), nil)
	c, err := openDHT(dhtSetup{boot: []string{n.addr}, answer: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.enter(t.Context(), net.DefaultResolver); err != nil {
		t.Fatal(err)
	}
	f := newFake("")
	o := new(dhtNodeOptions)
	for _, event := range []string{"listening", "nodes"} {
		if err := o.tell(f.streams, c, event); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(f.stderr.String(), "\n")
	if want := "listening on UDP port " + strconv.Itoa(c.port()) + "; others enter with --dht-bootstrap " + c.addresses()[0]; lines[0] != want {
		t.Errorf("%q, want %q", lines[0], want)
	}
	if !strings.HasPrefix(lines[1], "1 node known, 1 good; ") || !strings.HasSuffix(lines[1], " queries answered; 0 torrents and 0 values kept for others") {
		t.Errorf("%q", lines[1])
	}
	o.json = true
	if err := o.tell(f.streams, c, "nodes"); err != nil {
		t.Fatal(err)
	}
	var rec record.DHTStatus
	if err := json.Unmarshal([]byte(f.stdout.String()), &rec); err != nil || rec.Event != "nodes" || rec.Nodes != 1 || rec.Good != 1 || !rec.Time.Equal(fakeTime()) {
		t.Errorf("%v, %+v", err, rec)
	}
}

// Without a reader of its JSON a node ends, and what it started with it.
func TestDHTNodeWithoutReader(t *testing.T) {
	f := newFake("")
	f.out = goneWriter{}
	if code := f.gotor(t, "dht", "node", "--json"); code != record.ExitPipe {
		t.Errorf("exit code %d: %s", code, f.stderr.String())
	}
}

// Ctrl-C before the first node was found is a normal end as well.
func TestDHTNodeAlone(t *testing.T) {
	mute, got := muteNode(t)
	f := newFake("")
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"dht", "node", "--dht-bootstrap", mute}, f.streams) }()
	<-got
	cancel(interrupted{syscall.SIGTERM})
	if code := <-ended; code != 0 || !strings.HasPrefix(f.stderr.String(), "listening on UDP port ") || strings.Count(f.stderr.String(), "\n") != 1 {
		t.Errorf("exit code %d, %q", code, f.stderr.String())
	}
}

func TestDHTPortErrors(t *testing.T) {
	for _, c := range []struct {
		port int
		err  error
		want string
	}{
		{7, syscall.EADDRINUSE, "UDP port 7 is taken"},
		{0, syscall.EADDRINUSE, "cannot open UDP port 0"},
		{7, syscall.EACCES, "cannot open UDP port 7, choose another with --port: "},
	} {
		err := portError(c.port, &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", c.err)})
		if record.CodeOf(err) != record.ExitOther || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v", err)
		}
	}
	if err := portError(1, errors.New("x")); record.CodeOf(err) != record.ExitOther {
		t.Error(err)
	}
}
