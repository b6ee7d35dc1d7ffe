package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"gotor/cmd/record"
)

// maxDepth is far more than any request needs.
const maxDepth = 32

// checkJSON refuses JSON that could be taken in two ways: more than one value, a key
// that is there twice, or one that only some would take for a key of ours because
// they do not mind its case. What is judged must be what is decoded.
func checkJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if err := checkValue(d); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one JSON value")
	}
	return nil
}

// checkValue reads one value.
func checkValue(d *json.Decoder) error {
	var open []map[string]bool // the keys of each open object; nil for a list
	isKey := false             // the next string is one
	// Tokens, not a value: nothing is built of what may be refused, and depth costs no
	// stack.
	for {
		t, err := d.Token()
		if err != nil {
			return errors.New("it is not JSON, or not all of it")
		}
		if key, ok := t.(string); ok && isKey {
			if err := checkKey(open[len(open)-1], key); err != nil {
				return err
			}
			isKey = false
			continue
		}
		switch t {
		case json.Delim('{'):
			open = append(open, make(map[string]bool))
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) > maxDepth {
			return fmt.Errorf("it is deeper than %d levels", maxDepth)
		}
		if len(open) == 0 {
			return nil
		}
		isKey = open[len(open)-1] != nil
	}
}

// checkKey adds a key of an object.
func checkKey(keys map[string]bool, key string) error {
	switch {
	// All keys of requests are of these letters: "Paused" would be "paused" to some.
	case strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
		return fmt.Errorf("there is no key %q", record.Safe(key))
	case keys[key]:
		return fmt.Errorf("the key %q is there twice", key)
	}
	keys[key] = true
	return nil
}
