package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"gotor/cmd/record"
)

// playlist serves an extended M3U with a link to each file that can be played, in
// the order in which people number them.
func (c *contents) playlist(w http.ResponseWriter, r *http.Request) {
	ttl, p := ttlOf(r.URL.Query().Get("ttl"))
	if p != nil {
		refuse(w, p)
		return
	}
	id := r.PathValue("id")
	files, err := c.session.Select(id, "")
	if err != nil {
		refuse(w, record.ProblemOf(err))
		return
	}
	files = slices.DeleteFunc(slices.Clone(files), func(f record.TorrentFile) bool { return !isPlayable(f.Path) })
	if len(files) == 0 {
		refuse(w, record.NewProblem(record.CodeNotFound, "nothing in this torrent can be played"))
		return
	}
	// A player goes down the list: episode 10 comes after episode 9.
	slices.SortStableFunc(files, func(a, b record.TorrentFile) int { return compareNatural(a.Path, b.Path) })
	root := c.links.root(r)
	var list strings.Builder
	list.WriteString("#EXTM3U\n")
	for i := range files {
		fmt.Fprintf(&list, "#EXTINF:-1,%s\n%s\n", record.Safe(files[i].Path), c.links.make(root, id, files[i].Index, ttl).URL)
	}
	h := w.Header()
	h.Set("Content-Type", typePlaylist+"; charset=utf-8")
	// The links in it open files for whoever has them.
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", disposition("inline", "playlist.m3u8"))
	_, _ = w.Write([]byte(list.String())) // nobody to tell
}

// ttlOf is how long a link is to be good.
func ttlOf(text string) (time.Duration, *record.Problem) {
	if text == "" {
		return defaultTTL, nil
	}
	d, ok := parseSpan(text)
	if !ok || d < time.Second || d > maxTTL {
		return 0, badQuery("ttl", "a link is good for 1s to 720h")
	}
	return d, nil
}

// compareNatural orders names as people do: numbers by their size, letters whatever
// their case.
func compareNatural(a, b string) int {
	x, y := strings.ToLower(a), strings.ToLower(b)
	for x != "" && y != "" {
		nx, ny := digits(x), digits(y)
		if nx > 0 && ny > 0 {
			dx, dy := strings.TrimLeft(x[:nx], "0"), strings.TrimLeft(y[:ny], "0")
			if len(dx) != len(dy) {
				return len(dx) - len(dy)
			}
			if c := strings.Compare(dx, dy); c != 0 {
				return c
			}
			x, y = x[nx:], y[ny:]
			continue
		}
		if x[0] != y[0] {
			return int(x[0]) - int(y[0])
		}
		x, y = x[1:], y[1:]
	}
	if c := len(x) - len(y); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// digits is how many digits a text begins with.
func digits(s string) int {
	return len(s) - len(strings.TrimLeft(s, "0123456789"))
}
