package api

import (
	"context"
	"net/http"
	"net/netip"

	"gotor/cmd/record"
)

// This file has where the bytes of a torrent come from: peers, trackers, web seeds.

type peersOut struct{ Body []record.TorrentPeer }

type addPeersIn struct {
	TorrentID
	Body struct {
		Addrs []string `json:"addrs" minItems:"1" maxItems:"1000" maxLength:"64" doc:"IP:PORT"`
	}
}

type addPeersOut struct {
	Body struct {
		Added int `json:"added" doc:"How many were taken."`
	}
}

type dropPeerIn struct {
	TorrentID
	Addr string `path:"addr" maxLength:"64" doc:"IP:PORT"`
	Ban  string `query:"ban" maxLength:"32" doc:"How long it is not let in again, such as 1h."`
}

type trackersIn struct {
	TorrentID
	Secrets bool `query:"secrets" doc:"Whole URLs, which the full token only may see."`
}

type trackersOut struct{ Body []record.TorrentTracker }

type setTrackersIn struct {
	TorrentID
	Body [][]string `maxItems:"100" doc:"Tiers of URLs."`
}

type webSeedsOut struct{ Body []record.WebSeed }

type setWebSeedsIn struct {
	TorrentID
	Body []string `maxItems:"100" maxLength:"4096" doc:"URLs."`
}

// swarms shows and changes where bytes come from.
type swarms struct {
	session interface {
		Looker
		Keeper
		Swarmer
	}
}

// register registers the routes of this file.
func (w *swarms) register(reg *routes) {
	const tag = "swarm"
	r := func(method, path, id, summary string, errors ...int) route {
		return route{method: method, path: "/torrents/{id}/" + path, id: id, tag: tag, summary: summary, errors: errors}
	}
	handle(reg, r(http.MethodGet, "peers", "list-peers", "Who is connected", 404), func(_ context.Context, in *struct{ TorrentID }) (*peersOut, error) {
		peers, err := w.session.Peers(in.ID)
		return &peersOut{Body: orEmpty(peers)}, err
	})
	handle(reg, r(http.MethodPost, "peers", "add-peers", "Name peers to be dialled", 404, 409, 422), w.addPeers)
	drop := r(http.MethodDelete, "peers/{addr}", "drop-peer", "End a connection", 404, 422)
	drop.status = http.StatusNoContent
	handle(reg, drop, w.dropPeer)
	handle(reg, r(http.MethodGet, "trackers", "list-trackers", "Its trackers, and what they said", 403, 404), w.trackers)
	handle(reg, r(http.MethodPut, "trackers", "set-trackers", "Replace the trackers", 404, 409, 422), func(ctx context.Context, in *setTrackersIn) (*trackersOut, error) {
		// Answered without secrets, though the caller has just sent them: programs log
		// answers.
		if err := w.session.SetTrackers(ctx, in.ID, in.Body); err != nil {
			return nil, err
		}
		return w.trackers(ctx, &trackersIn{TorrentID: in.TorrentID})
	})
	handle(reg, r(http.MethodGet, "web-seeds", "list-web-seeds", "Its web seeds", 404), w.webSeeds)
	handle(reg, r(http.MethodPut, "web-seeds", "set-web-seeds", "Replace the web seeds", 404, 409, 422), func(ctx context.Context, in *setWebSeedsIn) (*webSeedsOut, error) {
		if err := w.session.SetWebSeeds(ctx, in.ID, in.Body); err != nil {
			return nil, err
		}
		return w.webSeeds(ctx, &struct{ TorrentID }{in.TorrentID})
	})
}

// addPeers has peers dialled. All are judged before one is taken, so that nobody has to
// find out which of them were.
func (w *swarms) addPeers(ctx context.Context, in *addPeersIn) (*addPeersOut, error) {
	addrs := make([]netip.AddrPort, len(in.Body.Addrs))
	for i, text := range in.Body.Addrs {
		addr, err := parsePeer(text)
		if err != nil {
			return nil, invalid("body.addrs", "%v", err)
		}
		addrs[i] = addr
	}
	n, err := w.session.AddPeers(ctx, in.ID, addrs)
	out := &addPeersOut{}
	out.Body.Added = n
	return out, err
}

// dropPeer ends a connection. The address is part of the path, as a list of peers tells
// it; a peer has no other name.
func (w *swarms) dropPeer(ctx context.Context, in *dropPeerIn) (*none, error) {
	addr, err := parsePeer(in.Addr)
	if err != nil {
		return nil, invalid("path.addr", "%v", err)
	}
	ban, ok := parseSpan(in.Ban)
	if in.Ban != "" && !ok {
		return nil, invalid("query.ban", "a span is like 1h or 90s")
	}
	return nil, w.session.DropPeer(ctx, in.ID, addr, ban)
}

// parsePeer reads IP:PORT: names are not looked up for peers.
func parsePeer(text string) (netip.AddrPort, error) {
	addr, err := netip.ParseAddrPort(text)
	if err != nil || addr.Port() == 0 || addr.Addr().IsUnspecified() || addr.Addr().Zone() != "" {
		return netip.AddrPort{}, record.Usagef("%q is not the address of a peer, such as 192.0.2.1:6881 or [2001:db8::1]:6881", record.Safe(text))
	}
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()), nil
}

// trackers answers with what is known of each. In a whole URL there is often a passkey,
// with which anybody could announce as the user: who may only look does not see it.
func (w *swarms) trackers(ctx context.Context, in *trackersIn) (*trackersOut, error) {
	if in.Secrets && levelOf(ctx) < full {
		return nil, record.NewProblem(record.CodeForbidden, "the full token is needed to see secrets")
	}
	list, err := w.session.Trackers(in.ID, in.Secrets)
	return &trackersOut{Body: orEmpty(list)}, err
}

// webSeeds answers with those of the torrent, or what was put in their place.
func (w *swarms) webSeeds(_ context.Context, in *struct{ TorrentID }) (*webSeedsOut, error) {
	list, err := w.session.WebSeeds(in.ID)
	return &webSeedsOut{Body: orEmpty(list)}, err
}
