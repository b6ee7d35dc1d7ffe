package api

import (
	"sync"

	"gotor/cmd/record"
)

// encodedRows keeps the JSON of the rows that were last asked for: encoding is most of
// what a page costs, and most rows are the same the next time. A row never changes, a
// new one takes its place; so a row that was encoded once is known by its address.
// Methods may be called from any goroutine.
type encodedRows struct {
	mu   sync.Mutex
	rows map[string]encodedRow // by id
}

type encodedRow struct {
	of   *record.Torrent
	text []byte
}

// maxEncoded bounds the rows that are kept, those of torrents that are gone among them:
// as many as a page may have, about 10 MB.
const maxEncoded = 10_000

func newEncodedRows() *encodedRows { return &encodedRows{rows: make(map[string]encodedRow)} }

// row is a row as JSON, which the caller may read only.
func (e *encodedRows) row(t *record.Torrent) ([]byte, error) {
	e.mu.Lock()
	r := e.rows[t.ID]
	e.mu.Unlock()
	if r.of == t {
		return r.text, nil
	}
	text, err := marshal(whole(t))
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.rows) >= maxEncoded {
		clear(e.rows)
	}
	e.rows[t.ID] = encodedRow{t, text}
	return text, nil
}
