package torrent

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"gotor/peer"
	"gotor/peer/wire"
	"gotor/piece"
	"gotor/tracker"
)

// This file is what a Torrent tells of its work while it works. Nothing here is
// done for a block unless messages were asked for.

// EventKind is what an Event is about.
type EventKind string

// The kinds of events. Sent and Received are messages.
const (
	EventConnected     EventKind = "connected"      // the handshake with a peer is done
	EventUnreachable   EventKind = "unreachable"    // a peer was dialled in vain
	EventTurnedAway    EventKind = "turned_away"    // a connection that was not kept
	EventDisconnected  EventKind = "disconnected"   // the end of one that was
	EventBanned        EventKind = "banned"         // a peer that is not asked any more, or not for a while
	EventAnnounce      EventKind = "announce"       // a tracker is asked
	EventAnswer        EventKind = "answer"         // and has answered
	EventTrackerFailed EventKind = "tracker_failed" // or refused, or did not answer
	EventWebSeed       EventKind = "web_seed"       // a web server is asked, or answers
	EventWebSeedFailed EventKind = "web_seed_failed"
	EventDHT           EventKind = "dht"   // a search in the DHT has ended
	EventLocal         EventKind = "local" // the local network named a peer
	EventMetadata      EventKind = "metadata"
	EventPieceFailed   EventKind = "piece_failed" // its hash is wrong
	EventSent          EventKind = "sent"
	EventReceived      EventKind = "received"
)

// Event is one thing that happened to a torrent, for people who want to know why
// it waits. Its strings come from the network: they are bounded, and raw.
type Event struct {
	Time     time.Time
	Name     string // of the torrent
	InfoHash string // hex
	Kind     EventKind
	// Addr is the peer as ADDRESS:PORT, or the URL of the tracker or web server
	// without its secrets; empty where there is none.
	Addr string
	Text string // what happened, in words
}

// maxEventText bounds Event.Text, in bytes.
const maxEventText = 512

// tellJoined tells of a connection whose handshake is done.
func (k *core) tellJoined(addr netip.AddrPort, hs wire.Handshake, incoming bool) {
	how := "we dialled"
	if incoming {
		how = "it dialled"
	}
	k.tell(EventConnected, addr.String(), "%s, %s", wire.ClientOf(hs.PeerID), how)
}

// tellLeft tells of the end of a connection.
func (k *core) tellLeft(m *member, s *peer.Stats, err error) {
	k.tell(EventDisconnected, m.addr.String(), "%s; %d bytes received, %d sent", plainDialError(err), s.Downloaded, s.Uploaded)
}

// tellPiece tells of a piece whose hash is wrong, and whose fault that is; server is
// the web server that stands behind an address, or nil.
func (k *core) tellPiece(r *piece.Result, server func(netip.AddrPort) *webSource) {
	if k.client.cfg.Trace == nil {
		return
	}
	from := "who sent what is wrong is not known yet"
	if len(r.Guilty) > 0 {
		var names []string
		for _, a := range r.Guilty {
			name := a.String()
			if s := server(a); s != nil {
				name = s.shown
			}
			names = append(names, name)
		}
		from = "wrong bytes came from " + strings.Join(names, ", ")
	}
	k.tell(EventPieceFailed, "", "piece %d has the wrong hash; %s", r.Piece, from)
}

// tracedAnnounce is what the announcer calls.
func (k *core) tracedAnnounce() func(tracker.Announce) {
	name, totals := k.name, &k.client.totals
	if k.client.cfg.Trace == nil {
		return totals.announced
	}
	return func(a tracker.Announce) {
		totals.announced(a)
		kind, text := EventAnnounce, a.Event.String()
		switch {
		case a.Err != "":
			kind, text = EventTrackerFailed, a.Err
		case a.Ended:
			kind, text = EventAnswer, fmt.Sprintf("%d addresses", a.Peers)
		case text == "":
			text = "regular"
		}
		k.tellAs(name, kind, tracker.Redact(a.URL), text)
	}
}

// tracedMessages is what a connection calls for each message; nil where nobody
// wants to know.
func (k *core) tracedMessages(addr netip.AddrPort) peer.TraceFunc {
	if k.client.cfg.Trace == nil || !k.client.cfg.TraceMessages {
		return nil
	}
	name, remote := k.name, addr.String()
	return func(sent bool, m wire.Message) {
		kind := EventReceived
		if sent {
			kind = EventSent
		}
		k.tellAs(name, kind, remote, messageText(m))
	}
}

// messageText describes a message in a few words.
func messageText(m wire.Message) string {
	switch m.ID {
	case wire.Have, wire.Suggest, wire.AllowedFast:
		return fmt.Sprintf("%v %d", m.ID, m.Index)
	case wire.Request, wire.Piece, wire.Cancel, wire.Reject:
		return fmt.Sprintf("%v %d, bytes %d+%d", m.ID, m.Index, m.Begin, m.Length)
	case wire.Port:
		return fmt.Sprintf("port %d", m.Port)
	case wire.Bitfield:
		return fmt.Sprintf("bitfield, %d bytes", len(m.Payload))
	case wire.Extended:
		if m.Ext == wire.ExtHandshakeID {
			return fmt.Sprintf("extension handshake, %d bytes", len(m.Payload))
		}
		return fmt.Sprintf("extended %d, %d bytes", m.Ext, len(m.Payload))
	}
	return m.ID.String()
}
