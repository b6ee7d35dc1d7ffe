package metainfo

// What a torrent may ask of us. Whatever passes a limit is refused unless the
// comment says that it is cut, with a warning.
const (
	// MaxSize is the longest .torrent file in bytes: two million pieces need
	// 40 MB for their hashes alone.
	MaxSize = 64 << 20

	maxTokens = 3_000_000 // of bencode; a flood of tiny values
	maxDepth  = 108       // of bencode: the deepest file tree and what is around it

	maxPieceLength  = 512 << 20 // a piece is held in memory until it is verified
	warnPieceLength = 64 << 20  // above this most clients give up
	maxPieces       = 2_000_000 // one bit, one hash and one state each
	maxTotal        = 1 << 53   // exact in JSON and in floating point

	maxFiles = 200_000
	maxDirs  = 100   // components of a path; deep trees exhaust stacks and patience
	maxPath  = 4_096 // bytes of a path with its slashes: PATH_MAX

	// Components of all paths together. A version 2 tree names a deep folder
	// once for any number of files in it, so its paths can be far larger than
	// the torrent file.
	maxComponents = 3_000_000

	maxURLs     = 100      // trackers, web seeds, nodes: of each; more are cut
	maxURL      = 2_048    // bytes of one URL; longer ones are left out
	maxText     = 64 << 10 // bytes of a comment and the like; more is cut
	maxWarnings = 100      // more are counted only

	// The longest name on disk: an unfinished file carries ".part", and file
	// systems take 255 bytes.
	maxComponent = 255 - len(".part")
	// The longest Torrent.Name: ".NAME.gotor.torrent" and a temporary name
	// beside it must fit as well.
	maxName = 255 - len(".") - len(".gotor.torrent") - 20
	// The longest of either with portable names: what encrypts names takes 143
	// bytes (eCryptfs), and both suffixes must fit.
	maxPortable = 143 - len(".") - len(".gotor.torrent")

	maxDate = 253_402_300_799 // the last second of the year 9999

	// BEP 52.
	blockSize = 16 << 10
	hashSize  = 32
)
