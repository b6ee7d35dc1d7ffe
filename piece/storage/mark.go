package storage

import "io/fs"

// Mark is what a file looked like at one moment. Two equal marks of one name
// mean that nobody has written to the file, and that nobody has put another in
// its place, as far as the system tells: a change that leaves the size, and that
// falls into the same tick of its clock (4 ms before Linux 6.13) or puts the
// time back, is not seen.
type Mark struct {
	Size    int64  // bytes, holes included; NoFile: nothing is there
	ModTime int64  // ns since 1970, as fine as the file system keeps it
	Inode   uint64 // 0 where the system does not say
	// Blocks is how many blocks of 512 bytes the file has on disk, up to those
	// that its size needs; 0 where the system does not say.
	Blocks int64
}

// Values of Mark.Size that no file has.
const (
	NoFile  = -1
	Unknown = -2 // nothing is known, so that no file looks like this
)

// MarkOf describes a file that somebody else has looked at.
func MarkOf(fi fs.FileInfo) Mark {
	inode, blocks := inodeOf(fi)
	return newMark(fi.Size(), fi.ModTime().UnixNano(), inode, blocks)
}

// newMark counts no blocks behind the end: file systems take them ahead of
// writes and give them back when they like.
func newMark(size, mtime int64, inode uint64, blocks int64) Mark {
	return Mark{Size: size, ModTime: mtime, Inode: inode, Blocks: min(blocks, (size+511)/512)}
}

// Same reports whether two marks agree but for the blocks, which a file system
// may account for late.
func (m Mark) Same(n Mark) bool {
	return m.Size == n.Size && m.ModTime == n.ModTime && m.Inode == n.Inode
}

// Holds reports whether a file that looked like m and now looks like n still
// holds what it held: blocks may have come, none may have gone.
func (m Mark) Holds(n Mark) bool {
	return m.Size != Unknown && m.Same(n) && n.Blocks >= m.Blocks
}
