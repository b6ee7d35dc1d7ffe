package storage

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// moveNote is what a Move writes into its staging folder before it touches anything
// else, and once more at its turning point: so who calls it again after a crash knows
// what there is to go on with. It is trusted only if nobody else can have written it.
type moveNote struct {
	Version int     `json:"version"`
	From    string  `json:"from"` // the folder, absolute
	Name    string  `json:"name"` // NAME there
	Paths   string  `json:"paths"`
	Settled bool    `json:"settled"` // everything is here: the new place counts
	Goods   []goods `json:"goods"`
}

// goods is one file that is moved.
type goods struct {
	File int      `json:"file"` // index in Spec.Files, or sideGoods or metainfoGoods
	Part bool     `json:"part,omitempty"`
	Mark [4]int64 `json:"mark"` // what it looked like in the old place
}

// What goods.File says of files that are beside the data.
const (
	sideGoods     = -1
	metainfoGoods = -2
)

const (
	noteVersion = 1
	noteName    = "note"
	recordKey   = "record" // the new record, while it is staged
	// maxNote is what the notes of as many files as there may be have room in.
	maxNote = 64 << 20
)

// key is what the file is called in the staging folder.
func (g *goods) key() string {
	switch {
	case g.File == sideGoods:
		return "side"
	case g.File == metainfoGoods:
		return "metainfo"
	case g.Part:
		return fmt.Sprintf("%d%s", g.File, partSuffix)
	}
	return fmt.Sprint(g.File)
}

func (g *goods) mark() Mark {
	return Mark{Size: g.Mark[0], ModTime: g.Mark[1], Inode: uint64(g.Mark[2]), Blocks: g.Mark[3]}
}

func packMark(m Mark) [4]int64 { return [4]int64{m.Size, m.ModTime, int64(m.Inode), m.Blocks} }

// fingerprint tells places apart in which files have other paths.
func fingerprint(sp *Spec) string {
	h := sha256.New()
	for i := range sp.Files {
		io.WriteString(h, sp.Files[i].Path)
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// readNote returns the note of a staging folder; nil if there is none. One that others
// can have written is an error.
func readNote(stage *os.Root, files int) (*moveNote, error) {
	b, fi, err := readFile(stage, noteName, maxNote)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, pathError("read", noteName, err)
	}
	if !trusted(fi) {
		return nil, pathError("read", noteName, ErrNotOurs)
	}
	n := new(moveNote)
	if json.Unmarshal(b, n) != nil || n.Version != noteVersion || len(n.Goods) > 2*files+2 {
		return nil, pathError("read", noteName, ErrDamaged)
	}
	for i := range n.Goods {
		if f := n.Goods[i].File; f < metainfoGoods || f >= files {
			return nil, pathError("read", noteName, ErrDamaged)
		}
	}
	return n, nil
}

// write replaces the note, durably.
func (n *moveNote) write(stage *os.Root) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return writeStaged(stage, noteName, b)
}

// writeStaged replaces a file in the staging folder, durably.
func writeStaged(stage *os.Root, name string, b []byte) error {
	temp := name + tempKey
	if err := removeEntry(stage, temp); err != nil {
		return err
	}
	return replace(stage, temp, name, 0o600, true, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	})
}

// tempKey ends the names of files that are not whole yet.
const tempKey = ".tmp"
