package record

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// schemaNode is a JSON Schema, as much of the language as schema.json uses.
type schemaNode struct {
	Schema      string                 `json:"$schema"`
	Title       string                 `json:"title"`
	Description string                 `json:"description"`
	Ref         string                 `json:"$ref"`
	Defs        map[string]*schemaNode `json:"$defs"`
	OneOf       []*schemaNode          `json:"oneOf"`
	Type        typeNames              `json:"type"`
	Const       any                    `json:"const"`
	Enum        []any                  `json:"enum"`
	Pattern     string                 `json:"pattern"`
	Format      string                 `json:"format"`
	Properties  map[string]*schemaNode `json:"properties"`
	Required    []string               `json:"required"`
	Items       *schemaNode            `json:"items"`
}

// typeNames is one name or a list of them.
type typeNames []string

func (n *typeNames) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		*n = []string{""}
		return json.Unmarshal(b, &(*n)[0])
	}
	return json.Unmarshal(b, (*[]string)(n))
}

// parseSchema fails on what it does not know: a check that passes it over would
// prove nothing.
func parseSchema() (*schemaNode, error) {
	dec := json.NewDecoder(strings.NewReader(Schema))
	dec.DisallowUnknownFields()
	root := new(schemaNode)
	return root, dec.Decode(root)
}

// at follows a reference.
func (n *schemaNode) at(root *schemaNode) *schemaNode {
	if name, ok := strings.CutPrefix(n.Ref, "#/$defs/"); ok {
		return root.Defs[name]
	}
	return n
}

// printedTypes are the Go types of all objects that gotor prints, by their name
// in the schema.
func printedTypes() map[string]any {
	return map[string]any{
		"progress": Progress{}, "tracker": Tracker{}, "web_seed": WebSeed{}, "result": Result{}, "message": Message{}, "dry_run": DryRun{}, "trace": Trace{},
		"show": Show{}, "link": Link{}, "verify": Verify{}, "scrape": Scrape{},
		"dht_ping": DHTPing{}, "dht_lookup": DHTLookup{}, "dht_peer": DHTPeer{}, "dht_peers": DHTPeers{},
		"dht_put": DHTPut{}, "dht_get": DHTGet{}, "dht_status": DHTStatus{},
		"config": Config{}, "version": Build{},
		"torrent": TorrentLine{}, "torrent_files": FilesLine{}, "torrent_peers": PeersLine{}, "torrent_trackers": TrackersLine{},
		"torrent_removed": RemovedLine{}, "torrent_link": LinkLine{}, "health": HealthLine{}, "settings": SettingsLine{}, "token": TokenLine{}, "login": LoginLine{}, "event": EventLine{},
	}
}

// The published schema and the types that are printed agree: the same keys,
// those required that are always there, and the same kinds of values.
func TestSchema(t *testing.T) {
	root, err := parseSchema()
	if err != nil {
		t.Fatal(err)
	}
	printed := printedTypes()
	for name, v := range printed {
		if root.Defs[name] == nil {
			t.Errorf("the schema has no %s", name)
			continue
		}
		compareSchema(t, name, root, root.Defs[name], reflect.TypeOf(v))
	}
	for name := range root.Defs {
		if printed[name] == nil {
			t.Errorf("the schema has %s, which nothing prints", name)
		}
	}
	for _, one := range root.OneOf {
		if one.at(root) == nil {
			t.Errorf("no definition for %s", one.Ref)
		}
	}
}

// compareSchema compares the schema of a value with its Go type.
func compareSchema(t *testing.T, name string, root, n *schemaNode, typ reflect.Type) {
	t.Helper()
	n = n.at(root)
	optional := typ.Kind() == reflect.Pointer
	if optional {
		typ = typ.Elem()
	}
	want := map[reflect.Kind]string{reflect.Struct: "object", reflect.Slice: "array", reflect.String: "string", reflect.Bool: "boolean",
		reflect.Int: "integer", reflect.Int64: "integer", reflect.Float64: "number"}[typ.Kind()]
	if typ == reflect.TypeFor[json.RawMessage]() {
		want = "object" // whose keys are those of another description
	}
	if typ == reflect.TypeFor[time.Time]() {
		want = "string"
		if n.Format != "date-time" {
			t.Errorf("%s is a time, and the schema does not say so", name)
		}
	}
	if want != "" && n.Const == nil && n.Enum == nil && (!slices.Contains(n.Type, want) || slices.Contains(n.Type, "null") != optional) {
		t.Errorf("%s: the schema says %q, printed is %s (null: %v)", name, n.Type, want, optional)
	}
	switch {
	case typ == reflect.TypeFor[time.Time](), typ == reflect.TypeFor[json.RawMessage]():
	case typ.Kind() == reflect.Slice:
		if n.Items == nil {
			t.Errorf("%s: the schema does not say what is in it", name)
			return
		}
		compareSchema(t, name+"[]", root, n.Items, typ.Elem())
	case typ.Kind() == reflect.Struct:
		compareKeys(t, name, root, n, typ)
	}
}

// compareKeys compares the keys of an object.
func compareKeys(t *testing.T, name string, root, n *schemaNode, typ reflect.Type) {
	t.Helper()
	var keys, always []string
	for _, f := range reflect.VisibleFields(typ) {
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && key == "" { // its fields follow
			continue
		}
		if key == "" {
			if f.IsExported() {
				t.Errorf("%s: field %s has no key", name, f.Name)
			}
			continue
		}
		if keys = append(keys, key); options != "omitempty" {
			always = append(always, key)
		}
		if p := n.Properties[key]; p != nil {
			compareSchema(t, name+"."+key, root, p, f.Type)
		}
	}
	slices.Sort(keys)
	if want := slices.Sorted(maps.Keys(n.Properties)); !slices.Equal(keys, want) {
		t.Errorf("%s: printed are %q, the schema has %q", name, keys, want)
	}
	if !slices.Equal(always, n.Required) {
		quoted, _ := json.Marshal(always)
		t.Errorf("%s: always there are %s, the schema requires %q", name, quoted, n.Required)
	}
}
