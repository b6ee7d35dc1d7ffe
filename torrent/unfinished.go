package torrent

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// Leftover is a download that was begun and is not finished. Its metainfo is read
// when it is asked for: what lies in a folder may be more than memory holds.
type Leftover struct {
	state storage.State
	key   []byte
	Dir   string // folder of the data
	Name  string // of the file, or of the torrent's folder
}

// Load reads what is needed to go on: the Source, but for trackers and mirrors, Dir,
// Rename and Flat of the Place, and the Selection, as the earlier run had them; the
// caller adds the rest.
//
// A download whose record is damaged is taken up as if everything had been
// selected: what is on disk is hashed. Then there is no Wanted and no Peers. A
// record that is not certain to be this user's tells selection and layout only.
func (l *Leftover) Load() (Source, Spec, error) { return unfinished(l.Dir, l.state, l.key) }

// Unfinished returns the downloads that were begun at path: a folder that holds
// some, or the file or folder that one of them makes (also its unfinished .part).
// keyDir is the Config.KeyDir of the earlier run.
//
// The state on disk is read as untrusted input: torrents that do not parse are
// left out. None at all is an error: ErrNothingUnfinished if all that is there is
// complete for all that can be known, one that wraps fs.ErrNotExist if nothing is
// there, and another if something was begun of which no record is left.
func Unfinished(path, keyDir string) ([]Leftover, error) {
	key := sealKey(keyDir)
	dir, name := path, ""
	fi, err := os.Stat(path)
	if err != nil || !fi.IsDir() {
		dir, name = filepath.Dir(path), filepath.Base(path)
	}
	if name == "" {
		// Perhaps path is a torrent's own folder: its state is beside it, and what
		// is inside came from the net.
		if abs, err := filepath.Abs(path); err == nil {
			beside, _ := unfinishedIn(filepath.Dir(abs), filepath.Base(abs), key)
			if len(beside) > 0 {
				return beside, nil
			}
		}
	}
	if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
		return nil, nothingUnfinished(path, dir, name)
	}
	found, err := unfinishedIn(dir, name, key)
	if err == nil && len(found) == 0 {
		err = nothingUnfinished(path, dir, name)
	}
	return found, err
}

// nothingUnfinished says what it means that there is nothing to go on with. An
// unfinished file without a record of it is not complete, and a record of which
// the torrent is damaged neither.
func nothingUnfinished(path, dir, name string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("no unfinished download in %s: %w", path, bare(err))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("cannot look into %s: %w", dir, bare(err))
	}
	for _, e := range entries {
		n := e.Name()
		left := strings.HasSuffix(n, ".part") || strings.HasPrefix(n, ".") && strings.HasSuffix(n, ".gotor.torrent")
		if owner := strings.TrimSuffix(n, ".part"); left && (name == "" || name == n || name == owner || n == "."+name+".gotor.torrent") {
			return fmt.Errorf("no usable record of %s; give its torrent to gotor get, which keeps what is right", filepath.Join(dir, n))
		}
	}
	return fmt.Errorf("%w in %s", ErrNothingUnfinished, path)
}

// bare is an error of package os without the call and the path.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// unfinishedIn returns what there is in a folder, or of it what makes name. The
// torrents are parsed to see that they are some, one after the other, and dropped.
func unfinishedIn(dir, name string, key []byte) (found []Leftover, err error) {
	states, err := storage.FindStates(dir)
	if err != nil {
		return nil, err
	}
	for _, st := range states {
		src, spec, err := unfinished(dir, st, key)
		if err != nil {
			continue
		}
		top := cmp.Or(spec.Rename, src.Meta.Name)
		if name == "" || makes(top, name) {
			found = append(found, Leftover{state: st, key: key, Dir: dir, Name: top})
		}
	}
	return found, nil
}

// unfinished turns state files into what they are of. Without a whole record it is not
// known what was selected: then it is everything. The state files are named
// after the data, so a name of the user's own is still known.
func unfinished(dir string, st storage.State, key []byte) (src Source, spec Spec, err error) {
	raw, b, recordErr, err := st.Load()
	if err != nil {
		return src, spec, err
	}
	m, err := metainfo.Parse(raw)
	if err != nil {
		return src, spec, err
	}
	r, err := readRecord(key, b, recordErr, m.InfoHash, m.NumPieces(), len(m.Files))
	if errors.Is(err, errOtherTorrent) {
		return src, spec, err
	}
	src = Source{Meta: m, Raw: raw}
	if err == nil && r.portable {
		if src.Meta, err = (metainfo.Options{PortableNames: true}).Parse(raw); err != nil {
			return src, spec, err
		}
		src.PortableNames = true
	}
	spec.Dir = dir
	if r == nil || !r.ours {
		spec.Rename = renamed(st.Name, src.Meta.Name)
	} else if r.rename == filepath.Base(r.rename) && r.rename != "." && r.rename != ".." {
		spec.Rename = r.rename
	}
	if r == nil {
		return src, spec, nil
	}
	src.Local, spec.Flat = r.local, r.flat
	if _, err := src.Meta.WithNames(r.names); err == nil {
		spec.Names = r.names
	}
	spec.Selection = r.selection(len(m.Files))
	src.Peers, src.PeerNames = r.namedPeers()
	return src, spec, nil
}

// selection is what was selected of so many files.
func (r *record) selection(files int) Selection {
	s := Selection{Wanted: make([]bool, files)}
	for i := range s.Wanted {
		s.Wanted[i] = bit(r.wanted, i)
	}
	if r.first != nil {
		s.First = make([]bool, files)
		for i := range s.First {
			s.First[i] = bit(r.first, i)
		}
	}
	return s
}

// namedPeers are those that the user named, by address or by host.
func (r *record) namedPeers() (addrs []netip.AddrPort, names []string) {
	for _, p := range r.peers {
		if a, err := netip.ParseAddrPort(p); err == nil {
			addrs = append(addrs, a)
		} else if _, _, err := net.SplitHostPort(p); err == nil {
			names = append(names, p)
		}
	}
	return addrs, names
}

// renamed is the name that a download has by its state files, if it is not the
// torrent's own and one that could come from a torrent.
func renamed(name, own string) string {
	if name == own || name == "" || metainfo.CleanName(name, false) != name {
		return ""
	}
	return name
}

// makes reports whether a path called name belongs to the download of top.
func makes(top, name string) bool {
	return name == top || name == top+".part" || name == "."+top+".gotor" || name == "."+top+".gotor.torrent"
}
