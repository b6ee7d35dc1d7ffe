package api

import (
	"fmt"
	"testing"

	"gotor/cmd/record"
)

// TestEncodedRows: a row is encoded once, its successor anew, and the rows that are
// kept are bounded.
func TestEncodedRows(t *testing.T) {
	e := newEncodedRows()
	text := func(row *record.Torrent) []byte {
		t.Helper()
		b, err := e.row(row)
		if err != nil {
			t.Fatal(err)
		}
		want, err := marshal(whole(row))
		if err != nil || string(b) != string(want) {
			t.Errorf("it is %s (%v), want %s", b, err, want)
		}
		return b
	}
	one := &record.Torrent{ID: "a", Name: "<one>\u202e"}
	if first, again := text(one), text(one); &first[0] != &again[0] {
		t.Error("it was encoded again")
	}
	text(&record.Torrent{ID: "a", Name: "two"})
	for i := range maxEncoded + 10 {
		if _, err := e.row(&record.Torrent{ID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(e.rows); n > maxEncoded {
		t.Errorf("%d rows are kept", n)
	}
}
