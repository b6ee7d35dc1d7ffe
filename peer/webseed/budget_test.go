package webseed

import (
	"errors"
	"net/url"
	"testing"
)

// What servers make us remember is drawn from one budget, and comes back when a
// server is given up.
func TestBudgetIsShared(t *testing.T) {
	b := NewBudget(10 * missingCost)
	why := errors.New("404 Not Found")
	liar, other := New(Config{Memory: b}), New(Config{Memory: b})
	for id := range 10 {
		if !liar.lacks(id, why) {
			t.Fatalf("no room for entry %d of 10", id)
		}
	}
	if !liar.lacks(3, why) {
		t.Error("an entry was paid for twice")
	}
	if other.lacks(0, why) {
		t.Error("an eleventh entry found room")
	}
	liar.Close()
	if !other.lacks(0, why) {
		t.Error("a server that is gone still takes room")
	}
}

// A redirect that there is no room for is followed again and again, and one that
// is forgotten makes room.
func TestBudgetOfRedirects(t *testing.T) {
	long := &url.URL{Scheme: "http", Host: "m", Path: string(make([]byte, 1000))}
	s := New(Config{Memory: NewBudget(movedCost(long))})
	s.movedTo(1, long)
	s.movedTo(1, long)
	s.movedTo(2, long)
	if len(s.moved) != 1 || s.moved[1] == nil {
		t.Errorf("remembers %d redirects, has room for one", len(s.moved))
	}
	s.movedBack(1)
	if s.movedTo(2, long); s.moved[2] == nil {
		t.Error("a redirect that was forgotten still takes room")
	}
}
