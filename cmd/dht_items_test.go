package cmd

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/tracker/dht"
)

// The example of BEP 44 for immutable values.
const (
	helloValue  = "Hello World!"
	helloTarget = "e5f96f6f38320f0f33959cb4d3d656452117aadb"
)

func TestDHTImmutable(t *testing.T) {
	node := privateDHT(t)
	f := newFake("")
	if code := f.gotor(t, dhtLine(node, "put", helloValue)...); code != 0 || f.stdout.String() != helloTarget+"\n" {
		t.Fatalf("exit code %d, %q, %q", code, f.stdout.String(), f.stderr.String())
	}
	if !strings.HasPrefix(f.stderr.String(), "stored at 2 nodes for two hours; 2 nodes asked, 2 answered, ") {
		t.Errorf("%q", f.stderr.String())
	}
	if got := askDHT(t, node, "get", helloTarget); got != helloValue {
		t.Errorf("%q", got)
	}
	if got := askDHT(t, node, "get", "--bencoded", helloTarget); got != "12:"+helloValue {
		t.Errorf("%q", got)
	}
	rec := unmarshal[record.DHTGet](t, askDHT(t, node, "get", "--json", helloTarget))
	if rec.Text == nil || *rec.Text != helloValue || rec.Bencoded != hex.EncodeToString([]byte("12:"+helloValue)) || rec.Target != helloTarget || rec.Key != nil || rec.Seq != nil {
		t.Errorf("%+v", rec)
	}
	put := unmarshal[record.DHTPut](t, askDHT(t, node, "put", "--json", helloValue))
	if put.Target != helloTarget || put.Stored != 2 || put.Key != nil || put.Seq != nil || put.Magnet != "" {
		t.Errorf("%+v", put)
	}
	g := newFake("")
	if code := g.gotor(t, dhtLine(node, "get", aHash)...); code != record.ExitNoPeers || !strings.HasPrefix(g.stderr.String(), "gotor: nothing is stored under "+aHash) {
		t.Errorf("exit code %d, %q", code, g.stderr.String())
	}
}

// Any bytes come back as they were; a terminal gets a safe text instead.
func TestDHTValuesAreExactInAPipeAndSafeOnATerminal(t *testing.T) {
	node := startDHTNode(t, newFake(""), nil).addr
	const evil = "\x1b[31m\x00\xff:\n"
	f := newFake(evil)
	if code := f.gotor(t, dhtLine(node, "put", "-")...); code != 0 {
		t.Fatal(f.stderr.String())
	}
	target := strings.TrimSpace(f.stdout.String())
	if got := askDHT(t, node, "get", target); got != evil {
		t.Errorf("%q", got)
	}
	g := newFake("")
	g.tty = true
	if code := g.gotor(t, dhtLine(node, "get", target)...); code != 0 || g.stdout.String() != `\x1b[31m\x00\xff:\n`+"\n" {
		t.Errorf("exit code %d, %q", code, g.stdout.String())
	}
	rec := unmarshal[record.DHTGet](t, askDHT(t, node, "get", "--json", target))
	if rec.Text != nil || rec.Bencoded != hex.EncodeToString([]byte("9:"+evil)) {
		t.Errorf("%+v", rec)
	}
	// What is no string is printed as it is stored.
	target = strings.TrimSpace(askDHT(t, node, "put", "--bencoded", "d1:ai1ee"))
	if got := askDHT(t, node, "get", target); got != "d1:ai1ee" {
		t.Errorf("%q", got)
	}
	// The longest value there can be, and one more byte.
	h := newFake(strings.Repeat("x", 996))
	if code := h.gotor(t, dhtLine(node, "put", "-")...); code != 0 {
		t.Errorf("exit code %d: %s", code, h.stderr.String())
	}
	if got := askDHT(t, node, "get", strings.TrimSpace(h.stdout.String())); got != strings.Repeat("x", 996) {
		t.Errorf("%q", got)
	}
	i := newFake(strings.Repeat("x", 997))
	if code := i.gotor(t, dhtLine(node, "put", "-")...); code != record.ExitUsage || !strings.Contains(i.stderr.String(), "more than 1000 bytes") {
		t.Errorf("exit code %d: %s", code, i.stderr.String())
	}
}

// The first key of RFC 8032, section 7.1.
const (
	rfcSeed   = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
	rfcPublic = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
)

func TestDHTMutable(t *testing.T) {
	node := privateDHT(t)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(rfcSeed+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	put := func(args ...string) record.DHTPut {
		return unmarshal[record.DHTPut](t, askDHT(t, node, append([]string{"put", "--json", "--key", key}, args...)...))
	}
	get := func(args ...string) record.DHTGet {
		return unmarshal[record.DHTGet](t, askDHT(t, node, append([]string{"get", "--json", "--key", rfcPublic}, args...)...))
	}
	if got := askDHT(t, node, "put", "--key", key, "one"); got != rfcPublic+"\n" {
		t.Errorf("%q", got)
	}
	// Each value replaces the one before; the same one is only kept alive.
	for i, c := range []struct {
		value string
		seq   int64
	}{{"one", 1}, {"two", 2}, {"two", 2}, {"one", 3}} {
		if rec := put(c.value); *rec.Seq != c.seq || *rec.Key != rfcPublic || rec.Salt != nil || rec.Stored != 2 {
			t.Errorf("%d: %+v", i, rec)
		}
		if rec := get(); *rec.Text != c.value || *rec.Seq != c.seq || *rec.Key != rfcPublic {
			t.Errorf("%d: %+v", i, rec)
		}
	}
	// Salts tell values apart, and targets do as well as keys.
	salted := put("--salt", "s", "other")
	if rec := get("--salt", "s"); *rec.Text != "other" || *rec.Seq != 1 || *rec.Salt != "73" {
		t.Errorf("%+v", rec)
	}
	if got := askDHT(t, node, "get", "--salt", "s", salted.Target); got != "other" {
		t.Errorf("%q", got)
	}
	if rec := get(); *rec.Text != "one" {
		t.Errorf("%+v", rec)
	}
	if rec := put("--seq", "10", "ten"); *rec.Seq != 10 {
		t.Errorf("%+v", rec)
	}
	for _, args := range [][]string{{"--seq", "9", "nine"}, {"--seq", "10", "not ten"}} {
		f := newFake("")
		code := f.gotor(t, dhtLine(node, append([]string{"put", "--key", key}, args...)...)...)
		if code != record.ExitOther || !strings.Contains(f.stderr.String(), "with the sequence number 10 is stored already; give a higher --seq, or none") || f.stdout.String() != "" {
			t.Errorf("%q: exit code %d, %q", args, code, f.stderr.String())
		}
	}
}

// A value that points to a torrent is found by the link that put prints (BEP 46).
func TestDHTTorrentPointer(t *testing.T) {
	node := privateDHT(t)
	key := filepath.Join(t.TempDir(), "key")
	lines := strings.Split(askDHT(t, node, "put", "--new-key", key, "--salt", "a b", "--torrent", "magnet:?xt=urn:btih:"+aHash), "\n")
	if len(lines) != 3 || lines[1] != "magnet:?xs=urn:btpk:"+lines[0]+"&s=612062" {
		t.Fatalf("%q", lines)
	}
	link, err := metainfo.ParseLink(lines[1])
	if err != nil || hex.EncodeToString(link.Key[:]) != lines[0] || string(link.Salt) != "a b" {
		t.Fatalf("%+v, %v", link, err)
	}
	rec := unmarshal[record.DHTGet](t, askDHT(t, node, "get", "--json", lines[1]))
	if rec.InfoHash == nil || *rec.InfoHash != aHash || rec.Text != nil {
		t.Errorf("%+v", rec)
	}
	put := unmarshal[record.DHTPut](t, askDHT(t, node, "put", "--json", "--key", key, "--torrent", strings.Repeat("ab", 20)))
	if put.Magnet != "magnet:?xs=urn:btpk:"+lines[0] || *put.InfoHash != strings.Repeat("ab", 20) {
		t.Errorf("%+v", put)
	}
}

func TestDHTKeyFiles(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "key")
	made, err := newKey(name)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if again, err := loadKey(name); err != nil || !bytes.Equal(made, again) {
		t.Errorf("%v", err)
	}
	before, _ := os.ReadFile(name)
	if _, err := newKey(name); record.CodeOf(err) != record.ExitFile || !strings.Contains(err.Error(), "never overwritten") {
		t.Errorf("over a key: %v", err)
	}
	if after, _ := os.ReadFile(name); !bytes.Equal(before, after) {
		t.Error("the key is overwritten")
	}
	if _, err := newKey(filepath.Join(name, "x")); record.CodeOf(err) != record.ExitFile {
		t.Errorf("below a file: %v", err)
	}
	for text, code := range map[string]int{
		"": record.ExitUsage, rfcSeed[2:]: record.ExitUsage, rfcSeed + "00": record.ExitUsage, "x" + rfcSeed[1:]: record.ExitUsage, strings.Repeat("a", 5000): record.ExitUsage, "\n" + rfcSeed + " ": record.ExitOK,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := loadKey(name)
		if record.CodeOf(err) != code || err != nil && len(text) > 10 && strings.Contains(err.Error(), text[:10]) {
			t.Errorf("%.80q: %v", text, err)
		}
	}
	if _, err := loadKey(filepath.Join(dir, "none")); record.CodeOf(err) != record.ExitFile {
		t.Errorf("no file: %v", err)
	}
	// A value that cannot be stored does not cost a key.
	f := newFake("")
	fresh := filepath.Join(dir, "fresh")
	if code := f.gotor(t, "dht", "put", "--new-key", fresh, "--bencoded", "x"); code != record.ExitUsage {
		t.Errorf("exit code %d: %s", code, f.stderr.String())
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("a key is made for nothing")
	}
}

// Why nobody stored a value.
func TestDHTStored(t *testing.T) {
	mine := dht.Item{Mutable: true, Seq: 5, Value: []byte("1:a")}
	fixed := dht.Item{Value: []byte("1:a")}
	other := func(seq int64, value string) *dht.Item {
		return &dht.Item{Mutable: true, Seq: seq, Value: []byte(value)}
	}
	for _, c := range []struct {
		name string
		it   *dht.Item
		res  dht.Result
		code int
		want string
	}{
		{"stored", &mine, dht.Result{Stored: 1}, 0, ""},
		{"replaced", &mine, dht.Result{Stored: 1, Item: other(4, "1:b")}, 0, ""},
		{"kept alive", &mine, dht.Result{Stored: 1, Item: other(5, "1:a")}, 0, ""},
		{"stored where nothing newer is", &mine, dht.Result{Stored: 1, Item: other(6, "1:a")}, record.ExitOther, "number 6 is stored already"},
		{"two of one number", &mine, dht.Result{Stored: 1, Item: other(5, "1:b")}, record.ExitOther, "another value with the sequence number 5"},
		{"refused", &mine, dht.Result{Refused: &dht.RemoteError{Code: 301, Text: "\x1bno"}}, record.ExitOther, "no node stored the value: "},
		{"immutable refused", &fixed, dht.Result{Refused: &dht.RemoteError{Code: 205}}, record.ExitOther, "205"},
		{"silence", &fixed, dht.Result{Queried: 3}, record.ExitNoPeers, "no node stored the value in time (3 nodes asked, 0 answered, 0s)"},
	} {
		err := stored(c.it, c.res)
		if record.CodeOf(err) != c.code || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\x1b")) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
