package wire

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mustParse reads one message with its length prefix and returns its size.
func mustParse(t *testing.T, b []byte) (Message, int) {
	t.Helper()
	if len(b) < 5 {
		t.Fatalf("%x: no message", b)
	}
	n := binary.BigEndian.Uint32(b)
	if err := (Limits{Block: 16 << 10}).Check(ID(b[4]), n); err != nil {
		t.Fatal(err)
	}
	if len(b) < 4+int(n) {
		t.Fatalf("%v: %d bytes of %d", ID(b[4]), len(b)-4, n)
	}
	m, err := Parse(b[4 : 4+n])
	if err != nil {
		t.Fatal(err)
	}
	return m, 4 + int(n)
}

// messages are one of each, with the bytes that the BEPs give.
var messages = []struct {
	m    Message
	wire string
}{
	{Message{ID: Choke}, "\x00\x00\x00\x01\x00"},
	{Message{ID: Unchoke}, "\x00\x00\x00\x01\x01"},
	{Message{ID: Interested}, "\x00\x00\x00\x01\x02"},
	{Message{ID: NotInterested}, "\x00\x00\x00\x01\x03"},
	{Message{ID: Have, Index: 0x01020304}, "\x00\x00\x00\x05\x04\x01\x02\x03\x04"},
	{Message{ID: Bitfield, Payload: []byte{0x80, 1}}, "\x00\x00\x00\x03\x05\x80\x01"},
	{Message{ID: Request, Index: 1, Begin: 0x4000, Length: 0x4000}, "\x00\x00\x00\x0d\x06\x00\x00\x00\x01\x00\x00\x40\x00\x00\x00\x40\x00"},
	{Message{ID: Piece, Index: 1, Begin: 2, Payload: []byte("abc")}, "\x00\x00\x00\x0c\x07\x00\x00\x00\x01\x00\x00\x00\x02abc"},
	{Message{ID: Cancel, Index: 1, Begin: 2, Length: 3}, "\x00\x00\x00\x0d\x08\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03"},
	{Message{ID: Port, Port: 6881}, "\x00\x00\x00\x03\x09\x1a\xe1"},
	{Message{ID: Suggest, Index: 7}, "\x00\x00\x00\x05\x0d\x00\x00\x00\x07"},
	{Message{ID: HaveAll}, "\x00\x00\x00\x01\x0e"},
	{Message{ID: HaveNone}, "\x00\x00\x00\x01\x0f"},
	{Message{ID: Reject, Index: 1, Begin: 2, Length: 3}, "\x00\x00\x00\x0d\x10\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03"},
	{Message{ID: AllowedFast, Index: 7}, "\x00\x00\x00\x05\x11\x00\x00\x00\x07"},
	{Message{ID: Extended, Ext: 3, Payload: []byte("de")}, "\x00\x00\x00\x04\x14\x03de"},
	{Message{ID: 99, Payload: []byte("?")}, "\x00\x00\x00\x02\x63?"},
}

func TestMessages(t *testing.T) {
	for _, c := range messages {
		if got := string(Append(nil, c.m)); got != c.wire {
			t.Errorf("%v is written as %q, want %q", c.m.ID, got, c.wire)
		}
		m, err := Parse([]byte(c.wire[4:]))
		if diff := cmp.Diff(c.m, m); err != nil || diff != "" {
			t.Errorf("%v is read wrong (%v):\n%s", c.m.ID, err, diff)
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	b := Append([]byte("x"), Message{ID: Choke})
	b = AppendKeepAlive(b)
	b = AppendPieceHeader(b, 1, 2, 3)
	want := "x\x00\x00\x00\x01\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x0c\x07\x00\x00\x00\x01\x00\x00\x00\x02"
	if string(b) != want {
		t.Errorf("%q, want %q", b, want)
	}
}

func TestPieceHeader(t *testing.T) {
	b := AppendPieceHeader(nil, 0xfffffffe, 0x4000, 16<<10)
	if len(b) != PieceHeaderLen {
		t.Fatalf("%d bytes, want %d", len(b), PieceHeaderLen)
	}
	index, begin, length := ParsePieceHeader(b)
	if index != 0xfffffffe || begin != 0x4000 || length != 16<<10 {
		t.Errorf("read back as %d, %d, %d", index, begin, length)
	}
}

func TestParseRejectsWrongSizes(t *testing.T) {
	for _, c := range messages {
		body := []byte(c.wire[4:])
		s := c.m.ID.shape()
		if s.size() > 0 {
			if _, err := Parse(body[:s.size()]); err == nil {
				t.Errorf("%v one byte short is accepted", c.m.ID)
			}
		}
		if !s.opaque() {
			_, err := Parse(append(body[:len(body):len(body)], 0))
			if err == nil || !strings.Contains(err.Error(), c.m.ID.String()) {
				t.Errorf("%v one byte long: %v", c.m.ID, err)
			}
		}
	}
	if _, err := Parse(nil); err == nil {
		t.Error("no bytes are a message")
	}
}

func TestFast(t *testing.T) {
	for id := range ID(40) {
		want := id == Suggest || id == HaveAll || id == HaveNone || id == Reject || id == AllowedFast
		if id.Fast() != want {
			t.Errorf("%v: %v", id, !want)
		}
	}
}

func TestNames(t *testing.T) {
	seen := make(map[string]bool)
	for id := range ID(40) {
		name := id.String()
		if name == "" || seen[name] {
			t.Errorf("%d is called %q", id, name)
		}
		seen[name] = true
	}
}

func TestCodecDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 64)
	body := Append(nil, Message{ID: Request, Index: 1, Begin: 2, Length: 3})[4:]
	header := AppendPieceHeader(nil, 1, 2, 3)
	lim := Limits{Pieces: 10, Block: 16 << 10}
	if n := testing.AllocsPerRun(100, func() {
		m, err := Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		buf = Append(buf[:0], m)
		buf = AppendPieceHeader(buf, 1, 2, 3)
		ParsePieceHeader(header)
		if lim.Check(Piece, 9+16<<10) != nil {
			t.Fatal("block refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range messages {
		f.Add([]byte(c.wire[4:]))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		again := Append(nil, m)
		if !bytes.Equal(again[4:], b) {
			t.Errorf("%x is written back as %x", b, again[4:])
		}
		if n := binary.BigEndian.Uint32(again); int(n) != len(b) {
			t.Errorf("length %d of %d bytes", n, len(b))
		}
		// Whatever Parse takes of a fixed size, Check takes too.
		if s := m.ID.shape(); !s.opaque() {
			if err := (Limits{}).Check(m.ID, uint32(len(b))); err != nil {
				t.Error(err)
			}
		}
	})
}

func BenchmarkAppendRequest(b *testing.B) {
	buf := make([]byte, 0, 64)
	for b.Loop() {
		buf = Append(buf[:0], Message{ID: Request, Index: 1, Begin: 2, Length: 3})
	}
}

func BenchmarkParseRequest(b *testing.B) {
	body := Append(nil, Message{ID: Request, Index: 1, Begin: 2, Length: 3})[4:]
	for b.Loop() {
		if _, err := Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}
