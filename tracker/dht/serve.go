package dht

import (
	"net/netip"
	"slices"
	"time"
)

// serve answers a query. size is that of its packet.
func (n *Node) serve(now time.Time, f *family, m *message, from netip.AddrPort, size int) {
	n.tokens.rotate(now, n.rand)
	a := &asking{n: n, now: now, f: f, m: m, from: from, size: size, room: n.gate.room(now, from, size)}
	a.r = reply{own: f.own, tid: m.tid, version: n.cfg.Version}
	if !m.hasID {
		a.refuse(codeProtocol, "no id")
		return
	}
	n.counted.Queries++
	switch string(m.method) {
	case "ping":
		a.brief = true
		a.answer(nil)
	case "find_node":
		a.findNode()
	case "get_peers":
		a.getPeers()
	case "announce_peer":
		a.announcePeer()
	case "get":
		a.get()
	case "put":
		a.put()
	case "sample_infohashes":
		a.sampleInfohashes()
	default:
		a.unknown()
	}
	// After the answer, so that a ping never overtakes it.
	if !m.readOnly {
		a.meet(Contact{m.id, from})
	}
}

// asking is a query while it is being answered.
type asking struct {
	n    *Node
	now  time.Time
	f    *family
	m    *message
	from netip.AddrPort
	size int // of the query's packet
	room int // bytes that may be sent because of it
	// brief: what the asker needs makes the answer no longer than the question, so
	// that it is not, unless the asker has shown that it receives it or is local.
	brief bool
	r     reply
}

// meet notes a node that has queried us. One that the table has room for is
// pinged, because only nodes that answer are taken in.
func (a *asking) meet(c Contact) {
	const pingSize = 100
	n := a.n
	if e := a.f.table.find(c); e != nil {
		e.queried = a.now
		return
	}
	if a.room < pingSize || !a.f.table.hasRoom(c) || !n.gate.mayProbe(a.now, c.Addr) {
		return
	}
	n.gate.spend(a.now, a.from, 0, pingSize)
	n.ask(a.now, c, true, &query{method: "ping"}, func(time.Time, outcome, *message) {})
}

// target reads an argument that is a point of the space; without it the query
// is refused.
func (a *asking) target(key string) (id ID, ok bool) {
	if id, ok = idOf(a.m.body.Get(key)); !ok {
		a.refuse(codeProtocol, "no "+key)
	}
	return id, ok
}

// findNode answers with the closest nodes (BEP 5).
func (a *asking) findNode() {
	if target, ok := a.target("target"); ok {
		a.answer(&target)
	}
}

// unknown answers a method that we do not know: as find_node if it has a
// target, so that new methods travel through old nodes (BEP 51).
func (a *asking) unknown() {
	for _, key := range [2]string{"target", "info_hash"} {
		if target, ok := idOf(a.m.body.Get(key)); ok {
			a.answer(&target)
			return
		}
	}
	a.refuse(codeUnknown, "method unknown")
}

// getPeers answers with peers, nodes and a token (BEP 5), and with the filters
// of a scrape if they are asked for (BEP 33). Nodes are given beside peers: a
// search that finds a few peers early must still find the closest nodes.
func (a *asking) getPeers() {
	infoHash, ok := a.target("info_hash")
	if !ok {
		return
	}
	n := a.n
	w := n.peers.get(a.now, infoHash)
	if w == nil || len(w.peers) < maxSwarm { // no token where there is no room (BEP 33)
		a.r.token = n.tokens.make(0, a.from.Addr(), &infoHash)
	}
	if w != nil {
		n.values = w.pick(n.values[:0], a.f.v6, 100, a.m.flag("noseed"), n.rand)
		a.r.values = n.values
		if a.m.flag("scrape") {
			a.r.seeds, a.r.peers = w.filters()
		}
	}
	a.answer(&infoHash)
}

// announcePeer stores the sender as a peer. Its address is that of the packet,
// never one that it names: nobody can announce anybody else.
func (a *asking) announcePeer() {
	infoHash, ok := a.target("info_hash")
	if !ok || !a.checkToken(&infoHash) {
		return
	}
	port, _ := a.m.body.Get("port").Int()
	if a.m.flag("implied_port") {
		port = int64(a.from.Port())
	}
	if port < 1 || port > 65535 {
		a.refuse(codeProtocol, "invalid port")
		return
	}
	p := peer{addr: netip.AddrPortFrom(a.from.Addr().WithZone(""), uint16(port)), seed: a.m.flag("seed")}
	if !a.n.peers.announce(a.now, infoHash, p) {
		a.refuse(codeServer, "no room")
		return
	}
	a.answer(nil)
}

// checkToken reports whether the query has a token that we gave to its sender,
// which shows that the sender receives what we send to it.
func (a *asking) checkToken(target *ID) bool {
	token, _ := a.m.body.Get("token").Str()
	if !a.n.tokens.valid(token, a.from.Addr(), target) {
		a.refuse(codeProtocol, "bad token")
		return false
	}
	a.n.gate.prove(a.now, a.from)
	a.room = maxReply
	return true
}

// get answers with an item, nodes and a token (BEP 44).
func (a *asking) get() {
	target, ok := a.target("target")
	if !ok {
		return
	}
	a.r.token = a.n.tokens.make(0, a.from.Addr(), &target)
	if it := a.n.items.get(a.now, target); it != nil {
		a.r.item = &it.Item
		seq, isSeq := a.m.body.Get("seq").Int()
		a.r.bare = it.Mutable && isSeq && it.Seq <= seq
	}
	a.answer(&target)
}

// put stores an item (BEP 44). The token is checked before the signature,
// which costs a thousand times as much.
func (a *asking) put() {
	salt, _ := a.m.body.Get("salt").Str()
	it, ok := itemOf(a.m.body, salt)
	if !ok {
		a.refuse(codeProtocol, "no value, or a key without signature")
		return
	}
	target := it.Target()
	if !a.checkToken(&target) {
		return
	}
	old := a.n.items.get(a.now, target)
	if old == nil || !old.sameValue(&it) || old.Sig != it.Sig { // else it was checked when it came
		if code, text := checkPut(&it, old, a.m); code != 0 {
			a.refuse(code, text)
			return
		}
	}
	a.n.items.put(a.now, it, a.from)
	a.answer(nil)
}

// checkPut returns the code and text to refuse an item with, or 0 (BEP 44).
func checkPut(it *Item, old *storedItem, m *message) (code int, text string) {
	switch err := it.checkForm(); {
	case err == errValueTooBig:
		return codeTooBig, "value too big"
	case err == errSaltTooBig:
		return codeSaltTooBig, "salt too big"
	case err != nil:
		return codeProtocol, "invalid value"
	case it.Mutable && it.Check() != nil:
		return codeSignature, "invalid signature"
	case !it.Mutable || old == nil:
		return 0, ""
	}
	if cas, ok := m.body.Get("cas").Int(); ok && cas != old.Seq {
		return codeCAS, "cas mismatch"
	}
	if it.Seq <= old.Seq {
		return codeOldSeq, "sequence number not higher"
	}
	return 0, ""
}

// sampleInfohashes answers with some of the info-hashes that are stored here
// (BEP 51). The same ones for five minutes: asking more often brings nothing.
func (a *asking) sampleInfohashes() {
	target, ok := a.target("target")
	if !ok {
		return
	}
	sample, left := a.n.peers.samples(a.now, a.n.rand)
	a.r.isSample, a.r.sample, a.r.stored = true, sample, len(a.n.peers.swarms)
	a.r.interval = int(left / time.Second)
	a.answer(&target)
}

// refuse sends an error message.
func (a *asking) refuse(code int, text string) {
	n := a.n
	packet := appendError(n.buf[:0], a.m.tid, n.cfg.Version, code, text)
	a.brief = true
	if len(packet) > a.most() {
		return
	}
	a.send(packet)
}

// most is how many bytes the answer may have.
func (a *asking) most() int {
	if a.brief && !a.n.rules.exempt(a.from.Addr()) && !a.n.gate.proven(a.now, a.from) {
		return min(a.room, a.size)
	}
	return a.room
}

func (a *asking) send(packet []byte) {
	a.room -= len(packet)
	a.n.gate.spend(a.now, a.from, a.size, len(packet))
	a.n.send(packet, a.from)
}

// answer sends the reply with the nodes closest to a target, if there is one.
// Whatever finds no room is left out.
func (a *asking) answer(target *ID) {
	n := a.n
	room := a.most()
	if a.r.item == nil {
		room = min(room, usualReply)
	}
	if target != nil {
		a.closest(target)
	}
	if !a.fit(room) {
		return
	}
	a.send(a.r.append(n.buf[:0]))
}

// closest fills in the good nodes closest to the target (BEP 32: of the
// families that the query wants).
func (a *asking) closest(target *ID) {
	n := a.n
	want4, want6 := a.m.wants(a.f.v6)
	good := func(e *entry) bool { return e.good(a.now) && !(e.ID == a.m.id && e.Addr == a.from) }
	if f := n.fams[0]; f != nil && want4 {
		n.near = f.table.closest(n.near, target, bucketSize, good)
		a.r.nodes, a.r.has4 = a.tellable(n.near), true
	}
	if f := n.fams[1]; f != nil && want6 {
		n.near6 = f.table.closest(n.near6, target, bucketSize, good)
		a.r.nodes6, a.r.has6 = a.tellable(n.near6), true
	}
}

// tellable removes the nodes that mean nothing to the asker: our private
// network is nobody's business outside of it.
func (a *asking) tellable(nodes []Contact) []Contact {
	return slices.DeleteFunc(nodes, func(c Contact) bool { return !usable(c.Addr, a.from.Addr()) })
}

// fit cuts the reply to a size in bytes, and reports whether anything is left.
// What the asker cannot do without comes first.
func (a *asking) fit(room int) bool {
	r := &a.r
	room -= len("d1:rd2:id20:e1:t0:1:y1:re") + 20 + len(r.tid) + digits(len(r.tid))
	take := func(size int) bool {
		if size <= room {
			room -= size
			return true
		}
		return false
	}
	if room < 0 {
		return false
	}
	if r.token != nil && !take(len("5:token8:")+tokenSize) {
		r.token = nil
	}
	if r.isSample && !take(len("8:intervali300e3:numi2000e7:samples400:")+len(r.sample)*20) {
		room -= len("8:intervali300e3:numi2000e7:samples0:")
		r.sample = nil
	}
	if r.seeds != nil && !take(2*(len("4:BFsd256:")+len(bloom{}))) {
		r.seeds, r.peers = nil, nil
	}
	if r.item != nil && !take(itemSize(r.item)) {
		r.item = nil
	}
	a.fitLists(&room)
	if a.from.Addr().Zone() == "" && take(askerSize(a.from.Addr())) {
		r.asker = a.from
	}
	if !take(len("1:v0:") + digits(len(r.version)) + len(r.version)) {
		r.version = ""
	}
	return room >= 0
}

// fitLists shares the room between peers and nodes: where both are plenty,
// half for each.
func (a *asking) fitLists(room *int) {
	r := &a.r
	valueSize := len("6:") + shortPeer
	if a.f.v6 {
		valueSize = len("18:") + longPeer
	}
	forValues := 0
	if len(r.values) > 0 {
		forValues = min(len("6:valuesle")+valueSize*len(r.values), *room/2)
	}
	forNodes := *room - forValues
	r.nodes, r.has4 = fitNodes(r.nodes, r.has4, len("5:nodes208:"), shortNode, &forNodes)
	r.nodes6, r.has6 = fitNodes(r.nodes6, r.has6, len("6:nodes6304:"), longNode, &forNodes)
	*room = forValues + forNodes
	if len(r.values) > 0 {
		most := max(0, *room-len("6:valuesle")) / valueSize
		r.values = r.values[:min(len(r.values), most)]
	}
	if len(r.values) > 0 {
		*room -= len("6:valuesle") + valueSize*len(r.values)
	}
}

// fitNodes cuts nodes to the room there is, and takes what they need from it.
// head is the size of their key and length.
func fitNodes(nodes []Contact, has bool, head, size int, room *int) ([]Contact, bool) {
	if !has || *room < head {
		return nil, false
	}
	nodes = nodes[:min(len(nodes), (*room-head)/size)]
	*room -= head + size*len(nodes)
	return nodes, true
}

// itemSize returns the bytes that an item needs in a reply, at most.
func itemSize(it *Item) int {
	size := len("1:v") + len(it.Value)
	if it.Mutable {
		size += len("1:k32:3:seqi9223372036854775807e3:sig64:") + len(it.Key) + len(it.Sig)
	}
	return size
}

// askerSize returns the bytes that the asker's address needs in a reply.
func askerSize(ip netip.Addr) int {
	if ip.Is4() {
		return len("2:ip6:") + shortPeer
	}
	return len("2:ip18:") + longPeer
}

// digits returns how many digits the length of a string has beyond the first.
func digits(n int) (more int) {
	for ; n >= 10; n /= 10 {
		more++
	}
	return more
}
