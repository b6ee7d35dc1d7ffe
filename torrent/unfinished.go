package torrent

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// Unfinished returns what is needed to go on with the downloads that were begun
// at path: a folder that holds some, or the file or folder that one of them
// makes (also its unfinished .part). Each Spec has Meta, Raw, Dir, Rename, Flat,
// Wanted, First, Peers and Local as the earlier run had them; the caller adds the rest.
//
// A download whose record is damaged is taken up as if everything had been
// selected and nothing renamed: what is on disk is hashed. Such a Spec has no
// Wanted and no Peers.
//
// The state on disk is read as untrusted input: torrents that do not parse are
// left out. None at all is an error that wraps fs.ErrNotExist or says that there
// is nothing to go on with.
func Unfinished(path string) ([]Spec, error) {
	dir, name := path, ""
	fi, err := os.Stat(path)
	if err != nil || !fi.IsDir() {
		dir, name = filepath.Dir(path), filepath.Base(path)
	}
	if name == "" {
		// Perhaps path is a torrent's own folder: its state is beside it, and what
		// is inside came from the net.
		if abs, err := filepath.Abs(path); err == nil {
			beside, _ := unfinishedIn(filepath.Dir(abs))
			if specs := named(beside, filepath.Base(abs)); len(specs) > 0 {
				return specs, nil
			}
		}
	}
	specs, err := unfinishedIn(dir)
	if err != nil {
		return nil, err
	}
	if name != "" {
		specs = named(specs, name)
	}
	if len(specs) == 0 {
		return nil, fmt.Errorf("%w in %s", errNothingToResume, path)
	}
	return specs, nil
}

func unfinishedIn(dir string) (specs []Spec, err error) {
	states, err := storage.FindStates(dir)
	if err != nil {
		return nil, err
	}
	for _, st := range states {
		if s, ok := unfinished(dir, st); ok {
			specs = append(specs, s)
		}
	}
	return specs, nil
}

// unfinished turns state files into a Spec. Without a whole record it is not
// known what was selected: then it is everything. The state files are named
// after the data, so a name of the user's own is still known.
func unfinished(dir string, st storage.State) (Spec, bool) {
	m, err := metainfo.Parse(st.Metainfo)
	if err != nil {
		return Spec{}, false
	}
	s := Spec{Meta: m, Raw: st.Metainfo, Dir: dir}
	r, err := decodeRecord(st.Record, m.InfoHash, m.NumPieces(), len(m.Files))
	if err != nil {
		if n := st.Name; n != m.Name && n != "" && n != "." && n != ".." {
			s.Rename = n
		}
		return s, !errors.Is(err, errOtherTorrent)
	}
	s.Flat, s.Local = r.flat, r.local
	if r.portable {
		if m, err = (metainfo.Options{PortableNames: true}).Parse(st.Metainfo); err != nil {
			return Spec{}, false
		}
		s.Meta, s.PortableNames = m, true
	}
	if r.rename == filepath.Base(r.rename) && r.rename != "." && r.rename != ".." {
		s.Rename = r.rename
	}
	s.Wanted = make([]bool, len(m.Files))
	for i := range s.Wanted {
		s.Wanted[i] = bit(r.wanted, i)
	}
	if r.first != nil {
		s.First = make([]bool, len(m.Files))
		for i := range s.First {
			s.First[i] = bit(r.first, i)
		}
	}
	for _, p := range r.peers {
		if a, err := netip.ParseAddrPort(p); err == nil {
			s.Peers = append(s.Peers, a)
		}
	}
	return s, true
}

// named keeps what makes name.
func named(specs []Spec, name string) (out []Spec) {
	for _, s := range specs {
		top := s.Meta.Name
		if s.Rename != "" {
			top = s.Rename
		}
		if name == top || name == top+".part" || name == "."+top+".gotor" || name == "."+top+".gotor.torrent" {
			out = append(out, s)
		}
	}
	return out
}
