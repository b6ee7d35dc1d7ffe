package tracker

import (
	"encoding/binary"
	"net/netip"
)

// The actions of BEP 15.
const (
	actConnect  = 0
	actAnnounce = 1
	actScrape   = 2
	actError    = 3
)

const (
	protocolID = 0x41727101980 // in place of a connection id when asking for one
	maxPacket  = 16 << 10      // 500 IPv6 peers take 9,020
)

// appendHeader appends what every request starts with: 16 bytes.
func appendHeader(b []byte, connection uint64, action, transaction uint32) []byte {
	b = binary.BigEndian.AppendUint64(b, connection)
	b = binary.BigEndian.AppendUint32(b, action)
	return binary.BigEndian.AppendUint32(b, transaction)
}

// appendUDPAnnounce appends the rest of an announce request, 82 bytes, and
// path and query of the tracker's URL as an option (BEP 41).
func appendUDPAnnounce(b []byte, r Request, urlData string) []byte {
	b = append(b, r.InfoHash[:]...)
	b = append(b, r.PeerID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(max(r.Downloaded, 0)))
	b = binary.BigEndian.AppendUint64(b, uint64(left(r)))
	b = binary.BigEndian.AppendUint64(b, uint64(max(r.Uploaded, 0)))
	event := r.Event
	if event > EventStopped {
		event = EventNone
	}
	b = binary.BigEndian.AppendUint32(b, uint32(event))
	b = binary.BigEndian.AppendUint32(b, 0) // our address is the packet's
	b = binary.BigEndian.AppendUint32(b, r.Key)
	want := int32(-1)
	if n, ok := numWant(r); ok {
		want = int32(n)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(want))
	b = binary.BigEndian.AppendUint16(b, r.Port)
	return appendURLData(b, urlData)
}

// appendURLData appends s in options of at most 255 bytes (BEP 41).
func appendURLData(b []byte, s string) []byte {
	for len(s) > 0 {
		n := min(len(s), 255)
		b = append(append(b, 2, byte(n)), s[:n]...)
		s = s[n:]
	}
	return b
}

// parseHeader returns what every answer starts with.
func parseHeader(b []byte) (action, transaction uint32, ok bool) {
	if len(b) < 8 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), true
}

// emptyAnswer stands for the reason that opentracker does not give when it is
// asked for a torrent that it does not serve: just a header.
const emptyAnswer = "an empty answer; is the torrent registered there?"

// checkAnswer returns the *Failure that an answer stands for, or ErrMalformed
// if it is not one to such a request, or shorter than size.
func checkAnswer(b []byte, action uint32, size int) error {
	got, _, _ := parseHeader(b)
	switch {
	case len(b) >= 8 && got == actError:
		return &Failure{Reason: cut(string(b[8:min(len(b), 8+maxText+1)]))}
	case len(b) == 8 && got == actAnnounce && action == actAnnounce && size > 8:
		return &Failure{Reason: emptyAnswer}
	case got != action:
		return malformed("action %d, want %d", got, action)
	case len(b) < size:
		return malformed("%d bytes, want %d", len(b), size)
	}
	return nil
}

// parseConnect reads the answer to a connect request.
func parseConnect(b []byte) (connection uint64, err error) {
	if err := checkAnswer(b, actConnect, 16); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(b[8:]), nil
}

// parseUDPAnnounce reads the answer to an announce. Peers are of the family
// that the packets went over.
func parseUDPAnnounce(b []byte, v6 bool) (Response, error) {
	if err := checkAnswer(b, actAnnounce, 20); err != nil {
		return Response{}, err
	}
	seconds := int32(binary.BigEndian.Uint32(b[8:]))
	r := Response{
		Interval:    interval(int64(seconds)),
		MinInterval: interval(0),
		Leechers:    count32(b[12:]),
		Seeders:     count32(b[16:]),
	}
	size := 4
	if v6 {
		size = 16
	}
	r.Peers = appendCompact(make([]netip.AddrPort, 0), b[20:], size)
	return r, nil
}

// parseUDPScrape reads the answer to a scrape of n torrents. Torrents that it
// leaves out are unknown.
func parseUDPScrape(b []byte, n int) ([]ScrapeResult, error) {
	if err := checkAnswer(b, actScrape, 8); err != nil {
		return nil, err
	}
	results := make([]ScrapeResult, n)
	b = b[8:]
	for i := range results {
		results[i] = ScrapeResult{-1, -1, -1, -1}
		if len(b) >= 12 {
			results[i] = ScrapeResult{count32(b), count32(b[8:]), count32(b[4:]), -1}
			b = b[12:]
		}
	}
	return results, nil
}

// count32 reads a number of peers, -1 if it is absurd.
func count32(b []byte) int {
	return int(max(int32(binary.BigEndian.Uint32(b)), -1))
}
