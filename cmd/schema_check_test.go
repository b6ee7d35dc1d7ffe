package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// This file checks what was printed against the published schema, by rules of
// its own: it shares no code with what prints.

// cmdSchema is the script's word "schema FILE": each line of it (or of stdout,
// stderr) is one of the objects of the schema, and nothing else is in it.
func cmdSchema(ts *testscript.TestScript, args []string) {
	root, err := parseSchema()
	ts.Check(err)
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n")
	for i, line := range lines {
		if err := root.checkLine(line); err != nil {
			ts.Fatalf("%s:%d: %v\n%s", args[0], i+1, err, line)
		}
	}
}

func (n *schemaNode) checkLine(line string) error {
	dec := json.NewDecoder(strings.NewReader(line))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one object in a line")
	}
	return n.check(n, v)
}

// check fails unless v is as the schema says. It is stricter than a reader has
// to be: a key that the schema does not have is an error, too.
func (n *schemaNode) check(root *schemaNode, v any) error {
	n = n.at(root)
	if n.OneOf != nil {
		return n.checkOne(root, v)
	}
	if n.Const != nil && fmt.Sprint(n.Const) != fmt.Sprint(v) {
		return fmt.Errorf("%v instead of %v", v, n.Const)
	}
	if n.Enum != nil && !slices.Contains(n.Enum, v) {
		return fmt.Errorf("%v is none of %v", v, n.Enum)
	}
	if n.Type != nil && !slices.ContainsFunc(n.Type, func(name string) bool { return hasType(v, name) }) {
		return fmt.Errorf("%v is not of type %v", v, n.Type)
	}
	switch v := v.(type) {
	case string:
		return n.checkString(v)
	case []any:
		for i, item := range v {
			if err := n.Items.check(root, item); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
	case map[string]any:
		return n.checkObject(root, v)
	}
	return nil
}

func (n *schemaNode) checkOne(root *schemaNode, v any) error {
	var is, not []string
	for _, one := range n.OneOf {
		if err := one.check(root, v); err != nil {
			not = append(not, one.Ref+": "+err.Error())
		} else {
			is = append(is, one.Ref)
		}
	}
	switch len(is) {
	case 0:
		return fmt.Errorf("none of the objects:\n%s", strings.Join(not, "\n"))
	case 1:
		return nil
	}
	return fmt.Errorf("cannot be told apart: %q", is)
}

func (n *schemaNode) checkString(v string) error {
	if n.Pattern != "" && !regexp.MustCompile(n.Pattern).MatchString(v) {
		return fmt.Errorf("%q does not match %s", v, n.Pattern)
	}
	if n.Format == "date-time" {
		if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
			return err
		}
	}
	return nil
}

func (n *schemaNode) checkObject(root *schemaNode, v map[string]any) error {
	for _, key := range n.Required {
		if _, ok := v[key]; !ok {
			return fmt.Errorf("no %s", key)
		}
	}
	for key, value := range v {
		p := n.Properties[key]
		if p == nil {
			return fmt.Errorf("%s is unknown", key)
		}
		if err := p.check(root, value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func hasType(v any, name string) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	case json.Number:
		_, err := v.Int64()
		return name == "number" || name == "integer" && err == nil
	}
	return false
}

// The checker sees what is wrong.
func TestSchemaChecker(t *testing.T) {
	root, err := parseSchema()
	if err != nil {
		t.Fatal(err)
	}
	good := `{"v":1,"event":"error","time":"2026-01-02T03:04:05Z","message":"m","exit_code":3}`
	if err := root.checkLine(good); err != nil {
		t.Error(err)
	}
	for from, to := range map[string]string{
		`"v":1`:                  `"v":2`,
		`"event":"error"`:        `"event":"mistake"`,
		`2026-01-02T`:            `2026-01-02 `,
		`"message":"m"`:          `"message":7`,
		`,"message":"m"`:         ``,
		`"exit_code":3`:          `"exit_code":3.5`,
		`"exit_code"`:            `"exit"`,
		`{"v":1,"event":"error"`: `{"event":"error"`,
		`3}`:                     `3}{}`,
		`}`:                      ``,
	} {
		if err := root.checkLine(strings.Replace(good, from, to, 1)); err == nil {
			t.Errorf("%s in place of %s passes", to, from)
		}
	}
}
