package ui

import (
	"fmt"
	"strings"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// This file says what is wrong with data that was checked.

// VerifyText is a line for each bad file, or one that all is well.
func VerifyText(m *metainfo.Torrent, c *torrent.CheckReport) string {
	if c.OK() {
		return fmt.Sprintf("%s: ok, %s\n", record.Safe(m.Name), Count(c.Pieces, "piece"))
	}
	var b strings.Builder
	for _, f := range c.BadFiles {
		text := problemText(f, m.Files[f.Index].Length) + sharedText(m, f)
		fmt.Fprintf(&b, "%s: %s\n", record.Safe(record.Path(f.Path)), record.Safe(text))
	}
	return b.String()
}

// maxSharers is how many files a line of verify names that share a piece.
const maxSharers = 3

// sharedText says which bad pieces of a file hold bytes of other files, too: nobody
// can tell which of them is wrong.
func sharedText(m *metainfo.Torrent, b torrent.BadFile) string {
	if b.BadPieces == 0 || b.Problem != torrent.ProblemContent && b.Problem != torrent.ProblemUnfinished {
		return "" // something else is wrong, with this file
	}
	text := ""
	for _, s := range b.Shared {
		text += fmt.Sprintf("; piece %d spans it and %s", s.Piece, sharers(m, s.Others))
	}
	return text
}

// sharers names files, the first few of them.
func sharers(m *metainfo.Torrent, files []int) string {
	var names []string
	for _, i := range files[:min(len(files), maxSharers)] {
		names = append(names, m.Files[i].SlashPath())
	}
	text := strings.Join(names, ", ")
	if more := len(files) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// problemText is what is wrong with a file that should have length bytes.
func problemText(b torrent.BadFile, length int64) string {
	switch b.Problem {
	case torrent.ProblemUnfinished:
		return fmt.Sprintf("unfinished (%s)", badPieces(b.BadPieces))
	case torrent.ProblemSize:
		return fmt.Sprintf("%d bytes, should be %d", b.Size, length)
	case torrent.ProblemType:
		return "not a regular file"
	case torrent.ProblemContent:
		return badPieces(b.BadPieces)
	}
	return string(b.Problem)
}

func badPieces(n int) string { return Count(n, "bad piece") }
