package storage

// files are the files of the torrent: where their bytes lie in it, what stands on
// disk for each, and the way to open them.
type files struct {
	// Immutable after layout.
	spec   *Spec
	target *target
	cache  *cache
	look   *lookout
	list   []file  // as Spec.Files
	spans  []*file // those that have bytes on disk, in the order of their offsets

	dirty pile[*file] // written, or found unfinished, since they were last synced
}

// layout builds the tables that lead from offsets to files, and returns the
// folders by their paths.
func (ff *files) layout() map[string]*dir {
	ff.list = make([]file, len(ff.spec.Files))
	ff.spans = make([]*file, 0, len(ff.spec.Files))
	b := &dirBuilder{byPath: map[string]*dir{"": ff.target.top}, last: ff.target.top}
	for i := range ff.spec.Files {
		in, f := &ff.spec.Files[i], &ff.list[i]
		f.off, f.len, f.wanted, f.pad, f.exec = in.Offset, in.Length, in.Wanted, in.Pad, in.Exec
		if f.pad {
			continue
		}
		folder, base := splitPath(in.Path)
		f.dir, f.base = b.get(folder), base
		if f.len > 0 {
			ff.spans = append(ff.spans, f)
		}
	}
	return b.byPath
}

// find returns the index of the first span that ends after off.
func (ff *files) find(off int64) int {
	lo, hi := 0, len(ff.spans)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if f := ff.spans[mid]; f.off+f.len > off {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// within returns the spans that have bytes of [lo, hi).
func (ff *files) within(lo, hi int64) []*file {
	i := ff.find(lo)
	j := i
	for j < len(ff.spans) && ff.spans[j].off < hi {
		j++
	}
	return ff.spans[i:j]
}

// markDirty notes that a file has bytes that may not be durable.
func (ff *files) markDirty(f *file) {
	if !ff.spec.NoSync && !ff.spec.ReadOnly && f.dirty.CompareAndSwap(false, true) {
		ff.dirty.add(f)
	}
}
