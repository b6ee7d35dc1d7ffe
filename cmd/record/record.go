package record

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"strings"
)

// Version is the "v" of every object. It changes when a key is removed or changes
// its meaning, not when one is added.
const Version = 1

// Schema is the JSON Schema of every line that gotor writes as JSON.
//
//go:embed schema.json
var Schema string

// Line is v in JSON, with a newline at its end. What a terminal would act upon is
// written in \u escapes, so the line can be shown as it is; the values stay the
// same.
func Line(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // a link is to be read as it is written
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return EscapeJSON(make([]byte, 0, b.Len()), b.Bytes()), nil
}

// Path is a path that programs may take as an argument: one that begins with a
// dash would be an option to them, so it gets a ./ before it.
func Path(p string) string {
	if strings.HasPrefix(p, "-") {
		return "." + string(filepath.Separator) + p
	}
	return p
}

// Hex is a hash or key in hexadecimal digits, for a key that may be null: that is
// what no bytes are.
func Hex(b []byte) *string {
	if len(b) == 0 {
		return nil
	}
	s := hex.EncodeToString(b)
	return &s
}

// atLeastEmpty makes an empty list of one that is not there, so that jq need not
// ask.
func atLeastEmpty[T any](lists ...*[]T) {
	for _, l := range lists {
		if *l == nil {
			*l = []T{}
		}
	}
}
