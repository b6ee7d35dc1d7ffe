package wire

import (
	"encoding/binary"
	"fmt"
)

// ID is the type of a message: the byte after the length.
type ID byte

// The messages and where they come from. Payloads are in the comments.
const (
	Choke         ID = 0  // BEP 3; none
	Unchoke       ID = 1  // BEP 3; none
	Interested    ID = 2  // BEP 3; none
	NotInterested ID = 3  // BEP 3; none
	Have          ID = 4  // BEP 3; index
	Bitfield      ID = 5  // BEP 3; one bit a piece, high bit first
	Request       ID = 6  // BEP 3; index, begin, length
	Piece         ID = 7  // BEP 3; index, begin, the bytes
	Cancel        ID = 8  // BEP 3; index, begin, length
	Port          ID = 9  // BEP 5; UDP port of the DHT node, two bytes
	Suggest       ID = 13 // BEP 6; index
	HaveAll       ID = 14 // BEP 6; none
	HaveNone      ID = 15 // BEP 6; none
	Reject        ID = 16 // BEP 6; index, begin, length
	AllowedFast   ID = 17 // BEP 6; index
	Extended      ID = 20 // BEP 10; extended message id, then what that extension says
	HashRequest   ID = 21 // BEP 52; root, base layer, index, length, proof layers
	Hashes        ID = 22 // BEP 52; the same, then hashes
	HashReject    ID = 23 // BEP 52; as hash request
)

// String returns the name of the message as the BEPs write it.
func (id ID) String() string {
	switch id {
	case Choke:
		return "choke"
	case Unchoke:
		return "unchoke"
	case Interested:
		return "interested"
	case NotInterested:
		return "not interested"
	case Have:
		return "have"
	case Bitfield:
		return "bitfield"
	case Request:
		return "request"
	case Piece:
		return "piece"
	case Cancel:
		return "cancel"
	case Port:
		return "port"
	case Suggest:
		return "suggest piece"
	case HaveAll:
		return "have all"
	case HaveNone:
		return "have none"
	case Reject:
		return "reject request"
	case AllowedFast:
		return "allowed fast"
	case Extended:
		return "extended"
	case HashRequest:
		return "hash request"
	case Hashes:
		return "hashes"
	case HashReject:
		return "hash reject"
	}
	return fmt.Sprintf("unknown message %d", byte(id))
}

// Fast reports whether the message exists only under the fast extension
// (BEP 6); without it, "the peer MUST close the connection".
func (id ID) Fast() bool { return id >= Suggest && id <= AllowedFast }

// shape is how the payload of a message is laid out.
type shape byte

const (
	shapeOpaque  shape = iota // any bytes
	shapeNone                 // nothing
	shapeIndex                // index
	shapeRequest              // index, begin, length
	shapePiece                // index, begin, any bytes
	shapePort                 // two bytes
	shapeExt                  // one byte, any bytes
)

func (id ID) shape() shape {
	switch id {
	case Choke, Unchoke, Interested, NotInterested, HaveAll, HaveNone:
		return shapeNone
	case Have, Suggest, AllowedFast:
		return shapeIndex
	case Request, Cancel, Reject:
		return shapeRequest
	case Piece:
		return shapePiece
	case Port:
		return shapePort
	case Extended:
		return shapeExt
	}
	return shapeOpaque
}

// size returns the bytes of the payload in front of its opaque part.
func (s shape) size() int {
	switch s {
	case shapeIndex:
		return 4
	case shapeRequest:
		return 12
	case shapePiece:
		return 8
	case shapePort:
		return 2
	case shapeExt:
		return 1
	}
	return 0
}

// opaque reports whether bytes of any number follow.
func (s shape) opaque() bool {
	return s == shapeOpaque || s == shapePiece || s == shapeExt
}

// Message is one message of any type. Fields that its type does not have are
// zero. The numbers are as they came: nobody has checked yet that the torrent
// has such a piece.
type Message struct {
	ID                   ID
	Index, Begin, Length uint32
	Port                 uint16
	Ext                  byte   // extended message id; 0 is the extension handshake
	Payload              []byte // bitfield, piece, extended and unknown messages; aliases the input of Parse
}

// PieceHeaderLen is the size of everything in front of the bytes of a piece
// message: length, id, index, begin.
const PieceHeaderLen = 13

// Append appends m with its length in front.
func Append(dst []byte, m Message) []byte {
	s := m.ID.shape()
	dst = binary.BigEndian.AppendUint32(dst, uint32(1+s.size()+len(m.Payload)))
	dst = append(dst, byte(m.ID))
	switch s {
	case shapeIndex:
		dst = binary.BigEndian.AppendUint32(dst, m.Index)
	case shapeRequest:
		dst = binary.BigEndian.AppendUint32(dst, m.Index)
		dst = binary.BigEndian.AppendUint32(dst, m.Begin)
		dst = binary.BigEndian.AppendUint32(dst, m.Length)
	case shapePiece:
		dst = binary.BigEndian.AppendUint32(dst, m.Index)
		dst = binary.BigEndian.AppendUint32(dst, m.Begin)
	case shapePort:
		dst = binary.BigEndian.AppendUint16(dst, m.Port)
	case shapeExt:
		dst = append(dst, m.Ext)
	}
	return append(dst, m.Payload...)
}

// AppendKeepAlive appends the message of length zero.
func AppendKeepAlive(dst []byte) []byte { return append(dst, 0, 0, 0, 0) }

// AppendPieceHeader appends the 13 bytes in front of length bytes of payload.
func AppendPieceHeader(dst []byte, index, begin, length uint32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 9+length)
	dst = append(dst, byte(Piece))
	dst = binary.BigEndian.AppendUint32(dst, index)
	return binary.BigEndian.AppendUint32(dst, begin)
}

// ParsePieceHeader reads the index and begin of a piece message out of its
// first 13 bytes, and how many bytes of payload follow them. The caller has
// seen its id and has had its length checked.
func ParsePieceHeader(b []byte) (index, begin, length uint32) {
	_ = b[PieceHeaderLen-1]
	return binary.BigEndian.Uint32(b[5:]), binary.BigEndian.Uint32(b[9:]), binary.BigEndian.Uint32(b) - 9
}

// Parse reads the message whose id and payload are exactly b; the length in
// front has been taken off. A payload of the wrong size is an error. Messages
// of unknown type are returned with their payload.
func Parse(b []byte) (Message, error) {
	if len(b) == 0 {
		return Message{}, errEmpty
	}
	m := Message{ID: ID(b[0])}
	s, p := m.ID.shape(), b[1:]
	if len(p) < s.size() || (len(p) > s.size() && !s.opaque()) {
		return Message{}, sizeError(m.ID, uint32(len(b)))
	}
	switch s {
	case shapeIndex:
		m.Index = binary.BigEndian.Uint32(p)
	case shapeRequest:
		m.Index, m.Begin, m.Length = binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:]), binary.BigEndian.Uint32(p[8:])
	case shapePiece:
		m.Index, m.Begin = binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
	case shapePort:
		m.Port = binary.BigEndian.Uint16(p)
	case shapeExt:
		m.Ext = p[0]
	}
	if s.opaque() {
		m.Payload = p[s.size():]
	}
	return m, nil
}
