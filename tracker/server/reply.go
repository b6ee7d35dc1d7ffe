package server

import (
	"encoding/binary"
	"net/netip"
	"time"

	"gotor/bencode"
)

// answer is what an announce is told, by either transport.
type answer struct {
	counts
	interval time.Duration
	peers    []contact
	external netip.Addr // the asker's address as we see it (BEP 24)
}

// minInterval is how soon a peer in need may announce again.
func (a *answer) minInterval() time.Duration { return a.interval / 2 }

// appendAnnounce appends the dictionary of an HTTP announce. Its keys must be in
// order.
func appendAnnounce(dst []byte, a *answer, f form) []byte {
	dst = append(dst, 'd')
	dst = bencode.AppendKeyInt(dst, "complete", int64(a.seeders))
	dst = bencode.AppendKeyInt(dst, "downloaded", int64(a.completed))
	if listable(a.external) && !a.external.IsLoopback() {
		dst = bencode.AppendKeyString(dst, "external ip", a.external.AsSlice())
	}
	dst = bencode.AppendKeyInt(dst, "incomplete", int64(a.leechers))
	dst = bencode.AppendKeyInt(dst, "interval", int64(a.interval/time.Second))
	dst = bencode.AppendKeyInt(dst, "min interval", int64(a.minInterval()/time.Second))
	if f.dicts {
		dst = appendDicts(dst, a.peers, f.noIDs)
	} else {
		dst = appendLists(dst, a.peers)
	}
	return append(dst, 'e')
}

// appendDicts appends peers as BEP 3 has them.
func appendDicts(dst []byte, peers []contact, noIDs bool) []byte {
	dst = append(bencode.AppendString(dst, "peers"), 'l')
	for i := range peers {
		p := &peers[i]
		dst = append(dst, 'd')
		dst = bencode.AppendKeyString(dst, "ip", p.addr.Addr().String())
		if !noIDs {
			dst = bencode.AppendKeyString(dst, "peer id", p.id[:])
		}
		dst = bencode.AppendKeyInt(dst, "port", int64(p.addr.Port()))
		dst = append(dst, 'e')
	}
	return append(dst, 'e')
}

// appendLists appends peers as two strings (BEP 23, 7). The second is left out
// when there is nothing in it, the first never: clients look for it.
func appendLists(dst []byte, peers []contact) []byte {
	var room [maxWant * 18]byte
	list := appendCompact(room[:0], peers, 4)
	dst = bencode.AppendKeyString(dst, "peers", list)
	if list = appendCompact(room[:0], peers, 6); len(list) > 0 {
		dst = bencode.AppendKeyString(dst, "peers6", list)
	}
	return dst
}

// appendCompact appends the peers of one family, 6 or 18 bytes each.
func appendCompact(dst []byte, peers []contact, family int) []byte {
	for i := range peers {
		addr := peers[i].addr.Addr()
		switch {
		case addr.Is4() && family == 4:
			b := addr.As4()
			dst = append(dst, b[:]...)
		case addr.Is6() && family == 6:
			b := addr.As16()
			dst = append(dst, b[:]...)
		default:
			continue
		}
		dst = binary.BigEndian.AppendUint16(dst, peers[i].addr.Port())
	}
	return dst
}

// scraped is a torrent of a scrape.
type scraped struct {
	counts
	hash  [20]byte
	known bool
}

// appendScrape appends the dictionary of an HTTP scrape (BEP 48). What is not
// known is not in it. The torrents must be in order, none twice.
func appendScrape(dst []byte, torrents []scraped) []byte {
	dst = append(bencode.AppendString(append(dst, 'd'), "files"), 'd')
	for i := range torrents {
		t := &torrents[i]
		if !t.known {
			continue
		}
		dst = append(bencode.AppendString(dst, t.hash[:]), 'd')
		dst = bencode.AppendKeyInt(dst, "complete", int64(t.seeders))
		dst = bencode.AppendKeyInt(dst, "downloaded", int64(t.completed))
		dst = bencode.AppendKeyInt(dst, "incomplete", int64(t.leechers))
		dst = append(dst, 'e')
	}
	return append(dst, "ee"...)
}

// appendFailure appends the dictionary that refuses a request.
func appendFailure(dst []byte, err error) []byte {
	dst = bencode.AppendKeyString(append(dst, 'd'), "failure reason", err.Error())
	return append(dst, 'e')
}
