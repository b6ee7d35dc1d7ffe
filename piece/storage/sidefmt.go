package storage

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
)

// The side file, version 1, all numbers big-endian:
//
//	 0  16 bytes  "gotor parts v1\r\n"
//	16   8 bytes  length of the torrent in bytes
//	24   8 bytes  number of ranges, n
//	32  16n bytes torrent offset and length of each range; sorted, not touching
//	    4 bytes   CRC-32C of all above
//	    zeros up to the next multiple of 4096
//	    the bytes of the ranges, one range after the other
//
// It may be sparse: a range has its place whether it was written or not.
const (
	sideMagic = "gotor parts v1\r\n"
	sideFixed = 32
	sideAlign = 4096
	// maxSideRanges bounds the header to 16 MiB: the file may have been made by
	// anybody.
	maxSideRanges = 1 << 20
)

// sideIndex says where in a side file the bytes of which range are.
type sideIndex struct {
	ranges []Range
	pos    []int64 // offset of each range in the file
	size   int64   // of the file when every range is written
}

// newSideIndex gives each of the sorted ranges its place.
func newSideIndex(ranges []Range) sideIndex {
	x := sideIndex{ranges: ranges, pos: make([]int64, len(ranges))}
	x.size = (sideHeaderLen(len(ranges)) + sideAlign - 1) / sideAlign * sideAlign
	for i, r := range ranges {
		x.pos[i] = x.size
		x.size += r.Len
	}
	return x
}

// locate returns the place in the file of the byte at a torrent offset, and how
// many bytes of its range follow, itself included. n is 0 outside all ranges.
func (x *sideIndex) locate(off int64) (pos, n int64) {
	i, _ := slices.BinarySearchFunc(x.ranges, off, func(r Range, off int64) int {
		if r.end() <= off {
			return -1
		}
		return 1
	})
	if i == len(x.ranges) || x.ranges[i].Off > off {
		return 0, 0
	}
	r := x.ranges[i]
	return x.pos[i] + off - r.Off, r.end() - off
}

// touches reports whether any range has bytes of [lo, hi).
func (x *sideIndex) touches(lo, hi int64) bool {
	i, _ := slices.BinarySearchFunc(x.ranges, lo, func(r Range, off int64) int {
		if r.end() <= off {
			return -1
		}
		return 1
	})
	return i < len(x.ranges) && x.ranges[i].Off < hi
}

// sideHeaderLen is the length of the header for n ranges, without the zeros that
// follow it.
func sideHeaderLen(n int) int64 { return sideFixed + 16*int64(n) + 4 }

// appendHeader appends the header of a side file.
func (x *sideIndex) appendHeader(dst []byte, total int64) []byte {
	start := len(dst)
	dst = append(dst, sideMagic...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(total))
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(x.ranges)))
	for _, r := range x.ranges {
		dst = binary.BigEndian.AppendUint64(dst, uint64(r.Off))
		dst = binary.BigEndian.AppendUint64(dst, uint64(r.Len))
	}
	return binary.BigEndian.AppendUint32(dst, checksum(dst[start:]))
}

// readSideIndex reads the header of a side file. Anything that is not one of a
// torrent of that length is ErrDamaged.
func readSideIndex(r io.ReaderAt, total int64) (sideIndex, error) {
	fixed := make([]byte, sideFixed)
	if n, err := r.ReadAt(fixed, 0); n < len(fixed) {
		return sideIndex{}, damaged(err)
	}
	count := binary.BigEndian.Uint64(fixed[24:])
	if string(fixed[:16]) != sideMagic || binary.BigEndian.Uint64(fixed[16:]) != uint64(total) || count > maxSideRanges {
		return sideIndex{}, ErrDamaged
	}
	b := make([]byte, sideHeaderLen(int(count)))
	if n, err := r.ReadAt(b, 0); n < len(b) {
		return sideIndex{}, damaged(err)
	}
	sum := len(b) - 4
	if binary.BigEndian.Uint32(b[sum:]) != checksum(b[:sum]) {
		return sideIndex{}, ErrDamaged
	}
	ranges := make([]Range, count)
	end := int64(-1)
	for i := range ranges {
		e := b[sideFixed+16*i:]
		off, n := int64(binary.BigEndian.Uint64(e)), int64(binary.BigEndian.Uint64(e[8:]))
		if off <= end || n <= 0 || off > total || n > total-off {
			return sideIndex{}, ErrDamaged
		}
		ranges[i] = Range{off, n}
		end = off + n
	}
	return newSideIndex(ranges), nil
}

// checksum is CRC-32C: state is protected against accidents, not against people;
// those are why what it says is doubted.
func checksum(b []byte) uint32 {
	return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
}

// damaged turns the end of a file into ErrDamaged and keeps other errors.
func damaged(err error) error {
	if ignoreEOF(err) == nil {
		return ErrDamaged
	}
	return err
}

// intersect returns what two sorted lists of ranges have in common.
func intersect(a, b []Range) []Range {
	var out []Range
	for len(a) > 0 && len(b) > 0 {
		out = appendRange(out, max(a[0].Off, b[0].Off), min(a[0].end(), b[0].end()))
		if a[0].end() < b[0].end() {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return out
}

// union returns what is in either of two sorted lists.
func union(a, b []Range) []Range {
	var out []Range
	for len(a)+len(b) > 0 {
		src := &a
		if len(a) == 0 || len(b) > 0 && b[0].Off < a[0].Off {
			src = &b
		}
		out = appendRange(out, (*src)[0].Off, (*src)[0].end())
		*src = (*src)[1:]
	}
	return out
}
