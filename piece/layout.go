package piece

import (
	"cmp"
	"fmt"
	"slices"
)

// BlockSize is the unit of requests, buffers and budget: 16 KiB, which is what
// every client asks for and the most some answer (BEP 3, "request").
const BlockSize = 16 << 10

// Limits of a Layout (a hostile .torrent announces what it likes).
const (
	maxPieceLength = 512 << 20
	maxPieces      = 2 << 20
	maxTotal       = 1 << 53
	// maxRequest is the longest range that may be asked of us in one message.
	maxRequest = 128 << 10
)

// Layout says how the bytes of a torrent are cut into pieces and blocks: nothing
// else turns offsets into pieces or pieces into offsets. It is immutable and
// validated once, so that nothing behind it checks ranges again.
//
// Every piece begins at a multiple of the piece length. The last one may be
// shorter, and so is the last one of each file where files are aligned; then the
// bytes up to the next piece are a gap: they are in no piece and on no disk.
type Layout struct {
	end         int64   // behind the last byte
	total       int64   // bytes in all pieces
	pieceLength int64   // from the start of one piece to the next
	longest     int64   // bytes of the longest piece
	pieces      int     // how many
	short       []short // pieces with a gap behind them, by index; nil: none
}

// short is a piece that ends before the next one begins.
type short struct {
	index, length uint32
}

// Span is a run of pieces side by side: First to End-1, none if they are equal.
type Span struct{ First, End int }

// NewLayout returns the layout of total bytes in pieces of pieceLength bytes;
// the last piece may be shorter. total is 0..2^53, pieceLength 1..512 MiB and
// there may be at most 2,097,152 pieces.
func NewLayout(total, pieceLength int64) (*Layout, error) {
	return NewAlignedLayout([]int64{total}, pieceLength)
}

// NewAlignedLayout returns the layout of files of the given lengths in bytes,
// each of which begins at a multiple of pieceLength, so that no piece has bytes
// of two (BEP 52). The bounds are those of NewLayout, for the offset behind the
// last byte.
func NewAlignedLayout(lengths []int64, pieceLength int64) (*Layout, error) {
	if pieceLength < 1 || pieceLength > maxPieceLength {
		return nil, fmt.Errorf("piece length %d: must be 1 byte to 512 MiB", pieceLength)
	}
	l := &Layout{pieceLength: pieceLength}
	for _, n := range lengths {
		if err := l.add(n); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// add puts n bytes behind the last piece.
func (l *Layout) add(n int64) error {
	if n < 0 || n > maxTotal-int64(l.pieces)*l.pieceLength {
		return fmt.Errorf("total length %d: must be 0 to 2^53 bytes", int64(l.pieces)*l.pieceLength+n)
	}
	if n == 0 {
		return nil
	}
	more := (n + l.pieceLength - 1) / l.pieceLength
	if int64(l.pieces)+more > maxPieces {
		return fmt.Errorf("%d pieces: at most %d are supported", int64(l.pieces)+more, maxPieces)
	}
	if last := l.pieces - 1; last >= 0 && l.PieceLen(last) < l.pieceLength {
		l.short = append(l.short, short{uint32(last), uint32(l.PieceLen(last))})
	}
	l.end = l.Offset(l.pieces) + n
	l.total += n
	l.pieces += int(more)
	l.longest = max(l.longest, min(n, l.pieceLength))
	return nil
}

// Pieces returns the number of pieces.
func (l *Layout) Pieces() int { return l.pieces }

// Total returns the number of bytes in all pieces, gaps left out.
func (l *Layout) Total() int64 { return l.total }

// End returns the offset behind the last byte.
func (l *Layout) End() int64 { return l.end }

// PieceLength returns the length in bytes that all pieces have but those that
// are shorter.
func (l *Layout) PieceLength() int64 { return l.pieceLength }

// PiecesIn returns how many pieces of full length n bytes make, rounded down.
func (l *Layout) PiecesIn(n int64) int64 { return n / l.pieceLength }

// Offset returns where piece i starts, in bytes from the start of the torrent.
func (l *Layout) Offset(i int) int64 { return int64(i) * l.pieceLength }

// PieceLen returns the length of piece i in bytes.
func (l *Layout) PieceLen(i int) int64 {
	if l.short != nil {
		return l.alignedLen(i)
	}
	return min(l.pieceLength, l.end-int64(i)*l.pieceLength)
}

// alignedLen is PieceLen where there are gaps.
func (l *Layout) alignedLen(i int) int64 {
	k, ok := slices.BinarySearchFunc(l.short, uint32(i), func(s short, i uint32) int { return cmp.Compare(s.index, i) })
	if ok {
		return int64(l.short[k].length)
	}
	return min(l.pieceLength, l.end-l.Offset(i))
}

// pieceEnd returns the offset behind the last byte of piece i.
func (l *Layout) pieceEnd(i int) int64 { return l.Offset(i) + l.PieceLen(i) }

// PieceAt returns the piece that has the byte at off, 0 <= off < End; in a gap,
// the one before it.
func (l *Layout) PieceAt(off int64) int { return int(off / l.pieceLength) }

// Span returns the pieces that have any of the n bytes from off on. Either may
// reach outside of the torrent.
func (l *Layout) Span(off, n int64) Span {
	from, to := max(off, 0), min(off+n, l.end)
	if from >= to {
		return Span{}
	}
	s := Span{l.PieceAt(from), l.PieceAt(to-1) + 1}
	if from >= l.pieceEnd(s.First) { // it lies in a gap
		s.First++
	}
	return s
}

// Within returns the pieces that lie wholly in the n bytes from off on. First is
// the first piece that begins there or behind, also when there is none.
func (l *Layout) Within(off, n int64) Span {
	from, to := max(off, 0), min(off+n, l.end)
	first := min(int((from+l.pieceLength-1)/l.pieceLength), l.pieces)
	end := int(max(to, 0) / l.pieceLength)
	if end < l.pieces && l.pieceEnd(end) <= to {
		end++
	}
	return Span{first, max(first, end)}
}

// Blocks returns how many blocks of BlockSize piece i has; the last one may be
// shorter.
func (l *Layout) Blocks(i int) int {
	return int((l.PieceLen(i) + BlockSize - 1) / BlockSize)
}

// blockLen returns the length of block b of piece i in bytes.
func (l *Layout) blockLen(i int, b uint32) int {
	return int(min(BlockSize, l.PieceLen(i)-int64(b)*BlockSize))
}

// maxBlocks returns the number of blocks of the longest piece.
func (l *Layout) maxBlocks() int {
	return int((l.longest + BlockSize - 1) / BlockSize)
}

// Block is a range of one piece that is known to lie inside it. Only a Layout
// makes one; the zero value is no block.
type Block struct{ index, begin, length uint32 }

// Index returns the piece's index.
func (b Block) Index() int { return int(b.index) }

// Begin returns the range's offset inside the piece in bytes.
func (b Block) Begin() int { return int(b.begin) }

// Len returns the range's length in bytes, 1..131072.
func (b Block) Len() int { return int(b.length) }

// Block turns the three integers of a request, piece, cancel or reject message
// into a Block. It reports false if they do not lie inside a piece or if the
// range is empty or longer than 128 KiB.
func (l *Layout) Block(index, begin, length uint32) (Block, bool) {
	if int64(index) >= int64(l.pieces) || length == 0 || length > maxRequest {
		return Block{}, false
	}
	if int64(begin)+int64(length) > l.PieceLen(int(index)) {
		return Block{}, false
	}
	return Block{index, begin, length}, true
}

// unit is Block for the ranges we ask for ourselves: exactly one block. It
// returns the block's number inside the piece.
func (l *Layout) unit(index, begin, length uint32) (uint32, bool) {
	if _, ok := l.Block(index, begin, length); !ok || begin%BlockSize != 0 {
		return 0, false
	}
	b := begin / BlockSize
	return b, l.blockLen(int(index), b) == int(length)
}

// unitBlock returns block number b of piece i, which exist.
func (l *Layout) unitBlock(i int, b uint32) Block {
	return Block{uint32(i), b * BlockSize, uint32(l.blockLen(i, b))}
}
