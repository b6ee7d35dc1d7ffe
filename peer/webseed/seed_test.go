package webseed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"gotor/piece"
)

// TestAlone: nobody else is there, so a few long requests fetch everything, on
// one connection.
func TestAlone(t *testing.T) {
	inRig(t, 20<<20+5, 256<<10, func(r *rig) {
		n := r.dialled()
		s := New(r.cfg)
		r.mustGet(s)
		if got := r.asked(); len(got) > 4 || *n != 1 {
			t.Errorf("%d connections, asked for %q", *n, got)
		}
		if got := s.Downloaded(); got != int64(len(r.data)) {
			t.Errorf("counted %d bytes", got)
		}
		for _, q := range r.requests {
			if q.Header.Get("Accept-Encoding") != "identity" || q.UserAgent() != "gotor/test" {
				t.Errorf("header %v", q.Header)
			}
		}
	})
}

// TestFiles: files smaller and larger than a piece, empty ones, padding.
func TestFiles(t *testing.T) {
	inRig(t, 400_000, 64<<10, func(r *rig) {
		r.split(0, 100_000, 7, -30_000, 0, 5, 1, 200_000, 69_987)
		n := r.dialled()
		r.mustGet(New(r.cfg))
		for _, line := range r.asked() {
			for _, no := range []string{"/dir/0 ", "/dir/3 ", "/dir/4 "} {
				if strings.HasPrefix(line, no) {
					t.Errorf("asked for %s", line)
				}
			}
		}
		if *n != 1 {
			t.Errorf("%d connections", *n)
		}
	})
}

// TestSelected: what is not wanted is not asked for, but for the part of a
// neighbour that shares a piece.
func TestSelected(t *testing.T) {
	inRig(t, 10*blk, 2*blk, func(r *rig) {
		r.split(3*blk, 2*blk, 5*blk) // the middle one lies in pieces 1 and 2
		r.m.SetPriority(func(i int) piece.Priority {
			if i == 1 || i == 2 {
				return piece.Normal
			}
			return piece.Skip
		})
		if err := r.run(New(r.cfg)); err != nil {
			t.Fatal(err)
		}
		got := r.asked()
		slices.Sort(got)
		want := []string{"/dir/0 bytes=32768-49151", "/dir/1 bytes=0-32767", "/dir/2 bytes=0-16383"}
		if !slices.Equal(got, want) {
			t.Errorf("asked for %q, want %q", got, want)
		}
	})
}

// TestScript is BEP 17: a piece each request, and 503 with a number.
func TestScript(t *testing.T) {
	inRig(t, 5*blk+3, 2*blk, func(r *rig) {
		r.cfg.Files, r.cfg.URL = nil, nil
		r.cfg.Script, r.cfg.InfoHash = origin+"/seed.php?k=1", [20]byte{0x9c, 'A'}
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			v := q.URL.Query()
			i, err := strconv.Atoi(v.Get("piece"))
			if err != nil || v.Get("k") != "1" || len(v.Get("info_hash")) != 20 || v.Get("info_hash")[:2] != "\x9cA" || q.Header.Get("Range") != "" {
				http.Error(w, "bad", 400)
				return
			}
			p := r.data[r.layout.Offset(i) : r.layout.Offset(i)+r.layout.PieceLen(i)]
			if s := v.Get("ranges"); s != "" {
				var a, b int
				fmt.Sscanf(s, "%d-%d", &a, &b)
				p = p[a : b+1]
			}
			w.Write(p)
		})
		r.mustGet(New(r.cfg))
		if got := len(r.asked()); got != 3 {
			t.Errorf("%d requests for 3 pieces", got)
		}
	})
}

func TestScriptBusy(t *testing.T) {
	inRig(t, blk, blk, func(r *rig) {
		r.cfg.Files, r.cfg.URL, r.cfg.Script = nil, nil, origin+"/seed"
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			w.WriteHeader(503)
			io.WriteString(w, "77\n")
		})
		if e := r.wantError(false, "503"); e.After != 77*time.Second {
			t.Errorf("after %v", e.After)
		}
	})
}

// TestLies: answers that do not fit what was asked end the Run.
func TestLies(t *testing.T) {
	head := func(status int, kv ...string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i < len(kv); i += 2 {
				w.Header().Set(kv[i], kv[i+1])
			}
			w.WriteHeader(status)
		}
	}
	const size = 8 * blk
	full := fmt.Sprintf("bytes 0-%d/%d", size-1, size)
	for _, c := range []struct {
		name string
		head func(w http.ResponseWriter)
		gone bool
		text string
	}{
		{"no Content-Range, and not the length", head(206, "Content-Length", "8"), true, "sends 8 of"},
		{"garbled Content-Range", head(206, "Content-Range", "bytes 0-x/9"), true, "which range"},
		{"other range", head(206, "Content-Range", fmt.Sprintf("bytes 1-%d/%d", size-1, size)), true, "asked for"},
		{"shorter range", head(206, "Content-Range", fmt.Sprintf("bytes 0-5/%d", size)), true, "of the 131072 bytes asked for"},
		{"other size", head(206, "Content-Range", fmt.Sprintf("bytes 0-%d/%d", size-1, size+1)), true, "another file"},
		{"other length", head(206, "Content-Range", full, "Content-Length", "5"), true, "sends 5 of"},
		{"other file", head(200, "Content-Length", "77"), true, "another file"},
		{"short file", head(416, "Content-Range", "bytes */5"), true, "too short"},
		{"not there", head(404), true, "404"},
		{"forbidden", head(403), true, "403"},
		{"no redirect", head(302), true, "redirects to something"},
		{"file redirect", head(302, "Location", "file:///etc/passwd"), true, "neither http"},
		{"no content", head(204), true, "204"},
		{"broken", head(500), false, "500"},
		{"busy", head(429, "Retry-After", "7"), false, "429"},
		{"multipart", head(206, "Content-Type", "multipart/byteranges; boundary=x"), true, "several ranges"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inRig(t, size, 4*blk, func(r *rig) {
				// The first piece is at hand, so what is asked for is always the rest.
				r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
					if q.Header.Get("Range") != fmt.Sprintf("bytes=0-%d", size-1) && q.Header.Get("Range") != fmt.Sprintf("bytes=%d-%d", size/2, size-1) {
						t.Errorf("asked for %q", q.Header.Get("Range"))
					}
					c.head(w)
				})
				e := r.wantError(c.gone, c.text)
				if c.name == "busy" && e.After != 7*time.Second {
					t.Errorf("after %v, want 7s", e.After)
				}
				if n := r.m.Stats().Active; n != 0 {
					t.Errorf("%d pieces are left begun", n)
				}
			})
		})
	}
}

// TestTooMuch: no more than what was asked for is read, whatever comes.
func TestTooMuch(t *testing.T) {
	inRig(t, 4*blk, 4*blk, func(r *rig) {
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			w.WriteHeader(200) // chunked, and without end
			for {
				if _, err := w.Write(make([]byte, blk)); err != nil {
					return
				}
			}
		})
		r.wantError(true, "longer")
	})
}

// TestChunked: a body without a length is fine if it is what was asked for.
func TestChunked(t *testing.T) {
	inRig(t, 4*blk+9, 4*blk, func(r *rig) {
		n := r.dialled()
		inner := r.file()
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			inner.ServeHTTP(noLength{w}, q)
		})
		r.mustGet(New(r.cfg))
		if *n != 1 {
			t.Errorf("%d connections", *n)
		}
	})
}

// noLength leaves Content-Length out.
type noLength struct{ http.ResponseWriter }

func (w noLength) WriteHeader(status int) {
	w.Header().Del("Content-Length")
	w.ResponseWriter.WriteHeader(status)
}

// TestBrokenOff: a body that ends early costs a retry, and what came is kept.
func TestBrokenOff(t *testing.T) {
	inRig(t, 8*blk, 8*blk, func(r *rig) {
		inner, cut := r.file(), true
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if cut {
				cut = false
				w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", 8*blk-1, 8*blk))
				w.Header().Set("Content-Length", strconv.Itoa(8*blk))
				w.WriteHeader(206)
				w.Write(r.data[:3*blk+100])
				http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			inner.ServeHTTP(w, q)
		})
		s := New(r.cfg)
		var e *Error
		if err := r.run(s); !errors.As(err, &e) || e.Gone {
			t.Fatalf("run: %v", err)
		}
		r.mustGet(s)
		if got := r.asked(); got[1] != fmt.Sprintf("/file bytes=%d-%d", 3*blk, 8*blk-1) {
			t.Errorf("asked for %q: what had come is asked for again", got)
		}
	})
}

// TestSilence: a server that stops in the middle is left after stallTime.
func TestSilence(t *testing.T) {
	inRig(t, 8*blk, 8*blk, func(r *rig) {
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", 8*blk-1, 8*blk))
			w.Header().Set("Content-Length", strconv.Itoa(8*blk))
			w.WriteHeader(206)
			w.Write(r.data[:2*blk])
			http.NewResponseController(w).Flush()
			<-q.Context().Done()
		})
		start := time.Now()
		r.wantError(false, "sent nothing")
		if d := time.Since(start); d < stallTime || d > stallTime+2*time.Second {
			t.Errorf("left after %v", d)
		}
	})
}

// TestMute: and one that does not answer at all.
func TestMute(t *testing.T) {
	inRig(t, blk, blk, func(r *rig) {
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { <-q.Context().Done() })
		r.wantError(false, "")
	})
}

// TestSilentSmallBodies: nor may a server hold us with the body of a redirect or
// of a script's refusal.
func TestSilentSmallBodies(t *testing.T) {
	hang := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Location", "/other")
			w.Header().Set("Content-Length", "20")
			w.WriteHeader(status)
			io.WriteString(w, "1")
			http.NewResponseController(w).Flush()
			<-q.Context().Done()
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		script  bool
		text    string
	}{
		"redirect":           {hang(302), false, "sent nothing"},
		"permanent redirect": {hang(308), false, "sent nothing"},
		"script redirects":   {hang(307), true, "sent nothing"},
		"script is busy":     {hang(503), true, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			inRig(t, 8*blk, 8*blk, func(r *rig) {
				r.handler = c.handler
				if c.script {
					r.cfg.Files, r.cfg.URL, r.cfg.Script = nil, nil, origin+"/seed"
				}
				ctx, cancel := context.WithTimeout(r.Context(), time.Hour)
				defer cancel()
				s := New(r.cfg)
				defer s.Close()
				err := s.Run(ctx)
				var e *Error
				if !errors.As(err, &e) || e.Gone || !strings.Contains(err.Error(), c.text) {
					r.Errorf("run: %v, want %q", err, c.text)
				}
				if n := len(r.asked()); n != 1 {
					r.Errorf("%d requests", n)
				}
			})
		})
	}
}

func TestRefused(t *testing.T) {
	inRig(t, blk, blk, func(r *rig) {
		r.cfg.URL = func(int) string { return "http://10.0.0.1:81/" }
		r.wantError(false, "refused")
	})
}

// TestMissingFile: the other files are still fetched.
func TestMissingFile(t *testing.T) {
	inRig(t, 12*blk, 2*blk, func(r *rig) {
		r.split(4*blk, 4*blk, 4*blk)
		mux := r.handler
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if q.URL.Path == "/dir/1" {
				http.NotFound(w, q)
				return
			}
			mux.ServeHTTP(w, q)
		})
		r.m.SetPriority(func(int) piece.Priority { return piece.Normal })
		ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
		defer cancel()
		s := New(r.cfg)
		defer s.Close()
		if err := s.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("run: %v", err)
		}
		if left := r.layout.Pieces() - r.m.HaveCount(); left != 2 {
			t.Errorf("%d pieces left, want the 2 that are not there", left)
		}
	})
}

// TestNoRanges: the whole file is read, and only what is missing is taken.
func TestNoRanges(t *testing.T) {
	inRig(t, 16*blk, 2*blk, func(r *rig) {
		r.split(5*blk, 11*blk)
		mux := r.handler
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			q.Header.Del("Range")
			mux.ServeHTTP(w, q)
		})
		if err := r.m.Resume([]byte{0b0100_1000}); err != nil { // pieces 1 and 4
			t.Fatal(err)
		}
		copy(r.store.data[2*blk:4*blk], r.data[2*blk:])
		copy(r.store.data[8*blk:10*blk], r.data[8*blk:])
		s := New(r.cfg)
		r.mustGet(s)
		if got := s.Downloaded(); got != 12*blk {
			t.Errorf("counted %d bytes, want %d", got, 12*blk)
		}
		if got := len(r.asked()); got > 4 {
			t.Errorf("%d requests: %q", got, r.asked())
		}
	})
}

// TestNoRangesYields: such a server is left alone while a peer gives.
func TestNoRangesYields(t *testing.T) {
	inRig(t, 8*blk, 2*blk, func(r *rig) {
		r.handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(r.data)))
			w.Write(r.data)
		})
		s := New(r.cfg)
		s.noRanges = true
		p := r.m.Join(r.cfg.Addr, piece.Hooks{})
		r.m.SetHaveAll(p)
		r.m.Unchoked(p)
		ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
		defer cancel()
		s.Run(ctx)
		if got := r.asked(); len(got) > 0 {
			t.Errorf("asked for %q while a peer is there", got)
		}
		r.m.Leave(p)
		r.mustGet(s)
	})
}

// TestLimit: payload is held to the limit.
func TestLimit(t *testing.T) {
	inRig(t, 64*blk, 8*blk, func(r *rig) {
		lim := rate.NewLimiter(8*blk, 2*blk)
		r.cfg.Limit = func() *rate.Limiter { return lim }
		start := time.Now()
		r.mustGet(New(r.cfg))
		if d := time.Since(start); d < 7*time.Second || d > 10*time.Second {
			t.Errorf("64 blocks at 8 a second took %v", d)
		}
	})
}

// Who waits for a limit does not wait any more when it is lifted.
func TestLimitLifted(t *testing.T) {
	inRig(t, 64*blk, 8*blk, func(r *rig) {
		var lim atomic.Pointer[rate.Limiter]
		lim.Store(rate.NewLimiter(blk/3600, 2*blk))
		r.cfg.Limit = lim.Load
		time.AfterFunc(time.Minute, func() { lim.Store(nil) })
		start := time.Now()
		r.mustGet(New(r.cfg))
		if d := time.Since(start); d < time.Minute || d > 2*time.Minute {
			t.Errorf("took %v", d)
		}
	})
}

// TestWrongData: the manager names the server's address; Run knows nothing.
func TestWrongData(t *testing.T) {
	inRig(t, 4*blk, 2*blk, func(r *rig) {
		bad := slices.Clone(r.data)
		bad[0]++
		r.handler = content(bad)
		s := New(r.cfg)
		ctx, cancel := context.WithCancel(r.Context())
		go func() {
			for n := 0; n < 3; {
				time.Sleep(time.Millisecond)
				r.mu.Lock()
				n = r.bad
				r.mu.Unlock()
			}
			cancel()
		}()
		s.Run(ctx)
		s.Close()
		if r.m.Have(0) {
			t.Error("the bad piece is taken")
		}
	})
}
