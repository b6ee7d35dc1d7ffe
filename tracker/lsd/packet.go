package lsd

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// Limits of a packet.
const (
	maxPacket = 1400 // bytes that are sent (BEP 14)
	maxRead   = 2048 // bytes that are read; longer ones are refused
	maxLines  = 64
	maxHashes = 32 // read from one packet; more are left out
	maxCookie = 64 // bytes
)

// The groups of BEP 14 as the Host header names them.
const (
	host4 = "239.192.152.143:6771"
	host6 = "[ff15::efc0:988f]:6771"
)

const startLine = "BT-SEARCH * HTTP/1.1"

// hashLine is the size of one more info-hash in a packet.
const hashLine = len("Infohash: \r\n") + 40

var (
	errSize  = errors.New("announce is longer than 2048 bytes")
	errStart = errors.New("announce does not begin with " + startLine)
	errLines = errors.New("announce does not end with an empty line, or has too many lines")
	errField = errors.New("announce has a line that is no header")
	errPort  = errors.New("announce has no port, several, or one that is no number from 1 to 65535")
)

// message is one announce.
type message struct {
	port   uint16
	hashes [][20]byte
	cookie string
}

// room is how many info-hashes fit into a packet beside the rest of it.
func room(cookie string) int {
	empty := appendMessage(nil, message{port: 65535, cookie: cookie}, host6)
	return (maxPacket - len(empty)) / hashLine
}

// appendMessage appends an announce to a group. The cookie must have no control
// characters.
func appendMessage(dst []byte, m message, host string) []byte {
	dst = append(dst, startLine+"\r\nHost: "...)
	dst = append(dst, host...)
	dst = append(dst, "\r\nPort: "...)
	dst = strconv.AppendUint(dst, uint64(m.port), 10)
	for _, h := range m.hashes {
		dst = append(dst, "\r\nInfohash: "...)
		dst = hex.AppendEncode(dst, h[:])
	}
	if m.cookie != "" {
		dst = append(dst, "\r\ncookie: "...)
		dst = append(dst, m.cookie...)
	}
	return append(dst, "\r\n\r\n\r\n"...)
}

// parseMessage reads an announce. Headers that it does not know are skipped, and so
// are info-hashes of another form, since later versions may have them; the rest
// must be as BEP 14 has it, but for the Host, which programs disagree on. Of
// equal info-hashes one is returned.
func parseMessage(packet []byte) (m message, err error) {
	if len(packet) > maxRead {
		return m, errSize
	}
	line, rest, ok := strings.Cut(string(packet), "\r\n")
	if !ok || line != startLine {
		return m, errStart
	}
	for range maxLines {
		if line, rest, ok = strings.Cut(rest, "\r\n"); !ok {
			return message{}, errLines
		}
		if line == "" {
			if m.port == 0 {
				return message{}, errPort
			}
			return m, nil
		}
		if err = m.header(line); err != nil {
			return message{}, err
		}
	}
	return message{}, errLines
}

// header reads one line.
func (m *message) header(line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" || strings.ContainsAny(name, " \t") {
		return errField
	}
	value = strings.Trim(value, " \t")
	switch strings.ToLower(name) {
	case "port":
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil || n == 0 || m.port != 0 {
			return errPort
		}
		m.port = uint16(n)
	case "infohash":
		m.addHash(value)
	case "cookie":
		if len(value) <= maxCookie {
			m.cookie = value
		}
	}
	return nil
}

func (m *message) addHash(value string) {
	var h [20]byte
	if len(value) != 2*len(h) || len(m.hashes) >= maxHashes {
		return
	}
	if _, err := hex.Decode(h[:], []byte(value)); err != nil {
		return
	}
	for _, other := range m.hashes {
		if other == h {
			return
		}
	}
	m.hashes = append(m.hashes, h)
}
