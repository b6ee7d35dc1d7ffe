package api

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"gotor/cmd/record"
)

const schemaPrefix = "#/components/schemas/"

// newRegistry is where the types of requests and answers get their schemas. What is
// optional in a merge patch is described as its value.
func newRegistry() huma.Registry {
	r := huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer)
	for _, t := range []reflect.Type{reflect.TypeFor[record.Patch](), reflect.TypeFor[record.LimitsPatch](), reflect.TypeFor[record.SeedPatch](),
		reflect.TypeFor[record.SettingsPatch](), reflect.TypeFor[record.QueuePatch]()} {
		for f := range fields(t) {
			if value, ok := optional(f.Type); ok {
				r.RegisterTypeAlias(f.Type, value)
			}
		}
	}
	return r
}

// optional is the type of the value of a record.Opt.
func optional(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() != reflect.Struct || t.PkgPath() != reflect.TypeFor[record.Patch]().PkgPath() || !strings.HasPrefix(t.Name(), "Opt[") {
		return nil, false
	}
	f, ok := t.FieldByName("Value")
	if !ok {
		return nil, false
	}
	if f.Type.Kind() == reflect.Pointer {
		return f.Type.Elem(), true
	}
	return f.Type, true
}

// finish corrects what huma cannot say of a type: which objects may be null, that
// lists never are, and that only requests refuse keys they do not know. It is called
// once, with all routes registered.
func finish(api *huma.OpenAPI) {
	registry := api.Components.Schemas
	all := registry.Map()
	delete(all, "ErrorModel") // of huma's own errors, which we translate
	delete(all, "ErrorDetail")
	asked := make(map[string]bool)
	for _, op := range operations(api) {
		eachBody(op, neverNull)
		for _, p := range op.Parameters {
			neverNull(p.Schema)
		}
		for _, r := range op.Responses {
			delete(r.Headers, "Content-Type") // it is told with the content
		}
		if op.RequestBody == nil {
			continue
		}
		if m := op.RequestBody.Content[typeJSON]; m != nil && op.Method == http.MethodPatch && m.Schema.Type != huma.TypeArray {
			op.RequestBody.Content[typeMerge] = m
		}
		for _, m := range op.RequestBody.Content {
			markRefs(registry, m.Schema, asked)
		}
	}
	for name, schema := range all {
		neverNull(schema)
		if t := registry.TypeFromRef(schemaPrefix + name); t != nil && t.Kind() == reflect.Struct {
			nullable(schema, t, asked[name])
		}
		// What is both asked and answered stays strict: it grows with requests.
		if !asked[name] && schema.AdditionalProperties == false {
			schema.AdditionalProperties = nil // v1 only grows
		}
	}
	describeThin(api)
	for _, schema := range all {
		schema.PrecomputeMessages()
	}
}

// describeThin describes pages of the list whose items have only the keys that were
// asked for.
func describeThin(api *huma.OpenAPI) {
	all := api.Components.Schemas.Map()
	torrent, page := *all["Torrent"], *all["TorrentPage"]
	torrent.Required = []string{"id", "revision"}
	page.Properties = maps.Clone(page.Properties)
	page.Properties["items"] = &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Ref: schemaPrefix + "ThinTorrent"}}
	// The same keys, of which any may be absent.
	all["ThinTorrent"], all["ThinTorrentPage"] = &torrent, &page
	answer := api.Paths["/torrents"].Get.Responses["200"].Content[typeJSON]
	answer.Schema = &huma.Schema{Description: "With fields, items have those keys only.",
		AnyOf: []*huma.Schema{{Ref: schemaPrefix + "TorrentPage"}, {Ref: schemaPrefix + "ThinTorrentPage"}}}
}

// neverNull says of all lists in a schema that they are there, if empty.
func neverNull(schema *huma.Schema) {
	eachSchema(schema, func(s *huma.Schema) { s.Nullable = s.Nullable && s.Type != huma.TypeArray })
}

// orNull marks a reference that may also be null. In requests huma lets null pass for
// all that is optional, and told that it is one of two things it says only that it is
// neither; so the mark becomes that in the description alone (see spellNulls).
const orNull = "x-or-null"

// nullable makes those keys of an object nullable that are pointers or optional.
func nullable(schema *huma.Schema, t reflect.Type, asked bool) {
	for f := range fields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		s := schema.Properties[name]
		if s == nil {
			continue
		}
		_, opt := optional(f.Type)
		pointer := f.Type.Kind() == reflect.Pointer && !strings.Contains(options, "omitempty")
		switch {
		case !opt && !pointer:
		case s.Ref != "" && asked:
			s.Extensions = map[string]any{orNull: true}
		case s.Ref != "":
			schema.Properties[name] = &huma.Schema{Description: s.Description, AnyOf: []*huma.Schema{{Ref: s.Ref}, {Type: "null"}}}
		default:
			s.Nullable = true
			if len(s.Enum) > 0 {
				s.Enum = append(s.Enum, nil)
			}
		}
	}
}

// spellNulls replaces references with the mark of orNull in a description's JSON.
func spellNulls(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = spellNulls(v[i])
		}
	case map[string]any:
		if v[orNull] == true {
			return map[string]any{"anyOf": []any{map[string]any{"$ref": v["$ref"]}, map[string]any{"type": "null"}}}
		}
		for k := range v {
			v[k] = spellNulls(v[k])
		}
	}
	return v
}

// markRefs adds the names of all schemas that a request's body is made of.
func markRefs(r huma.Registry, s *huma.Schema, seen map[string]bool) {
	eachSchema(s, func(s *huma.Schema) {
		name, ok := strings.CutPrefix(s.Ref, schemaPrefix)
		if ok && !seen[name] {
			seen[name] = true
			markRefs(r, r.SchemaFromRef(s.Ref), seen)
		}
	})
}

// eachSchema calls f for a schema and all that is in it, references not followed.
func eachSchema(s *huma.Schema, f func(*huma.Schema)) {
	if s == nil {
		return
	}
	f(s)
	eachSchema(s.Items, f)
	for _, p := range s.Properties {
		eachSchema(p, f)
	}
	if p, ok := s.AdditionalProperties.(*huma.Schema); ok {
		eachSchema(p, f)
	}
	for _, list := range [][]*huma.Schema{s.AnyOf, s.OneOf, s.AllOf} {
		for _, p := range list {
			eachSchema(p, f)
		}
	}
}

// eachBody calls f for what an operation takes and answers.
func eachBody(op *huma.Operation, f func(*huma.Schema)) {
	for _, r := range op.Responses {
		for _, m := range r.Content {
			f(m.Schema)
		}
	}
	if op.RequestBody != nil {
		for _, m := range op.RequestBody.Content {
			f(m.Schema)
		}
	}
}

// operations are all operations, in the order of their paths.
func operations(api *huma.OpenAPI) []*huma.Operation {
	var all []*huma.Operation
	for _, path := range slices.Sorted(maps.Keys(api.Paths)) {
		item := api.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Head, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				all = append(all, op)
			}
		}
	}
	return all
}

// fields are the fields of a struct, those of embedded ones, too.
func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			if !f.Anonymous && !yield(f) {
				return
			}
		}
	}
}
