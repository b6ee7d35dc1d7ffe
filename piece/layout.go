package piece

import "fmt"

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

// Layout says how the bytes of a torrent are cut into pieces and blocks. It is
// immutable and validated once, so that nothing behind it checks ranges again.
type Layout struct {
	total       int64
	pieceLength int64
	pieces      int
}

// NewLayout returns the layout of total bytes in pieces of pieceLength bytes;
// the last piece may be shorter. total is 0..2^53, pieceLength 1..512 MiB and
// there may be at most 2,097,152 pieces.
func NewLayout(total, pieceLength int64) (*Layout, error) {
	if pieceLength < 1 || pieceLength > maxPieceLength {
		return nil, fmt.Errorf("piece length %d: must be 1 byte to 512 MiB", pieceLength)
	}
	if total < 0 || total > maxTotal {
		return nil, fmt.Errorf("total length %d: must be 0 to 2^53 bytes", total)
	}
	n := (total + pieceLength - 1) / pieceLength
	if n > maxPieces {
		return nil, fmt.Errorf("%d pieces: at most %d are supported", n, maxPieces)
	}
	return &Layout{total: total, pieceLength: pieceLength, pieces: int(n)}, nil
}

// Pieces returns the number of pieces.
func (l *Layout) Pieces() int { return l.pieces }

// Total returns the number of bytes in all pieces.
func (l *Layout) Total() int64 { return l.total }

// Offset returns where piece i starts, in bytes from the start of the torrent.
func (l *Layout) Offset(i int) int64 { return int64(i) * l.pieceLength }

// PieceLen returns the length of piece i in bytes.
func (l *Layout) PieceLen(i int) int64 {
	return min(l.pieceLength, l.total-l.Offset(i))
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
	if l.pieces == 0 {
		return 0
	}
	return l.Blocks(0)
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
