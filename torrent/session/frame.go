package session

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
)

// A frame is how a change stands in a file:
//
//	length   4 bytes, big endian: of what follows the checksum
//	checksum 4 bytes, CRC-32C of the length and of what follows
//	kind     1 byte
//	hash     1 byte, how long it is (0, 40, 64), and the ID as text
//	content  JSON; of a group: frames without checksum
//
// A length is below 2^24, so that a frame begins with a zero byte, which neither JSON nor
// an ID has: what strangers say is never taken for a frame when one is looked for after
// damage.
const (
	frameHead = 8
	frameMin  = 2 // kind and length of the hash
	maxFrame  = 1<<24 - 1
)

// kindHeader is the first frame of each file; see header.
const kindHeader kind = 'H'

// header says what a file is.
type header struct {
	Version int `json:"version"`
	// Generation ties a journal to the snapshot that it goes on from: one that is
	// lower than that of the snapshot is in there already.
	Generation uint64 `json:"generation"`
}

// version is that of the format: a higher one is refused.
const version = 1

// checksum is CRC-32C; crc32 makes the table once.
func checksum(length, body []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(length, table), table, body)
}

// appendFrame adds a frame.
func appendFrame(b []byte, k kind, id ID, content []byte) []byte {
	at := len(b)
	b = append(b, make([]byte, frameHead)...)
	b = appendBody(b, k, id, content)
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-frameHead))
	binary.BigEndian.PutUint32(b[at+4:], checksum(b[at:at+4], b[at+frameHead:]))
	return b
}

func appendBody(b []byte, k kind, id ID, content []byte) []byte {
	b = append(b, byte(k), byte(len(id)))
	b = append(b, id...)
	return append(b, content...)
}

// appendGroup adds one frame with several bodies in it.
func appendGroup(b []byte, ops []Op) ([]byte, error) {
	var content []byte
	for i := range ops {
		at := len(content)
		content = append(content, 0, 0, 0, 0)
		content = appendBody(content, ops[i].kind, ops[i].id, ops[i].content)
		binary.BigEndian.PutUint32(content[at:], uint32(len(content)-at-4))
	}
	if len(content)+frameMin > maxFrame {
		return b, fmt.Errorf("%w: %d bytes at once", ErrInvalid, len(content))
	}
	return appendFrame(b, kindGroup, "", content), nil
}

// appendOps adds what one Commit has changed: all of it is in one frame.
func appendOps(b []byte, ops []Op) ([]byte, error) {
	switch len(ops) {
	case 0:
		return b, nil
	case 1:
		return appendFrame(b, ops[0].kind, ops[0].id, ops[0].content), nil
	}
	return appendGroup(b, ops)
}

// encode makes the content of a change.
func (o *Op) encode() error {
	var value any
	limit := maxFrame - frameMin - 64
	switch o.kind {
	case kindPut:
		value, limit = o.entry, maxEntry
	case kindSettings:
		o.content = o.raw
		return nil
	case kindOnce:
		value = o.once
	case kindTally:
		value = o.tally
	case kindTotals:
		value = o.totals
	case kindRecord:
		value = o.record
	default:
		return nil
	}
	content, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	if len(content) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrInvalid, len(content), limit)
	}
	o.content = content
	return nil
}

// parseFrame takes apart what follows the checksum of a frame.
func parseFrame(body []byte) ([]Op, error) {
	o, err := parseBody(body)
	if err != nil {
		return nil, err
	}
	if o.kind != kindGroup {
		return []Op{o}, o.decode()
	}
	var ops []Op
	for b := o.content; len(b) > 0; {
		if len(b) < 4 {
			return nil, errFrame
		}
		n := binary.BigEndian.Uint32(b)
		if b = b[4:]; uint64(n) > uint64(len(b)) {
			return nil, errFrame
		}
		inner, err := parseBody(b[:n])
		if err == nil {
			err = inner.decode()
		}
		if err != nil || inner.kind == kindGroup {
			return nil, errFrame
		}
		ops, b = append(ops, inner), b[n:]
	}
	if len(ops) == 0 {
		return nil, errFrame
	}
	return ops, nil
}

// parseBody splits kind, hash and content, which is not copied.
func parseBody(b []byte) (Op, error) {
	if len(b) < frameMin || !plausible(b[0], b[1]) || len(b) < frameMin+int(b[1]) {
		return Op{}, errFrame
	}
	n := frameMin + int(b[1])
	return Op{kind: kind(b[0]), id: ID(b[frameMin:n]), content: b[n:]}, nil
}

// plausible reports whether a frame may have this kind and this length of a hash.
func plausible(k, hash byte) bool {
	kinds := [...]kind{kindPut, kindRemove, kindSettings, kindOnce, kindTally, kindTotals, kindRecord, kindGroup, kindEnd, kindHeader}
	return slices.Contains(kinds[:], kind(k)) && (hash == 0 || hash == 40 || hash == 64)
}

// decode makes a value of the content, as checked as one that comes from a caller.
func (o *Op) decode() error {
	var err error
	switch o.kind {
	case kindPut:
		if o.entry = new(Entry); len(o.content) > maxEntry {
			return errFrame
		}
		if err = json.Unmarshal(o.content, o.entry); err == nil && o.entry.ID != o.id {
			return errFrame
		}
	case kindSettings:
		o.raw = slices.Clone(o.content)
	case kindOnce:
		o.once = new(Once)
		err = json.Unmarshal(o.content, o.once)
	case kindTally:
		o.tally = new(Tally)
		err = json.Unmarshal(o.content, o.tally)
	case kindTotals:
		o.totals = new(Totals)
		err = json.Unmarshal(o.content, o.totals)
	case kindRecord:
		if err = json.Unmarshal(o.content, &o.record); len(o.record) > maxRecord {
			return errFrame
		}
	}
	if err != nil {
		return err
	}
	if o.kind == kindEnd || o.kind == kindHeader {
		return nil // the loader's business
	}
	o.content = nil
	return o.check()
}
