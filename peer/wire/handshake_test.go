package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden is what a file of testdata must be read as. The .hex files hold the
// first bytes that real clients send on a connection, in the layout of their
// documentation and sources: a handshake and the messages behind it.
type golden struct {
	Client   string // by the peer id
	Extended bool
	Fast     bool
	DHT      bool
	V2       bool
	Messages []string // ids
	Name     string   // v of the extension handshake
	ReqQ     int
	Port     uint16
	M        map[string]byte
}

func TestGoldenOpenings(t *testing.T) {
	files, err := filepath.Glob("testdata/*.hex")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".hex"), func(t *testing.T) {
			var want golden
			text, err := os.ReadFile(strings.TrimSuffix(file, ".hex") + ".json")
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, readOpening(t, readHex(t, file))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// readHex reads a file of hex digits; white space and # comments are skipped.
func readHex(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(file, err)
	}
	return b
}

func readOpening(t *testing.T, b []byte) golden {
	t.Helper()
	h, err := ParseHandshake(b)
	if err != nil {
		t.Fatal(err)
	}
	if again := AppendHandshake(nil, h); !bytes.Equal(again, b[:HandshakeLen]) {
		t.Errorf("handshake does not survive a round trip:\n%x\n%x", b[:HandshakeLen], again)
	}
	g := golden{
		Client:   ClientOf(h.PeerID),
		Extended: h.Features.Has(FeatureExtended),
		Fast:     h.Features.Has(FeatureFast),
		DHT:      h.Features.Has(FeatureDHT),
		V2:       h.Features.Has(FeatureV2),
	}
	for b = b[HandshakeLen:]; len(b) > 0; {
		m, n := mustParse(t, b)
		g.Messages = append(g.Messages, m.ID.String())
		if m.ID == Extended && m.Ext == ExtHandshakeID {
			e, err := ParseExtHandshake(m.Payload)
			if err != nil {
				t.Fatal(err)
			}
			g.Name, g.ReqQ, g.Port, g.M = e.Client, e.ReqQ, e.Port, e.M
		}
		b = b[n:]
	}
	return g
}

func TestHandshakeRoundTrip(t *testing.T) {
	h := Handshake{Features: FeatureExtended | FeatureFast | FeatureDHT | FeatureV2}
	copy(h.InfoHash[:], "an info-hash, 20 b.")
	h.PeerID = NewPeerID("-GT0100-")
	b := AppendHandshake(nil, h)
	if len(b) != HandshakeLen {
		t.Fatalf("%d bytes, want %d", len(b), HandshakeLen)
	}
	got, err := ParseHandshake(b)
	if err != nil || got != h {
		t.Errorf("got %+v, %v, want %+v", got, err, h)
	}
}

// "So (reserved_byte[5] & 0x10) is the expression to use" (BEP 10),
// "reserved[7] |= 0x04" (BEP 6), "the last bit of the 8-byte reserved flags"
// (BEP 5), "the 4th most significant bit in the last byte" (BEP 52).
func TestReservedBits(t *testing.T) {
	for _, c := range []struct {
		f         Features
		byte, bit int
	}{
		{FeatureExtended, 5, 0x10},
		{FeatureFast, 7, 0x04},
		{FeatureDHT, 7, 0x01},
		{FeatureV2, 7, 0x10},
	} {
		b := AppendHandshake(nil, Handshake{Features: c.f})
		var want [8]byte
		want[c.byte] = byte(c.bit)
		if got := [8]byte(b[20:28]); got != want {
			t.Errorf("reserved bytes %x, want %x", got, want)
		}
	}
}

func TestParseHandshakeErrors(t *testing.T) {
	good := AppendHandshake(nil, Handshake{})
	for name, b := range map[string][]byte{
		"empty":    nil,
		"short":    good[:HandshakeLen-1],
		"http":     []byte("GET /announce HTTP/1.1\r\nHost: tracker.example\r\nAccept: everything\r\n\r\n"),
		"length":   append([]byte{18}, good[1:]...),
		"protocol": bytes.Replace(good, []byte("protocol"), []byte("Protocol"), 1),
	} {
		if _, err := ParseHandshake(b); err != ErrNotBitTorrent {
			t.Errorf("%s: %v, want %v", name, err, ErrNotBitTorrent)
		}
	}
}

func TestIsHandshakePrefix(t *testing.T) {
	good := AppendHandshake(nil, Handshake{})
	for n := range good {
		if !IsHandshake(good[:n]) {
			t.Fatalf("the first %d bytes are no handshake", n)
		}
	}
	if IsHandshake([]byte("GET")) {
		t.Error("GET is a handshake")
	}
}

func TestClientOf(t *testing.T) {
	for id, want := range map[string]string{
		"-TR4050-abcdefghijkl":  "Transmission 4.0.5",
		"-TR2940-abcdefghijkl":  "Transmission 2.9.4",
		"-qB4630-abcdefghijkl":  "qBittorrent 4.6.3",
		"-LT20A0-abcdefghijkl":  "libtorrent 2.0.10",
		"-lt0D80-abcdefghijkl":  "rTorrent 0.13.8",
		"-DE211s-abcdefghijkl":  "Deluge 2.1.1",
		"-GT0100-abcdefghijkl":  "gotor 0.1",
		"-AZ2060-abcdefghijkl":  "Vuze 2.0.6",
		"-XY0000-abcdefghijkl":  "XY 0.0",
		"-\x1b[1000-abcdefghij": "",
		"M4-3-6--abcdefghijkl":  "",
		"A2-1-36-0-abcdefghij":  "",
	} {
		var b [20]byte
		copy(b[:], id)
		if got := ClientOf(b); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}

func TestNewPeerID(t *testing.T) {
	a, b := NewPeerID("-GT0100-"), NewPeerID("-GT0100-")
	if string(a[:8]) != "-GT0100-" {
		t.Errorf("prefix %q", a[:8])
	}
	if a == b {
		t.Error("two ids are the same")
	}
	if long := NewPeerID(strings.Repeat("x", 30)); string(long[:]) != strings.Repeat("x", 20) {
		t.Errorf("%q", long)
	}
}

func FuzzParseHandshake(f *testing.F) {
	f.Add(AppendHandshake(nil, Handshake{Features: FeatureFast}))
	f.Add([]byte("\x13BitTorrent protocol"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHandshake(b)
		ClientOf(h.PeerID)
		if err != nil {
			return
		}
		if !bytes.Equal(AppendHandshake(nil, h), b[:HandshakeLen]) {
			t.Errorf("%x does not survive a round trip", b)
		}
	})
}
