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

	"gotor/cmd/record"
)

// This file checks what was printed against the published schema, by rules of
// its own: it knows no type of what prints. That the schema has no word that is
// unknown here is seen by a test of package record.

// schemaChecker is the schema as it is written.
type schemaChecker struct{ root map[string]any }

func newSchemaChecker() (*schemaChecker, error) {
	c := new(schemaChecker)
	return c, json.Unmarshal([]byte(record.Schema), &c.root)
}

// cmdSchema is the script's word "schema FILE": each line of it (or of stdout,
// stderr) is one of the objects of the schema, and nothing else is in it.
func cmdSchema(ts *testscript.TestScript, args []string) {
	c, err := newSchemaChecker()
	ts.Check(err)
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n")
	for i, line := range lines {
		if err := c.checkLine(line); err != nil {
			ts.Fatalf("%s:%d: %v\n%s", args[0], i+1, err, line)
		}
	}
}

func (c *schemaChecker) checkLine(line string) error {
	dec := json.NewDecoder(strings.NewReader(line))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one object in a line")
	}
	return c.check(c.root, v)
}

// check fails unless v is as a node of the schema says. It is stricter than a
// reader has to be: a key that the schema does not have is an error, too.
func (c *schemaChecker) check(n map[string]any, v any) error {
	if ref, ok := n["$ref"].(string); ok {
		n = c.root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if choice, ok := n["oneOf"].([]any); ok {
		return c.checkOne(choice, v)
	}
	if want := n["const"]; want != nil && fmt.Sprint(want) != fmt.Sprint(v) {
		return fmt.Errorf("%v instead of %v", v, want)
	}
	if enum, ok := n["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Errorf("%v is none of %v", v, enum)
	}
	if names := n["type"]; names != nil && !hasOneType(v, names) {
		return fmt.Errorf("%v is not of type %v", v, names)
	}
	switch v := v.(type) {
	case string:
		return checkString(n, v)
	case []any:
		for i, item := range v {
			if err := c.check(n["items"].(map[string]any), item); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
	case map[string]any:
		return c.checkObject(n, v)
	}
	return nil
}

func (c *schemaChecker) checkOne(choice []any, v any) error {
	var is, not []any
	for _, one := range choice {
		one := one.(map[string]any)
		if err := c.check(one, v); err != nil {
			not = append(not, fmt.Sprintf("%v: %v\n", one["$ref"], err))
		} else {
			is = append(is, one["$ref"])
		}
	}
	switch len(is) {
	case 0:
		return fmt.Errorf("none of the objects:\n%s", not)
	case 1:
		return nil
	}
	return fmt.Errorf("cannot be told apart: %q", is)
}

func checkString(n map[string]any, v string) error {
	if pattern, ok := n["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(v) {
		return fmt.Errorf("%q does not match %s", v, pattern)
	}
	if n["format"] == "date-time" {
		if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
			return err
		}
	}
	return nil
}

func (c *schemaChecker) checkObject(n, v map[string]any) error {
	required, _ := n["required"].([]any)
	for _, key := range required {
		if _, ok := v[key.(string)]; !ok {
			return fmt.Errorf("no %s", key)
		}
	}
	properties, _ := n["properties"].(map[string]any)
	if properties == nil {
		return nil // whose keys are described elsewhere
	}
	for key, value := range v {
		p, ok := properties[key].(map[string]any)
		if !ok {
			return fmt.Errorf("%s is unknown", key)
		}
		if err := c.check(p, value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// hasOneType is told one name or a list of them.
func hasOneType(v, names any) bool {
	list, ok := names.([]any)
	if !ok {
		list = []any{names}
	}
	return slices.ContainsFunc(list, func(name any) bool { return hasType(v, name.(string)) })
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
	c, err := newSchemaChecker()
	if err != nil {
		t.Fatal(err)
	}
	good := `{"v":1,"event":"error","time":"2026-01-02T03:04:05Z","message":"m","exit_code":3}`
	if err := c.checkLine(good); err != nil {
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
		if err := c.checkLine(strings.Replace(good, from, to, 1)); err == nil {
			t.Errorf("%s in place of %s passes", to, from)
		}
	}
}
