package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// MoveSpec says from where to where a download is moved. Both Specs are of the same
// torrent; Dir, Name and the paths of the files may differ.
type MoveSpec struct {
	From, To Spec
	// Parts says of which files a .part is this download's; nil: of none.
	Parts []bool
	// Overwrite replaces regular files that are in the way.
	Overwrite bool
	// Record returns the content of the record for the new place, nil for none. It is
	// called when all files are staged. nil: there is no record.
	Record func(l Looks) ([]byte, error)
	// Settled is called when the new place is whole and before anything of the old one
	// goes; after a crash once more. nil: nobody wants to know.
	Settled func(l Looks) error
	// Progress is told how many bytes of how many are in the new place; nil: nobody is.
	Progress func(done, total int64)

	hands hands
}

// Looks is what files looked like in the old place and look like in the new one, by
// index; NoFile where there is none.
type Looks struct {
	Was, Is         []Mark
	WasSide, IsSide Mark
}

// hands are the calls that change something. Tests put theirs in their place; nil:
// the system's.
type hands struct {
	link, rename func(from *os.Root, name string, to *os.Root, newName string) error
	// before is called before each change of the disk, which is not made if it fails.
	before func(what string) error
}

var (
	// ErrMoving: another move to the same place is not finished.
	ErrMoving = errors.New("another move to this place is not finished")
	// ErrMoveHalf: the new place counts, and the move has still to be finished, by the
	// same call.
	ErrMoveHalf = errors.New("the files are on the new side, and the move is not finished")
)

// Move moves a download that nobody has open to another place: files, unfinished files,
// side file, metainfo, and a new record. It is done in steps:
//
//  1. Everything is brought into the folder .NAME.gotor.move of the new place: as a
//     second name of the same file, or as a synced copy where that is another disk.
//     The old place stays as it is.
//  2. The note in there says that the new place counts.
//  3. The files get their names there.
//  4. What is in the old place goes.
//
// So at any moment the old place is whole, or what is needed for the new one is. After
// a crash the same call goes on. An error before the second step, or the end of ctx,
// undoes the first, and the old place stays; a full disk is such an error. Where a file
// system has no hard links the first step moves the files one by one, so that only the
// old place and the staging folder together are whole.
//
// What is in the way is an ErrConflict, unless it is a regular file and Overwrite is
// set. Nothing is opened through a link; files that are not the download's stay. An
// error behind the second step wraps ErrMoveHalf, and the same call is to be made again.
// Other errors: ErrLocked, ErrOwned, ErrNoSpace, ErrMoving, and ErrChanged if somebody
// writes to the files meanwhile. It is no error if there is nothing to be moved.
func Move(ctx context.Context, spec MoveSpec) error {
	m := &move{MoveSpec: spec, ctx: ctx}
	if m.hands.link == nil {
		m.hands.link = linkAt
	}
	if m.hands.rename == nil {
		m.hands.rename = renameAt
	}
	if len(spec.From.Files) != len(spec.To.Files) {
		return pathError("move", spec.From.Name, fs.ErrInvalid)
	}
	if err := m.open(); err != nil {
		if errors.Is(err, fs.ErrNotExist) && m.from == nil {
			return nil // there is no old place
		}
		return err
	}
	err := m.run()
	return errors.Join(err, m.close())
}

// move is a Move at work, on one goroutine.
type move struct {
	MoveSpec
	ctx      context.Context
	from, to *estate
	here     bool // both have the same folder,
	same     bool // and the same state in it
	stage    *os.Root
	note     *moveNote

	done, total int64
}

// open opens both places and takes their locks.
func (m *move) open() (err error) {
	from := m.From
	from.ReadOnly = true // so that nothing is made
	m.here = sameFolder(m.From.Dir, m.To.Dir)
	m.same = m.here && m.From.Name == m.To.Name
	if m.from, err = openEstate(from, m.Parts, true); err != nil {
		return err
	}
	if m.to, err = openEstate(m.To, nil, !m.same); err != nil {
		m.from.close()
		return err
	}
	return nil
}

// close lets go of both places.
func (m *move) close() error {
	if m.stage != nil {
		m.stage.Close()
	}
	return errors.Join(m.from.close(), m.to.close())
}

// sameFolder reports whether two paths lead to one folder, which is there.
func sameFolder(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// run does what is left to be done.
func (m *move) run() error {
	some, err := m.begin()
	if err != nil || !some {
		return err
	}
	if !m.note.Settled {
		if err := m.fetch(); err != nil {
			return errors.Join(err, m.undo())
		}
	}
	if err := m.settle(); err != nil {
		return fmt.Errorf("%w: %w", ErrMoveHalf, err)
	}
	return nil
}

// begin finds the note of an earlier call, or makes one. some is false when there is
// nothing to be moved.
func (m *move) begin() (some bool, err error) {
	if err := m.openStage(false); err != nil {
		return false, err
	}
	if m.stage != nil {
		if m.note, err = readNote(m.stage, len(m.To.Files)); err != nil {
			return false, err
		}
	}
	from, err := filepath.Abs(m.From.Dir)
	if err != nil {
		return false, err
	}
	if n := m.note; n != nil {
		if n.From != from || n.Name != m.From.Name || n.Paths != fingerprint(&m.To) {
			return false, pathError("move", m.From.Name, fmt.Errorf("%w: the one from %s", ErrMoving, safePath(n.From)))
		}
		return true, nil
	}
	n := &moveNote{Version: noteVersion, From: from, Name: m.From.Name, Paths: fingerprint(&m.To)}
	if err := m.list(n); err != nil {
		return false, err
	}
	if len(n.Goods) == 0 && !m.from.hasState() {
		if m.stage != nil { // an earlier call was at its very end
			err = m.dropStage()
		}
		return false, err
	}
	if err := m.may(n); err != nil {
		return false, err
	}
	if err := m.openStage(true); err != nil {
		return false, err
	}
	m.note = n
	return true, m.change("write the note", func() error { return n.write(m.stage) })
}

// change makes one change of the disk.
func (m *move) change(what string, do func() error) error {
	if m.hands.before != nil {
		if err := m.hands.before(what); err != nil {
			return err
		}
	}
	return do()
}

// stageName is the staging folder's.
func (m *move) stageName() string { return stateName(m.To.Name, moveSuffix) }

// openStage opens the staging folder, if it is there or is to be made.
func (m *move) openStage(create bool) error {
	root, name := m.to.target.root(), m.stageName()
	fi, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) && !create {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = m.change("make the staging folder", func() error { return root.Mkdir(name, 0o700) })
		if err == nil {
			fi, err = root.Lstat(name)
		}
	}
	switch {
	case err != nil:
		return pathError("create folder", name, err)
	case !fi.IsDir():
		return pathError("open", name, errNotDir)
	case identify(fi).known && !identify(fi).mine():
		return pathError("open", name, errOwner)
	}
	if m.stage == nil {
		m.stage, err = root.OpenRoot(name)
	}
	return pathError("open", name, err)
}

// list notes what there is to be moved.
func (m *move) list(n *moveNote) error {
	add := func(g goods, fi fs.FileInfo) {
		g.Mark = packMark(MarkOf(fi))
		if !m.stays(&g) {
			n.Goods = append(n.Goods, g)
		}
	}
	err := m.from.find(func(it item) error {
		add(goods{File: it.file, Part: it.part}, it.fi)
		return nil
	}, func(item, error) {}) // what is not ours stays
	if err != nil {
		return err
	}
	for _, file := range []int{sideGoods, metainfoGoods} {
		g := goods{File: file}
		d, name := m.at(m.from, &g)
		if fi, err := lstat(m.from.target.root(), name); err == nil && fi != nil && d == m.from.target.top {
			add(g, fi)
		}
	}
	return nil
}

// at is where goods are, or will be, in one of the two places.
func (m *move) at(e *estate, g *goods) (d *dir, name string) {
	switch {
	case g.File == sideGoods:
		return e.target.top, stateName(e.spec.Name, sideSuffix)
	case g.File == metainfoGoods:
		return e.target.top, stateName(e.spec.Name, metainfoSuffix)
	}
	f := &e.files.list[g.File]
	if g.Part {
		return f.dir, partName(f.base)
	}
	return f.dir, f.base
}

// pathAt is the path of goods below the folder of a place.
func (m *move) pathAt(e *estate, g *goods) string {
	d, name := m.at(e, g)
	return (&item{dir: d, name: name}).path()
}

// stays reports whether goods have the same place before and after.
func (m *move) stays(g *goods) bool { return m.here && m.pathAt(m.from, g) == m.pathAt(m.to, g) }

// hasState reports whether a record is there.
func (e *estate) hasState() bool {
	fi, err := lstat(e.target.root(), stateName(e.spec.Name, recordSuffix))
	return err == nil && fi != nil
}
