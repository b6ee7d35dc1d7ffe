package session

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whoever is due is taken, the one that is due first before others, nobody before his
// time, nobody twice, and never two within the pause.
func TestPace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 50).Draw(t, "rate")
		p := NewPace(rate)
		begin := time.Unix(1e9, 0)
		now, last := begin, time.Time{}
		due := make(map[ID]time.Time)
		take := func(t *rapid.T, must bool) {
			id, ok := p.Take(now)
			ready := last.IsZero() || now.Sub(last) >= time.Second/time.Duration(rate)
			if !ok {
				if must {
					t.Fatal("nobody is taken when Wake said so")
				}
				for id, at := range due {
					if ready && !at.After(now) {
						t.Fatalf("%s is due and is not taken", id)
					}
				}
				return
			}
			if !ready || due[id].After(now) {
				t.Fatalf("%s is taken too soon", id)
			}
			for other, at := range due {
				if at.Before(due[id]) {
					t.Fatalf("%s is taken before %s", id, other)
				}
			}
			delete(due, id)
			last = now
		}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				id := testID(rapid.IntRange(0, 9).Draw(t, "id"))
				due[id] = begin.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "at")) * time.Millisecond)
				p.Set(id, due[id])
			},
			"drop": func(t *rapid.T) {
				id := testID(rapid.IntRange(0, 9).Draw(t, "id"))
				delete(due, id)
				p.Drop(id)
			},
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "ms")) * time.Millisecond)
			},
			"wake": func(t *rapid.T) {
				if at := p.Wake(); at.After(now) {
					now = at
				}
				take(t, len(due) > 0)
			},
			"take": func(t *rapid.T) { take(t, false) },
			"": func(t *rapid.T) {
				if len(p.due) != len(due) {
					t.Fatalf("%d are kept, not %d", len(p.due), len(due))
				}
				for id, at := range due {
					if got := p.byID[id]; got == nil || !got.at.Equal(at) {
						t.Fatalf("%s is due at %v, not %v", id, got, at)
					}
				}
			},
		})
	})
}

// Two thousand that are due at once are spread over the time that the pace gives.
func TestPaceAll(t *testing.T) {
	const n, rate = 2000, 20
	p := NewPace(rate)
	begin := time.Unix(1e9, 0)
	for i := range n {
		p.Set(testID(i), begin)
	}
	now, taken := begin, 0
	for ; len(p.due) > 0; taken++ {
		now = p.Wake()
		if _, ok := p.Take(now); !ok {
			t.Fatal("Wake is too early")
		}
	}
	if want := begin.Add((n - 1) * time.Second / rate); taken != n || !now.Equal(want) {
		t.Errorf("%d were taken by %v, want %d by %v", taken, now, n, want)
	}
}
