package torrent

// ids is what a torrent is called in swarms. Peers may begin with any of them.
type ids struct {
	v1 [20]byte // BEP 3, "info_hash"
	v2 [20]byte // BEP 52: the first 20 bytes of its SHA-256; zeros: it has none
}

// all yields each of them.
func (d ids) all(yield func([20]byte) bool) {
	if yield(d.v1) && d.v2 != [20]byte{} {
		yield(d.v2)
	}
}

// has reports whether id is one of them.
func (d ids) has(id [20]byte) bool {
	for x := range d.all {
		if x == id {
			return true
		}
	}
	return false
}

// directory finds the torrents of a client by any of their ids. The client's
// mutex guards it.
type directory struct {
	byID map[[20]byte]*Torrent
	n    int
}

// add takes in t and reports whether it is the only one with its ids; if not,
// nothing has changed.
func (d *directory) add(t *Torrent) bool {
	for id := range t.core.ids.all {
		if d.byID[id] != nil {
			return false
		}
	}
	if d.byID == nil {
		d.byID = make(map[[20]byte]*Torrent)
	}
	for id := range t.core.ids.all {
		d.byID[id] = t
	}
	d.n++
	return true
}

// remove takes t out if it is there.
func (d *directory) remove(t *Torrent) {
	if d.byID[t.core.hash] != t {
		return
	}
	for id := range t.core.ids.all {
		delete(d.byID, id)
	}
	d.n--
}

// find returns the torrent that answers to id, or nil.
func (d *directory) find(id [20]byte) *Torrent { return d.byID[id] }

// all yields each torrent once.
func (d *directory) all(yield func(*Torrent) bool) {
	for id, t := range d.byID {
		if id == t.core.hash && !yield(t) {
			return
		}
	}
}
