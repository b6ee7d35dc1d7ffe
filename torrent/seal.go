package torrent

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"

	"gotor/piece/storage"
)

// State on disk lies where others may write, so it is sealed: a record begins with
// a code that only who has the key of this user's state folder can make. One
// without a good seal is a hint: it tells where to look for data and what was
// selected, and nothing that it vouches for is believed, nor whom it names asked.
//
//	 0   1 byte   'm', which no record without a seal begins with
//	 1  32 bytes  HMAC-SHA256 of the record
//	33            the record

const sealSize = 1 + sha256.Size

// sealKey returns the key from a state folder, nil where there is none.
func sealKey(dir string) []byte {
	if dir == "" {
		return nil
	}
	key, err := storage.StateKey(dir)
	if err != nil {
		return nil
	}
	return key
}

// seal puts a code in front of a record; without a key the record stays bare.
func seal(key, record []byte) []byte {
	if key == nil {
		return record
	}
	return append(append([]byte{'m'}, sealOf(key, record)...), record...)
}

func sealOf(key, record []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("gotor record\n")) // the key may once serve another purpose
	h.Write(record)
	return h.Sum(nil)
}

// unseal returns what seal was given, and whether the same key has sealed it.
func unseal(key, b []byte) (record []byte, ours bool) {
	if len(b) < sealSize || b[0] != 'm' {
		return b, false
	}
	record = b[sealSize:]
	return record, key != nil && hmac.Equal(b[1:sealSize], sealOf(key, record))
}

// readRecord is decodeRecord of what storage gave together with err. A record
// that may be somebody else's vouches for nothing.
func readRecord(key, b []byte, err error, infoHash [20]byte, pieces, files int) (*record, error) {
	if err != nil && !errors.Is(err, storage.ErrNotOurs) {
		return nil, err
	}
	content, sealed := unseal(key, b)
	r, derr := decodeRecord(content, infoHash, pieces, files)
	if derr != nil {
		return nil, derr
	}
	if r.ours = sealed && err == nil; !r.ours {
		r.distrust()
	}
	return r, nil
}

// distrust leaves of a record what can do no harm: how the data was laid out and
// what was selected.
func (r *record) distrust() {
	r.files, r.clean = nil, false
	clear(r.have)
	r.uploaded, r.down, r.spent = 0, 0, 0
	r.rename, r.names, r.local, r.peers = "", nil, false, nil
}
