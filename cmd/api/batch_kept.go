package api

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"io"

	"gotor/cmd/record"
)

// keptBatch is what the session keeps of the answer to a batch: outcomes take some
// 60 bytes each, and what it keeps of an answer has a bound.
type keptBatch struct {
	Packed []byte `json:"packed,omitempty"` // outcomes as deflated JSON; nil: too long
	Done   int    `json:"done"`
	Failed int    `json:"failed"` // of Done
}

// maxUnpacked bounds what outcomes are unpacked to: a state folder may have come from
// elsewhere.
const maxUnpacked = 16 << 20

// packBatch makes of outcomes what is kept. That all was done is kept in any case, so
// that it is never done again.
func packBatch(outcomes []record.Outcome) ([]byte, error) {
	k := keptBatch{Done: len(outcomes)}
	for i := range outcomes {
		if !outcomes[i].OK {
			k.Failed++
		}
	}
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestSpeed)
	if err == nil {
		err = json.NewEncoder(z).Encode(outcomes)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, err
	}
	k.Packed = b.Bytes()
	answer, err := json.Marshal(k)
	if err == nil && len(answer) > record.MaxRepeat {
		k.Packed = nil
		answer, err = json.Marshal(k)
	}
	return answer, err
}

// unpackBatch is what an earlier run of the daemon has answered.
func unpackBatch(answer []byte) (*batchOut, error) {
	var k keptBatch
	switch err := json.Unmarshal(answer, &k); {
	case err != nil:
		return nil, nil
	case k.Packed == nil:
		return nil, record.NewProblem(record.CodeGone, "this was done before the daemon was started, and %d of %d failed; the answer was too long to be kept: look at the torrents",
			k.Failed, k.Done)
	}
	out := new(batchOut)
	b := io.LimitReader(flate.NewReader(bytes.NewReader(k.Packed)), maxUnpacked)
	if json.NewDecoder(b).Decode(&out.Body) != nil || out.Body == nil {
		return nil, nil
	}
	return out, nil
}
