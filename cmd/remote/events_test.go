package remote

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/record"
)

var errEnough = errors.New("enough")

// stream answers with a piece of a stream.
func streamOf(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, text)
}

// A stream that breaks off is taken up where it was, when the daemon wants it.
func TestFollowResumes(t *testing.T) {
	tries := 0
	var lost []time.Duration
	c := at(t, func(w http.ResponseWriter, r *http.Request) {
		tries++
		if got := r.URL.Query().Get("topics"); got != "rows,torrents" {
			t.Errorf("topics %q", got)
		}
		switch tries {
		case 1:
			streamOf(w, ": hi\n\nretry: 1\n\nevent: hello\nid: 7\ndata: {\"a\":\ndata: 1}\n\nevent: rows\nid: 8\ndata: {}\n\nevent: cut")
		case 2:
			refuse(w, record.NewProblem(record.CodeNotReady, "the daemon stops"))
		case 3:
			if got := r.Header.Get("Last-Event-ID"); got != "8" {
				t.Errorf("goes on from %q", got)
			}
			streamOf(w, "event: torrent\ndata: {}\n\n")
		}
	})
	var got []string
	err := c.Follow(t.Context(), Watch{Topics: []string{"rows", "torrents"}, Lost: func(_ error, wait time.Duration) { lost = append(lost, wait) }},
		func(e Event) error {
			got = append(got, e.Name+" "+e.ID+" "+string(e.Data))
			if e.Name == "torrent" {
				return errEnough
			}
			return nil
		})
	if !errors.Is(err, errEnough) {
		t.Errorf("it ended with %v", err)
	}
	if d := cmp.Diff([]string{"hello 7 {\"a\":\n1}", "rows 8 {}", "torrent  {}"}, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]time.Duration{time.Millisecond, 2 * time.Millisecond}, lost); d != "" {
		t.Error(d)
	}
}

// What cannot be begun, or is refused for good, is not tried for ever.
func TestFollowGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		answers []func(http.ResponseWriter)
		code    int
	}{
		"at once": {[]func(http.ResponseWriter){func(w http.ResponseWriter) { refuse(w, record.NewProblem(record.CodeNotReady, "it loads")) }}, record.ExitOther},
		"another page": {[]func(http.ResponseWriter){
			func(w http.ResponseWriter) { fmt.Fprint(w, "<html>") },
		}, record.ExitFetch},
		"a token that was changed": {[]func(http.ResponseWriter){
			func(w http.ResponseWriter) { streamOf(w, "retry: 1\n\nevent: hello\ndata: {}\n\n") },
			func(w http.ResponseWriter) { refuse(w, record.NewProblem(record.CodeUnauthorized, "no")) },
		}, record.ExitOther},
		"an endless line": {[]func(http.ResponseWriter){
			func(w http.ResponseWriter) {
				streamOf(w, "retry: 1\n\ndata: ")
				line := strings.Repeat("x", 1<<20)
				for range maxEvent>>20 + 1 {
					fmt.Fprint(w, line)
				}
			},
			func(w http.ResponseWriter) { refuse(w, record.NewProblem(record.CodeForbidden, "no")) },
		}, record.ExitOther},
	} {
		tries := 0
		cl := at(t, func(w http.ResponseWriter, _ *http.Request) {
			tries++
			if tries > len(c.answers) {
				t.Errorf("%s: tried again", name)
				return
			}
			c.answers[tries-1](w)
		})
		err := cl.Follow(t.Context(), Watch{}, func(Event) error { return nil })
		if err == nil || record.CodeOf(err) != c.code || tries != len(c.answers) {
			t.Errorf("%s: %v after %d tries", name, err, tries)
		}
	}
}
