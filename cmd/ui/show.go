package ui

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/tracker/redact"
)

// This file shows a torrent and a link.

// ShowText is the record for people.
func ShowText(m *metainfo.Torrent) string {
	var b strings.Builder
	line := func(key, value string) { writeLine(&b, key, value) }
	line("name", m.Name)
	// Both hashes of a hybrid: either finds the swarm of those who know only one.
	if m.HasV1 {
		line("info-hash", hex.EncodeToString(m.InfoHash[:]))
	}
	if m.HasV2 {
		line("info-hash v2", hex.EncodeToString(m.InfoHashV2[:]))
	}
	line("version", m.Version)
	line("size", fmt.Sprintf("%s (%d bytes)", Bytes(m.TotalLength), m.TotalLength))
	line("pieces", fmt.Sprintf("%d of %s", m.NumPieces(), Bytes(m.PieceLength)))
	if m.Private {
		line("private", "yes")
	}
	if !m.CreationDate.IsZero() {
		line("created", m.CreationDate.Format(time.RFC3339))
	}
	line("created by", m.CreatedBy)
	line("comment", m.Comment)
	line("source", m.Source)
	for i, tier := range m.Trackers {
		for _, u := range tier {
			line("tracker "+strconv.Itoa(i), redact.URL(u))
		}
	}
	for _, u := range m.WebSeeds {
		line("web seed", redact.URL(u))
	}
	for _, u := range m.HTTPSeeds {
		line("http seed", redact.URL(u))
	}
	for _, u := range m.Nodes {
		line("dht node", u)
	}
	writeFiles(&b, m)
	return b.String()
}

// writeLine writes a line of show, unless there is nothing to say.
func writeLine(b *strings.Builder, key, value string) {
	if value != "" {
		fmt.Fprintf(b, "%-13s %s\n", key+":", record.Safe(value))
	}
}

// writeFiles lists the files with their indices in columns. The indices are
// those of --files: they begin at 0 and count padding, as BEP 53 does.
func writeFiles(b *strings.Builder, m *metainfo.Torrent) {
	index := len(strconv.Itoa(len(m.Files)))
	size := 0
	for i := range m.Files {
		size = max(size, len(Bytes(m.Files[i].Length)))
	}
	b.WriteString("files:\n")
	for i := range m.Files {
		f := &m.Files[i]
		fmt.Fprintf(b, "  %*d  %*s  %s", index, i, size, Bytes(f.Length), record.Safe(f.SlashPath()))
		switch {
		case f.Pad:
			b.WriteString("  (padding)")
		case f.Symlink:
			b.WriteString("  (link, not made)")
		case f.Exec:
			b.WriteString("  (executable)")
		}
		b.WriteByte('\n')
	}
}

// LinkText is the record for people.
func LinkText(r *record.Link) string {
	var b strings.Builder
	writeLine(&b, "name", r.Name)
	for _, h := range []struct {
		key   string
		value *string
	}{{"info-hash", r.InfoHash}, {"info-hash v2", r.InfoHashV2}, {"public key", r.PublicKey}} {
		if h.value != nil {
			writeLine(&b, h.key, *h.value)
		}
	}
	var selected []string
	for _, s := range r.Select {
		text := strconv.Itoa(s[0])
		if s[1] > s[0] {
			text = fmt.Sprintf("%d-%d", s[0], s[1])
		}
		selected = append(selected, text)
	}
	writeLine(&b, "files", strings.Join(selected, ","))
	for _, l := range []struct {
		key  string
		list []string
	}{{"tracker", r.Trackers}, {"web seed", r.WebSeeds}, {"torrent", r.Sources}, {"peer", r.Peers}, {"dht node", r.Nodes}} {
		for _, v := range l.list {
			if strings.Contains(v, ":/") { // a URL; peers and nodes are HOST:PORT
				v = redact.URL(v)
			}
			writeLine(&b, l.key, v)
		}
	}
	return b.String()
}
