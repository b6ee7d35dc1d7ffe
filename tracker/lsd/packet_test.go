package lsd

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
)

// hash is an info-hash of one byte repeated.
func hash(b byte) (h [20]byte) {
	for i := range h {
		h[i] = b
	}
	return h
}

func hexOf(b byte) string { h := hash(b); return hex.EncodeToString(h[:]) }

func TestAppendMessage(t *testing.T) {
	got := string(appendMessage(nil, message{port: 6881, hashes: [][20]byte{hash(0xab), hash(1)}, cookie: "name"}, host4))
	want := "BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\n" +
		"Infohash: " + strings.Repeat("ab", 20) + "\r\nInfohash: " + strings.Repeat("01", 20) + "\r\ncookie: name\r\n\r\n\r\n"
	if got != want {
		t.Errorf("got %q", got)
	}
	if got := string(appendMessage(nil, message{port: 1}, host6)); got != "BT-SEARCH * HTTP/1.1\r\nHost: [ff15::efc0:988f]:6771\r\nPort: 1\r\n\r\n\r\n" {
		t.Errorf("got %q", got)
	}
}

// What fits into a packet fits whatever the cookie, and one more does not.
func TestRoom(t *testing.T) {
	for _, cookie := range []string{"", "0123456789abcdef", strings.Repeat("x", maxCookie)} {
		m := message{port: 65535, cookie: cookie, hashes: make([][20]byte, room(cookie))}
		if n := len(appendMessage(nil, m, host6)); n > maxPacket || n+hashLine <= maxPacket || len(m.hashes) > maxHashes {
			t.Errorf("cookie %q: %d info-hashes make %d bytes", cookie, len(m.hashes), n)
		}
	}
}

func TestParseMessage(t *testing.T) {
	a, b := hexOf(0xaa), hexOf(0xbb)
	const start = "BT-SEARCH * HTTP/1.1\r\n"
	var many []string
	for i := range maxHashes + 5 {
		many = append(many, "Infohash: "+hexOf(byte(i))+"\r\n")
	}
	for _, c := range []struct {
		name, packet string
		want         message
		err          error
	}{
		{"as Transmission has it", start + "Host: 239.192.152.143:6771\r\nPort: 51413\r\nInfohash: " + a + "\r\n\r\n\r\n",
			message{port: 51413, hashes: [][20]byte{hash(0xaa)}}, nil},
		{"as libtorrent has it", start + "Host: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: " + a + "\r\ncookie: 1f2e3d\r\n\r\n\r\n",
			message{port: 6881, hashes: [][20]byte{hash(0xaa)}, cookie: "1f2e3d"}, nil},
		{"several, one twice", start + "Port: 1\r\nInfohash: " + a + "\r\nInfohash: " + b + "\r\nInfohash: " + a + "\r\n\r\n",
			message{port: 1, hashes: [][20]byte{hash(0xaa), hash(0xbb)}}, nil},
		{"names and digits in any case, blanks", start + "PORT:\t 80 \r\ninfoHASH:" + strings.ToUpper(a) + "\r\n\r\n",
			message{port: 80, hashes: [][20]byte{hash(0xaa)}}, nil},
		{"unknown headers", start + "Port: 1\r\nX-New: a:b\r\nEmpty:\r\n\r\n", message{port: 1}, nil},
		{"what follows the end", start + "Port: 1\r\n\r\nPort: 2\r\n\r\n", message{port: 1}, nil},
		{"info-hashes of another form", start + "Port: 1\r\nInfohash: " + a + "00\r\nInfohash: " + strings.Repeat("g", 40) + "\r\nInfohash:\r\n\r\n", message{port: 1}, nil},
		{"a cookie too long to be ours", start + "Port: 1\r\ncookie: " + strings.Repeat("x", maxCookie+1) + "\r\n\r\n", message{port: 1}, nil},
		{"nothing", "", message{}, errStart},
		{"another method", "M-SEARCH * HTTP/1.1\r\nPort: 1\r\n\r\n", message{}, errStart},
		{"lines that end otherwise", "BT-SEARCH * HTTP/1.1\nPort: 1\n\n", message{}, errStart},
		{"no end", start + "Port: 1\r\nInfohash: " + a + "\r\n", message{}, errLines},
		{"cut in a line", start + "Port: 1\r\nInfohash: " + a, message{}, errLines},
		{"too many lines", start + "Port: 1\r\n" + strings.Repeat("A: b\r\n", maxLines) + "\r\n", message{}, errLines},
		{"too long", start + "Port: 1\r\nA: " + strings.Repeat("b", maxRead) + "\r\n\r\n", message{}, errSize},
		{"no header", start + "Port: 1\r\nhello\r\n\r\n", message{}, errField},
		{"no name", start + ": 1\r\n\r\n", message{}, errField},
		{"a name with blanks", start + "Port : 1\r\n\r\n", message{}, errField},
		{"no port", start + "Infohash: " + a + "\r\n\r\n", message{}, errPort},
		{"port 0", start + "Port: 0\r\n\r\n", message{}, errPort},
		{"port 65536", start + "Port: 65536\r\n\r\n", message{}, errPort},
		{"port -1", start + "Port: -1\r\n\r\n", message{}, errPort},
		{"port +1", start + "Port: +1\r\n\r\n", message{}, errPort},
		{"port 0x50", start + "Port: 0x50\r\n\r\n", message{}, errPort},
		{"two ports", start + "Port: 1\r\nPort: 1\r\n\r\n", message{}, errPort},
	} {
		got, err := parseMessage([]byte(c.packet))
		if !errors.Is(err, c.err) || !equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v, %v", c.name, got, err, c.want, c.err)
		}
	}
	got, err := parseMessage([]byte(start + "Port: 1\r\n" + strings.Join(many, "") + "\r\n"))
	if err != nil || len(got.hashes) != maxHashes {
		t.Errorf("of %d info-hashes %d are read, %v", len(many), len(got.hashes), err)
	}
}

func equal(a, b message) bool {
	return a.port == b.port && a.cookie == b.cookie && slices.Equal(a.hashes, b.hashes)
}

func FuzzParseMessage(f *testing.F) {
	f.Add([]byte("BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: " + hexOf(1) + "\r\ncookie: x\r\n\r\n\r\n"))
	f.Add([]byte("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n\r\n"))
	f.Add([]byte("BT-SEARCH * HTTP/1.1\r\nPort: 99999\r\nInfohash: zz\r\n"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		m, err := parseMessage(packet)
		if err != nil {
			if !equal(m, message{}) {
				t.Fatalf("%v beside an error", m)
			}
			return
		}
		if m.port == 0 || len(m.hashes) > maxHashes || len(m.cookie) > maxCookie {
			t.Fatalf("beyond the limits: %v", m)
		}
		// Written and read again it is the same.
		again, err := parseMessage(appendMessage(nil, m, host6))
		if err != nil || !equal(again, m) {
			t.Fatalf("%v became %v, %v", m, again, err)
		}
	})
}
