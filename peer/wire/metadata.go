package wire

import (
	"fmt"

	"gotor/bencode"
)

// Names of extensions whose messages hold more than a number.
const (
	ExtMetadata = "ut_metadata" // BEP 9
	ExtPEX      = "ut_pex"      // BEP 11
)

const (
	// MetadataBlock is the size of each piece of the info dictionary but the
	// last (BEP 9: 16 KiB).
	MetadataBlock = 16 << 10
	// MaxMetadata bounds an info dictionary that comes from peers (threat: size
	// bomb). 2 million pieces take 40 MB, but no torrent in use comes near.
	MaxMetadata = 30 << 20
)

// MetadataType says what a metadata message is.
type MetadataType uint8

// The message types of BEP 9.
const (
	MetadataRequest MetadataType = iota
	MetadataData
	MetadataReject
)

// MetadataMessage is one message of ut_metadata (BEP 9).
type MetadataMessage struct {
	Type  MetadataType
	Piece int   // 0 .. MaxMetadata/MetadataBlock
	Total int64 // of a Data message: bytes of the info dictionary, 1..MaxMetadata
	Data  []byte
}

// AppendMetadata appends the payload of a metadata message: a dictionary, with
// the data right behind it.
func AppendMetadata(dst []byte, m MetadataMessage) []byte {
	dst = append(dst, 'd')
	dst = bencode.AppendInt(bencode.AppendString(dst, "msg_type"), int64(m.Type))
	dst = bencode.AppendInt(bencode.AppendString(dst, "piece"), int64(m.Piece))
	if m.Type == MetadataData {
		dst = bencode.AppendInt(bencode.AppendString(dst, "total_size"), m.Total)
	}
	dst = append(dst, 'e')
	return append(dst, m.Data...)
}

// MetadataPieces is how many pieces an info dictionary of size bytes has.
func MetadataPieces(size int64) int { return int((size + MetadataBlock - 1) / MetadataBlock) }

// ParseMetadata reads the payload of a metadata message. Data aliases it and has
// exactly the length that its piece must have. "In case of the client receiving
// an unrecognized message id, it MUST ignore the message" (BEP 9): ok is false.
func ParseMetadata(payload []byte) (m MetadataMessage, ok bool, err error) {
	v, rest, err := bencode.ParsePrefix(payload, bencode.Limits{Size: MaxExtended, Tokens: 64, Lenient: true})
	if err != nil {
		return m, false, fmt.Errorf("%s: %w", ExtMetadata, err)
	}
	kind, okKind := v.Get("msg_type").Int()
	piece, okPiece := v.Get("piece").Int()
	if !okKind || !okPiece || piece < 0 || piece >= int64(MetadataPieces(MaxMetadata)) {
		return m, false, fmt.Errorf("%s: message without a type or with no possible piece", ExtMetadata)
	}
	if kind < 0 || kind > int64(MetadataReject) {
		return m, false, nil
	}
	m = MetadataMessage{Type: MetadataType(kind), Piece: int(piece)}
	if m.Type != MetadataData {
		return m, true, nil
	}
	m.Total, _ = v.Get("total_size").Int()
	if m.Total <= 0 || m.Total > MaxMetadata || m.Piece >= MetadataPieces(m.Total) {
		return m, false, fmt.Errorf("%s: piece %d of %d bytes", ExtMetadata, m.Piece, m.Total)
	}
	want := min(MetadataBlock, m.Total-int64(m.Piece)*MetadataBlock)
	if int64(len(rest)) != want {
		return m, false, fmt.Errorf("%s: piece %d has %d bytes instead of %d", ExtMetadata, m.Piece, len(rest), want)
	}
	m.Data = rest
	return m, true, nil
}
