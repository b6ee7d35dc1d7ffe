package piece

// Reserve takes bytes out of the budget for memory that is used elsewhere on
// behalf of the same torrents, such as pieces that wait for the reader of a
// stream. At least half of the budget stays for blocks. It returns how many slabs
// were taken; Restore gives them back. What is in use above the new budget comes
// back in its time.
func (l *Pool) Reserve(bytes int64) (slabs int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := int(max(0, min((bytes+BlockSize-1)/BlockSize, int64(l.slabs-max(minSlabs, (l.slabs+l.reserved+1)/2)))))
	l.slabs -= n
	l.reserved += n
	return n
}

// Restore ends what Reserve began.
func (l *Pool) Restore(slabs int) {
	if slabs == 0 {
		return
	}
	var after after
	l.mu.Lock()
	l.slabs += slabs
	l.reserved -= slabs
	l.grant(&after)
	l.mu.Unlock()
	after.run(nil)
}

// Used returns how many bytes of the budget are in use: requests, blocks, and what
// is reserved.
func (l *Pool) Used() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(l.used+l.reserved) * BlockSize
}
