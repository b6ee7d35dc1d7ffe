package wire

import "crypto/rand"

// NewPeerID returns prefix followed by random bytes, 20 in all. BEP 20 makes
// the prefix eight characters: "-GT0100-". What is over 20 bytes is cut off.
func NewPeerID(prefix string) (id [20]byte) {
	n := copy(id[:], prefix)
	rand.Read(id[n:])
	return id
}

// ClientOf guesses the client behind a peer id by the conventions of BEP 20,
// as in "Transmission 4.0.5". It is empty if the id follows none. The result
// is printable ASCII: bytes that are not stay out of it.
func ClientOf(id [20]byte) string {
	if id[0] != '-' || id[7] != '-' {
		return ""
	}
	version := versionOf(id[3:7])
	name := clientName(string(id[1:3]))
	if name == "" || version == "" {
		return ""
	}
	return name + " " + version
}

// versionOf turns four digits (or letters, counting on from A = 10) into
// numbers with dots, at least two of them: "4050" is 4.0.5.
func versionOf(b []byte) string {
	var v []byte
	for i, c := range b {
		if i == 3 && c >= 'a' && c <= 'z' {
			break // Deluge: "211s", the s is for stable
		}
		n, ok := versionDigit(c)
		if !ok {
			return ""
		}
		if n == 0 && i >= 2 && allZero(b[i:]) {
			break
		}
		if i > 0 {
			v = append(v, '.')
		}
		if n >= 10 {
			v = append(v, '0'+n/10)
		}
		v = append(v, '0'+n%10)
	}
	return string(v)
}

// versionDigit returns the number that a digit or capital letter stands for.
func versionDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'A' && c <= 'Z':
		return c - 'A' + 10, true
	}
	return 0, false
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != '0' {
			return false
		}
	}
	return true
}

// clientName returns the name behind the two letters of a peer id; clients
// that are seen today, and the letters themselves for the others.
func clientName(code string) string {
	switch code {
	case "AZ":
		return "Vuze"
	case "BC":
		return "BitComet"
	case "DE":
		return "Deluge"
	case "FD":
		return "Free Download Manager"
	case "GT":
		return "gotor"
	case "KT":
		return "KTorrent"
	case "LT":
		return "libtorrent"
	case "lt":
		return "rTorrent"
	case "qB":
		return "qBittorrent"
	case "TR":
		return "Transmission"
	case "UT":
		return "uTorrent"
	case "WW":
		return "WebTorrent"
	case "BI":
		return "BiglyBT"
	}
	for _, c := range []byte(code) {
		if c <= ' ' || c >= 0x7f {
			return ""
		}
	}
	return code
}
