package cmd

import (
	"os"
	"slices"
	"strings"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent/metainfo"
)

// This file tells the arguments of seed apart: torrents, the folder of their data,
// and data to make torrents of.

// seedItem is one torrent to be seeded.
type seedItem struct {
	source string // "" when the torrent is made of the data
	path   string // of the data, see job.Locate
}

// label is what the user called it.
func (i *seedItem) label() string {
	if i.source == "" {
		return i.path
	}
	return i.source
}

// seedItems says what the arguments mean. SOURCEs come first, and what is last is
// their data then, whatever it looks like; without a SOURCE all are data.
func seedItems(args []string) ([]seedItem, error) {
	data := args[len(args)-1]
	if len(args) == 1 {
		// By its name alone: what is in a single file is not asked, it is data.
		if isSource(data) {
			return nil, record.Usagef("%s is a torrent; give the PATH of its data after it", job.Clip(data))
		}
		return []seedItem{{path: data}}, nil
	}
	var items []seedItem
	sources := args[:len(args)-1]
	switch n := countSources(sources); {
	case n == 0 && !isSource(data):
		for _, a := range args {
			items = append(items, seedItem{path: a})
		}
		return items, nil
	case n < len(sources): // some are and some are not: nothing to guess
		i := slices.IndexFunc(sources, func(a string) bool { return !namesTorrent(a) })
		return nil, record.Usagef("%s is no torrent: the SOURCEs come first and the folder of their data last, or all are data to make torrents of", job.Clip(sources[i]))
	case n > 1 && isSource(data):
		return nil, record.Usagef("%s is a torrent; give the folder that holds the data of all after them", job.Clip(data))
	case n > 1 && !job.IsDir(data) && exists(data):
		return nil, record.Usagef("%s is a file; several SOURCEs need the folder that holds the data of all", job.Clip(data))
	}
	for i, a := range sources {
		if a == "-" && slices.Contains(sources[:i], a) {
			return nil, errStdinTwice()
		}
		items = append(items, seedItem{source: a, path: data}) // each finds its own below data
	}
	return items, nil
}

// countSources counts what is a torrent.
func countSources(args []string) (n int) {
	for _, a := range args {
		if namesTorrent(a) {
			n++
		}
	}
	return n
}

// isSource reports whether an argument can only be meant as a torrent, not as
// data to make one of.
func isSource(arg string) bool {
	return arg == "-" || job.IsURL(arg) || job.IsMagnet(arg) || strings.HasSuffix(arg, ".torrent") && !job.IsDir(arg)
}

// namesTorrent reports whether an argument that others follow is a torrent: by its
// name, by what is in the file, or because it can be read only once.
func namesTorrent(arg string) bool {
	if isSource(arg) {
		return true
	}
	fi, err := os.Stat(arg)
	if err != nil || fi.IsDir() {
		return false
	}
	// A pipe, as of <(curl ...), cannot be looked into without taking what is in it.
	return !fi.Mode().IsRegular() || holdsMetainfo(arg)
}

// holdsMetainfo reports whether a file is a torrent, whatever its name.
func holdsMetainfo(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	var first [1]byte
	// One byte tells for nearly all files: the data may be terabytes.
	if _, err := f.ReadAt(first[:], 0); err != nil || first[0] != 'd' {
		return false
	}
	raw, err := job.ReadBounded(f)
	if err != nil {
		return false
	}
	_, err = metainfo.Parse(raw)
	return err == nil
}

// exists reports whether something has that name.
func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
