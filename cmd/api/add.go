package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gotor/cmd/record"
)

const (
	maxTorrent = 64 << 20
	// maxUploads are as many .torrents as may be in memory at a time.
	maxUploads  = 4
	uploadTime  = 2 * time.Minute
	uploadQueue = 10 * time.Second // for a turn
	maxParts    = 8
)

// addOptions are how a torrent is added: keys of the JSON, or queries of the same
// names beside a .torrent.
type addOptions struct {
	Source     string                `json:"source,omitempty" maxLength:"1048576" doc:"A magnet link, an info-hash, or a URL of a .torrent; over the socket also its path."`
	Dir        string                `json:"dir,omitempty" maxLength:"4096" doc:"A root, or a folder below one."`
	Name       string                `json:"name,omitempty" maxLength:"255" doc:"Instead of the torrent's own."`
	Flat       bool                  `json:"flat,omitempty" doc:"Without a folder of its own."`
	Files      string                `json:"files,omitempty" maxLength:"65536" doc:"Indices, ranges and patterns, as of get --files; without it all."`
	Priorities []record.FilePriority `json:"priorities,omitempty" maxItems:"1000"`
	Paused     bool                  `json:"paused,omitempty"`
	Labels     []string              `json:"labels,omitempty" maxItems:"64" minLength:"1" maxLength:"100"`
	Limits     *record.LimitsPatch   `json:"limits,omitempty"`
	Seed       *record.SeedPatch     `json:"seed,omitempty"`
	Sequential bool                  `json:"sequential,omitempty"`
	Peers      []string              `json:"peers,omitempty" maxItems:"1000" doc:"HOST:PORT"`
	Mirrors    []string              `json:"mirrors,omitempty" maxItems:"100" doc:"URLs of web seeds."`
	Trackers   []string              `json:"trackers,omitempty" maxItems:"100" doc:"URLs, beside the torrent's own."`
	Check      bool                  `json:"check,omitempty" doc:"Hash what is there, whatever is remembered."`
	SHA256     []string              `json:"sha256,omitempty" maxItems:"1000" doc:"[PATH=]HEX"`
	Start      bool                  `json:"start,omitempty" doc:"Pass the queue."`
	Overwrite  bool                  `json:"overwrite,omitempty"`
}

// addIn has the options again, as queries: what is in neither type is refused.
type addIn struct {
	DryRun         bool     `query:"dry_run" doc:"Say what is inside, and add nothing."`
	Merge          string   `query:"merge" enum:"trackers" doc:"Give the trackers to a torrent that is there, too, unless it is private."`
	IdempotencyKey string   `header:"Idempotency-Key" maxLength:"255" doc:"Kept for a day: the same request again is answered as it was."`
	Wait           string   `query:"wait" maxLength:"32" doc:"How long to wait for the metainfo of a link, such as 30s; 10m at most."`
	Source         string   `query:"source" maxLength:"65536"`
	Dir            string   `query:"dir" maxLength:"4096"`
	Name           string   `query:"name" maxLength:"255"`
	Flat           bool     `query:"flat"`
	Files          string   `query:"files" maxLength:"65536"`
	Priorities     string   `query:"priorities" maxLength:"65536" doc:"JSON"`
	Paused         bool     `query:"paused"`
	Labels         []string `query:"labels,explode" maxItems:"64"`
	Limits         string   `query:"limits" maxLength:"1024" doc:"JSON"`
	Seed           string   `query:"seed" maxLength:"1024" doc:"JSON"`
	Sequential     bool     `query:"sequential"`
	Peers          []string `query:"peers,explode" maxItems:"1000"`
	Mirrors        []string `query:"mirrors,explode" maxItems:"100"`
	Trackers       []string `query:"trackers,explode" maxItems:"100"`
	Check          bool     `query:"check"`
	SHA256         []string `query:"sha256,explode" maxItems:"1000"`
	Start          bool     `query:"start"`
	Overwrite      bool     `query:"overwrite"`
	exchange
}

type addOut struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Existing string `header:"Gotor-Existing"`
	Status   int
	Body     any
}

// exampleLink is of a torrent that there is not.
const exampleLink = "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567"

// adder takes torrents in.
type adder struct {
	session interface {
		Looker
		Keeper
	}
	routes  *routes
	repeats *repeats
	polls   *polls
	uploads chan struct{} // a turn for each .torrent that is in memory
}

// register registers how a torrent is added. Its body is read by itself: it may be
// of three types, one of them large.
func (ad *adder) register(r *routes) {
	torrent := reflect.TypeFor[record.Torrent]()
	rt := route{method: http.MethodPost, path: "/torrents", id: "add-torrent", tag: "torrents", status: http.StatusCreated,
		summary: "Add a torrent: a .torrent, or a source", errors: []int{403, 409, 413, 415, 422, 429, 502, 504, 507},
		answers: map[int]reflect.Type{201: torrent, 200: torrent}}
	op := r.operation(rt)
	schemas := r.api.OpenAPI().Components.Schemas
	op.Responses["200"].Description = "It was there, and is as it was; or, with dry_run, what is inside."
	op.Responses["200"].Content[typeJSON].Schema = &huma.Schema{AnyOf: []*huma.Schema{
		schemas.Schema(torrent, true, ""), schemas.Schema(reflect.TypeFor[record.Preview](), true, "")}}
	options := schemas.Schema(reflect.TypeFor[addOptions](), true, "")
	// Without examples the page would fill in every option there is.
	none := &huma.Schema{Ref: options.Ref, Examples: []any{map[string]any{}}}
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	op.Metadata = map[string]any{ownBody: true}
	described := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		typeJSON: {Schema: options, Example: map[string]any{"source": exampleLink}}, typeTorrent: {Schema: binary},
		typeForm: {Schema: &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"torrent": binary, "options": none}, Required: []string{"torrent"}, AdditionalProperties: false}},
	}}
	// huma would read a body that it knows of.
	huma.Register(r.api, op, func(ctx context.Context, in *addIn) (*addOut, error) {
		out, err := ad.add(ctx, in)
		if err == nil && in.Wait != "" {
			out, err = ad.added(ctx, in, out)
		}
		if err != nil {
			return nil, fail(err)
		}
		return out, nil
	})
	post := r.api.OpenAPI().Paths["/torrents"].Post
	post.RequestBody = described
	post.Responses["200"].Headers = maps.Clone(post.Responses["201"].Headers)
	delete(post.Responses["201"].Headers, "Gotor-Existing") // of what was not there
}

// add adds a torrent, or says what is inside.
func (ad *adder) add(ctx context.Context, in *addIn) (*addOut, error) {
	if _, err := spanOf(in.Wait); err != nil {
		return nil, err
	}
	a, err := ad.readAdd(in)
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		p, err := ad.session.Preview(ctx, a)
		if err != nil {
			return nil, err
		}
		p.Torrent, p.Files = *whole(&p.Torrent), orEmpty(p.Files)
		return &addOut{Status: http.StatusOK, Body: p}, nil
	}
	// A key is for this request only: for its options and every byte of the .torrent.
	request, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	request = append(request, a.Raw...)
	return once(ctx, ad.repeats, in.IdempotencyKey, request, repeatable[addOut]{
		weigh: func(*addOut) int { return 0 },
		read:  ad.addedBefore,
		do: func(r record.Repeat) (*addOut, error) {
			a.Repeat = r
			t, existing, err := ad.session.Add(ctx, a)
			if err != nil {
				return nil, err
			}
			return ad.addAnswer(t, existing), nil
		},
	})
}

// addAnswer answers with a torrent. Where it is is said from where it was added, so that
// it is right below any path of a proxy.
func (ad *adder) addAnswer(t *record.Torrent, existing bool) *addOut {
	out := &addOut{Status: http.StatusCreated, Location: "torrents/" + t.ID, ETag: etagOf(ad.session, t.Revision), Body: whole(t)}
	if existing {
		out.Status, out.Existing = http.StatusOK, "true"
	}
	return out
}

// addedBefore answers as an earlier run of the daemon did, with the torrent as it is
// now; if it is gone, as it was then.
func (ad *adder) addedBefore(answer []byte) (*addOut, error) {
	var a record.Added
	if json.Unmarshal(answer, &a) != nil || a.Torrent == nil {
		return nil, nil
	}
	if t, err := ad.session.Torrent(a.Torrent.ID); err == nil {
		return ad.addAnswer(t, a.Existing), nil
	}
	out := ad.addAnswer(a.Torrent, a.Existing)
	out.ETag = "" // there is nothing that could be changed
	return out, nil
}

// added waits for the metainfo of what was added, and answers with how it is then. It
// was added whatever becomes of that.
func (ad *adder) added(ctx context.Context, in *addIn, out *addOut) (*addOut, error) {
	t, ok := out.Body.(*record.Torrent)
	if !ok {
		return out, nil
	}
	span, _ := spanOf(in.Wait) // judged before
	t, err := ad.polls.torrent(ctx, t.ID, span, untilMetadata, 0)
	if err != nil {
		return out, nil
	}
	now := *out // others may have asked for the same
	now.ETag, now.Body = etagOf(ad.session, t.Revision), whole(t)
	return &now, nil
}

// readAdd makes of a request what is to be added.
func (ad *adder) readAdd(in *addIn) (record.Add, error) {
	// Options may be in the query beside any body: a .torrent has no room for them.
	options := queryOptions(in.r.URL.Query())
	var raw []byte
	kind, params, _ := mime.ParseMediaType(in.r.Header.Get("Content-Type"))
	switch {
	case in.r.ContentLength == 0: // options in the query may be enough
	case kind == typeJSON:
		b, p := readBody(in.w, in.r, maxJSON, jsonTime)
		if p != nil {
			return record.Add{}, p
		}
		if err := addJSON(options, b); err != nil {
			return record.Add{}, err
		}
	default:
		// At most maxUploads times 64 MiB are in memory, however many send at once. JSON is
		// short, and does not wait behind them.
		done, p := ad.takeTurn(in)
		if p != nil {
			return record.Add{}, p
		}
		defer done()
		var err error
		if raw, err = readTorrent(in, kind, params["boundary"], options); err != nil {
			return record.Add{}, err
		}
	}
	return ad.newAdd(in, raw, options)
}

// takeTurn waits until there is room for one more upload.
func (ad *adder) takeTurn(in *addIn) (done func(), p *record.Problem) {
	timer := time.NewTimer(uploadQueue)
	defer timer.Stop()
	select {
	case ad.uploads <- struct{}{}:
		return func() { <-ad.uploads }, nil
	case <-timer.C:
	case <-in.r.Context().Done():
	}
	retryAfter(in.w, uploadQueue)
	return nil, record.NewProblem(record.CodeNotReady, "%d torrents are being uploaded: come back later", maxUploads)
}

// readTorrent reads a .torrent: the body, or the file of a form whose part "options"
// has more options.
func readTorrent(in *addIn, kind, boundary string, options map[string]any) ([]byte, error) {
	if kind == typeTorrent {
		b, p := readBody(in.w, in.r, maxTorrent, uploadTime)
		if p != nil {
			return nil, p
		}
		return b, nil
	}
	body, p := readBody(in.w, in.r, maxTorrent+maxJSON, uploadTime)
	if p != nil {
		return nil, p
	}
	// It is all in memory, where a .torrent has to be anyway, and never in a temporary
	// file, as ParseMultipartForm would have it.
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	var raw []byte
	for range maxParts {
		part, err := form.NextRawPart()
		if err == io.EOF {
			if raw == nil {
				return nil, invalid("body.torrent", "the form has no file")
			}
			return raw, nil
		}
		if err != nil {
			return nil, invalid("body", "the form cannot be read")
		}
		b, err := io.ReadAll(part)
		if err != nil {
			return nil, invalid("body", "the form cannot be read")
		}
		switch {
		case part.FormName() == "options":
			if err := addJSON(options, b); err != nil {
				return nil, err
			}
		case raw != nil || part.FileName() == "" && part.FormName() != "torrent":
			return nil, invalid("body", "a form has one file and options as JSON, not %q", part.FormName())
		default:
			raw = b
		}
	}
	return nil, invalid("body", "the form has more than %d parts", maxParts)
}

// queryOptions makes options of queries: those of text that is JSON are decoded when
// they are.
func queryOptions(q url.Values) map[string]any {
	options := make(map[string]any)
	for f := range fields(reflect.TypeFor[addOptions]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !q.Has(name) {
			continue
		}
		text := q.Get(name)
		switch {
		case f.Type.Kind() == reflect.String:
			options[name] = text
		case f.Type.Kind() == reflect.Bool:
			options[name], _ = strconv.ParseBool(text) // huma has judged it
		case f.Type == reflect.TypeFor[[]string]():
			list := []any{}
			for _, v := range q[name] {
				list = append(list, v)
			}
			options[name] = list
		default:
			var v any
			if readJSON([]byte(text), &v) != nil {
				v = text // what it is not is said with all other mistakes
			}
			options[name] = v
		}
	}
	return options
}

// addJSON adds options; one that is there already is a mistake.
func addJSON(options map[string]any, b []byte) error {
	var more map[string]any
	if err := readJSON(b, &more); err != nil {
		return invalid("body", "%v", err)
	}
	// Nobody could say which of two should win.
	for k, v := range more {
		if _, ok := options[k]; ok {
			return invalid("body."+k, "it is in the query, too")
		}
		options[k] = v
	}
	return nil
}

// newAdd judges the options and makes of them what the session takes.
func (ad *adder) newAdd(in *addIn, raw []byte, options map[string]any) (record.Add, error) {
	var o addOptions
	if err := ad.routes.decode(options, &o); err != nil {
		return record.Add{}, err
	}
	// With both it would not be clear which is meant, and with neither there is nothing.
	if (raw == nil) == (o.Source == "") {
		return record.Add{}, invalid("body.source", "a .torrent or a source is needed, and one only")
	}
	a, err := o.add(in.r)
	a.Raw, a.MergeTrackers = raw, in.Merge == "trackers"
	return a, err
}

// add is the record of the options. A path of ours is for the user alone.
func (o addOptions) add(r *http.Request) (record.Add, error) {
	// A path is read with the rights of the daemon: over TCP a token would be enough to
	// look for files of this machine.
	l := linkOf(r.Context())
	local := l.socket && levelOf(r.Context()) == owner
	if o.Source != "" && !local && isPath(o.Source) {
		return record.Add{}, record.NewProblem(record.CodeForbidden, "a path of the daemon's machine may come over its socket only: send the .torrent itself")
	}
	a := record.Add{Source: o.Source, LocalPath: local, Dir: o.Dir, Name: o.Name, Flat: o.Flat, Files: o.Files, Priorities: o.Priorities, Paused: o.Paused,
		Labels: o.Labels, Sequential: o.Sequential, Peers: o.Peers, Mirrors: o.Mirrors, Trackers: o.Trackers, Check: o.Check, SHA256: o.SHA256,
		StartNow: o.Start, Overwrite: o.Overwrite}
	if o.Limits != nil {
		a.Limits = &record.RateLimits{MaxDown: o.Limits.MaxDown.Value, MaxUp: o.Limits.MaxUp.Value}
	}
	if o.Seed != nil {
		a.Seed = &record.SeedGoal{Mode: cmp.Or(o.Seed.Mode.Value, "default"), Ratio: pointer(o.Seed.Ratio), Time: pointer(o.Seed.Time), Idle: pointer(o.Seed.Idle)}
	}
	return a, nil
}

// pointer is nil for what is absent or null.
func pointer[T any](o record.Opt[T]) *T {
	if !o.Set || o.Null {
		return nil
	}
	return &o.Value
}

// isPath reports whether a source is neither a link, nor a hash, nor a URL to fetch.
func isPath(source string) bool {
	scheme, _, ok := strings.Cut(source, ":")
	if ok && (strings.EqualFold(scheme, "magnet") || strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		return false
	}
	return !isHash(source)
}

// isHash: 40 or 64 hex digits, or 32 of base32.
func isHash(s string) bool {
	hex := strings.Trim(s, "0123456789abcdefABCDEF") == ""
	base32 := strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz234567") == ""
	return hex && (len(s) == 40 || len(s) == 64) || base32 && len(s) == 32
}

// decode judges a value by the schema of a type, as huma does bodies, and decodes it.
func (r *routes) decode(v any, into any) error {
	// The same schema as in the description, so that a batch and a query take what the
	// body of a request does, and all mistakes are told at once.
	registry := r.api.OpenAPI().Components.Schemas
	schema := registry.Schema(reflect.TypeOf(into).Elem(), true, "")
	path, result := huma.NewPathBuffer(nil, 0), &huma.ValidateResult{}
	path.Push("body")
	huma.Validate(registry, schema, path, huma.ModeWriteToServer, v, result)
	if len(result.Errors) > 0 {
		return mistakes(result.Errors)
	}
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		return invalid("body", "%v", err)
	}
	return nil
}
