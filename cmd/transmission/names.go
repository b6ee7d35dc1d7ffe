package transmission

import (
	"encoding/json"
	"strings"
	"unicode"
)

// snake spells a name as the newer dialect does, from whichever spelling: it is how
// names are compared. hashString, file-count and is_utp, which was isUTP.
func snake(name string) string {
	var b strings.Builder
	lower := false // the last rune was a lower-case letter or a digit
	for _, r := range name {
		switch {
		case r == '-':
			r = '_'
		case unicode.IsUpper(r) && lower:
			b.WriteByte('_')
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// camel spells a name of the newer dialect as most of the older ones are.
func camel(name string) string {
	if name == "is_utp" {
		return "isUTP"
	}
	var b strings.Builder
	for i, part := range strings.Split(name, "_") {
		if i > 0 && part != "" {
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		b.WriteString(part)
	}
	return b.String()
}

// kebab is the other spelling of the older dialect.
func kebab(name string) string {
	switch name {
	case "seed_ratio_limit", "seed_ratio_limited":
		return camel(name)
	}
	return strings.ReplaceAll(name, "_", "-")
}

// spelled returns an object with its keys, and those of objects in it, spelled in
// another way.
func spelled(v any, how func(string) string) any {
	switch v := v.(type) {
	case object:
		out := make(object, len(v))
		for k, x := range v {
			out[how(k)] = spelled(x, how)
		}
		return out
	case []object:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = spelled(x, how)
		}
		return out
	}
	return v
}

// spell is spelled for a call: in the older dialect as how says.
func (a *call) spell(o object, how func(string) string) object {
	if !a.old {
		return o
	}
	return spelled(o, how).(object)
}

// normal returns the arguments with their keys spelled as in the newer dialect. There
// may be none.
func normal(args json.RawMessage) ([]byte, error) {
	if len(args) == 0 || string(args) == "null" {
		return []byte("{}"), nil
	}
	var in map[string]json.RawMessage
	if err := json.Unmarshal(args, &in); err != nil {
		return nil, refuse(codeParams, "the arguments are no object")
	}
	out := make(map[string]json.RawMessage, len(in))
	for k, v := range in {
		out[snake(k)] = v
	}
	return json.Marshal(out)
}

// flag is a boolean that clients also write as 0 and 1.
type flag bool

// UnmarshalJSON implements json.Unmarshaler.
func (f *flag) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "0", "null":
		*f = false
		return nil
	case "1":
		*f = true
		return nil
	}
	return json.Unmarshal(b, (*bool)(f))
}

// number is an integer that clients also write with a fraction.
type number int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	const most = 1 << 53 // beyond it a float64 knows no integer
	*n = number(max(-most, min(f, most)))
	return nil
}

// list is an array that clients also write as its only member.
type list[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *list[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*l = list[T]{one}
	return nil
}
