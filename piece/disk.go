package piece

// disk is how workers get at the bytes of a piece: in its slabs, and in the Store
// where it was spilled. It changes nothing in the piece.
type disk struct {
	layout *Layout
	store  Store
	digest func(int) Digest
}

// sum hashes a's blocks, for x.good.
func (d *disk) sum(a *active, x *worker) error {
	x.begin(d.digest(int(a.index)))
	return d.eachBlock(a, x, func(_ int, p []byte) { x.write(p) })
}

// eachBlock calls f for the bytes of each block of a done piece in order.
// Spilled blocks are read back, many at a time.
func (d *disk) eachBlock(a *active, x *worker, f func(b int, p []byte)) error {
	const most = 16
	for b := 0; b < a.n; {
		if s := a.blocks[b].slab; s != nil {
			f(b, s.Bytes())
			b++
			continue
		}
		end := b + 1
		for end < a.n && end-b < most && a.blocks[end].slab == nil {
			end++
		}
		if x.read == nil {
			x.read = make([]byte, most*BlockSize)
		}
		from := int64(b) * BlockSize
		n := min(int64(end)*BlockSize, d.layout.PieceLen(int(a.index))) - from
		if err := readFull(d.store, x.read[:n], d.layout.Offset(int(a.index))+from); err != nil {
			return err
		}
		for p := x.read[:n]; b < end; b++ {
			k := min(len(p), BlockSize)
			f(b, p[:k])
			p = p[k:]
		}
	}
	return nil
}

// write writes the given blocks of a, each contiguous run with one call.
func (d *disk) write(a *active, x *worker, blocks []uint32) error {
	defer func() { clear(x.bufs[:cap(x.bufs)]) }()
	for len(blocks) > 0 {
		x.bufs = x.bufs[:0]
		first := blocks[0]
		for len(blocks) > 0 && blocks[0] == first+uint32(len(x.bufs)) {
			x.bufs = append(x.bufs, a.blocks[blocks[0]].slab.Bytes())
			blocks = blocks[1:]
		}
		off := d.layout.Offset(int(a.index)) + int64(first)*BlockSize
		if err := d.store.WriteVec(x.bufs, off); err != nil {
			return err
		}
	}
	return nil
}
