package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"gotor/cmd/record"
)

// maxBatch bounds the torrents that one request is about.
const maxBatch = 10_000

type batchIn struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Kept for a day: the same request again is answered as it was."`
	exchange
	Body batchBody
}

// batchBody is sources to be added, or torrents and what is to be done with each.
type batchBody struct {
	Sources []string       `json:"sources,omitempty" maxItems:"1000" minLength:"1" doc:"To be added, in this order."`
	IDs     []string       `json:"ids,omitempty" maxItems:"10000" minLength:"40" maxLength:"64"`
	Filter  *batchFilter   `json:"filter,omitempty" doc:"Instead of ids: as of the list."`
	Action  string         `json:"action,omitempty" enum:"pause,start,check,announce,remove,move,patch"`
	Args    map[string]any `json:"args,omitempty" doc:"Options of sources; or what the action takes: now of start, data of remove, the bodies of move and patch."`
}

// batchFilter is what the queries of the list of the same names are.
type batchFilter struct {
	State   []string `json:"state,omitempty" maxItems:"64"`
	Label   []string `json:"label,omitempty" maxItems:"64"`
	Tracker []string `json:"tracker,omitempty" maxItems:"64"`
	Dir     []string `json:"dir,omitempty" maxItems:"64"`
	Q       string   `json:"q,omitempty" maxLength:"1024"`
}

type batchOut struct{ Body []record.Outcome }

// batcher does things to many torrents at once.
type batcher struct {
	session Session
	routes  *routes
	repeats *repeats
	log     func(text string)
}

// register registers what is done to many torrents at once.
func (ba *batcher) register(r *routes) {
	handle(r, route{method: http.MethodPost, path: "/torrents:batch", id: "batch-torrents", tag: "torrents",
		summary: "Add many sources, or do one thing to many torrents", errors: []int{410, 422}}, ba.batch)
}

// batch does one thing after the other, and answers with what came of each.
func (ba *batcher) batch(ctx context.Context, in *batchIn) (*batchOut, error) {
	// Written anew, so that spaces and the order of keys do not make another request.
	body, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	return once(ctx, ba.repeats, in.IdempotencyKey, body, repeatable[batchOut]{
		weigh: func(o *batchOut) int { return len(o.Body) },
		read:  unpackBatch,
		do: func(r record.Repeat) (*batchOut, error) {
			out, err := ba.doBatch(ctx, in)
			if err == nil && r.Key != "" {
				ba.keepBatch(ctx, r, out)
			}
			return out, err
		},
	})
}

// doBatch does all that a batch asks for.
func (ba *batcher) doBatch(ctx context.Context, in *batchIn) (*batchOut, error) {
	each, n, err := ba.steps(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &batchOut{Body: make([]record.Outcome, n)}
	for i := range n {
		if ctx.Err() != nil { // nobody listens, and what is not done must not be kept as an answer
			return nil, record.NewProblem(record.CodeNotReady, "%d of %d were done when the request was ended", i, n)
		}
		out.Body[i] = each(i)
	}
	return out, nil
}

// keepBatch has the session keep an answer. It is given even if that fails: what it
// says has been done, and this run of the daemon remembers it.
func (ba *batcher) keepBatch(ctx context.Context, r record.Repeat, out *batchOut) {
	var err error
	if r.Answer, err = packBatch(out.Body); err == nil {
		err = ba.session.Repeat(context.WithoutCancel(ctx), r)
	}
	if err != nil {
		ba.log("the answer to a batch is not kept: " + record.Redact(err.Error()))
	}
}

// steps makes of a batch how many things are to be done, and how each is.
func (ba *batcher) steps(ctx context.Context, in *batchIn) (each func(i int) record.Outcome, n int, err error) {
	b := in.Body
	switch {
	case len(b.Sources) > 0 && len(b.IDs) == 0 && b.Filter == nil && b.Action == "":
		// The options are for all sources, and judged once.
		var o addOptions
		if err := ba.routes.decode(orAny(b.Args), &o); err != nil {
			return nil, 0, err
		}
		if o.Source != "" {
			return nil, 0, invalid("body.args.source", "sources has them")
		}
		return func(i int) record.Outcome { return ba.addOne(ctx, in.r, o, b.Sources[i]) }, len(b.Sources), nil
	case len(b.Sources) == 0 && (len(b.IDs) > 0) != (b.Filter != nil) && b.Action != "":
		do, err := ba.action(b.Action, orAny(b.Args))
		if err != nil {
			return nil, 0, err
		}
		// A filter means those that it lets through now; what comes later is not concerned.
		ids := b.IDs
		if b.Filter != nil {
			ids = ba.filtered(*b.Filter)
		}
		return func(i int) record.Outcome { return outcome(record.Outcome{ID: ids[i]}, do(ctx, ids[i])) }, min(len(ids), maxBatch), nil
	}
	return nil, 0, invalid("body", "either sources is needed, or action with ids or filter")
}

// addOne adds one source of a batch.
func (ba *batcher) addOne(ctx context.Context, r *http.Request, o addOptions, source string) record.Outcome {
	// Named without its secrets: the outcome is kept, and may be logged.
	out := record.Outcome{Source: record.Redact(source)}
	o.Source = source
	a, err := o.add(r)
	if err != nil {
		return outcome(out, err)
	}
	t, existing, err := ba.session.Add(ctx, a)
	if err == nil {
		out.ID, out.Created = t.ID, !existing
	}
	return outcome(out, err)
}

// outcome says how it went.
func outcome(o record.Outcome, err error) record.Outcome {
	o.OK, o.Problem = err == nil, record.ProblemOf(err)
	return o
}

// filtered are the ids of the torrents that a filter lets through now.
func (ba *batcher) filtered(b batchFilter) []string {
	f := newFilter(b.State, b.Label, b.Tracker, b.Dir, b.Q)
	var ids []string
	for _, t := range ba.session.List().Torrents {
		if f.passes(t) {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// action is what a batch does to a torrent. Its arguments are judged once.
func (ba *batcher) action(name string, args map[string]any) (do func(ctx context.Context, id string) error, err error) {
	switch name {
	case "start":
		var b startBody
		err = ba.routes.decode(args, &b)
		do = func(ctx context.Context, id string) error { return second(ba.session.Start(ctx, id, b.Now)) }
	case "remove":
		var b removeBody
		err = ba.routes.decode(args, &b)
		do = func(ctx context.Context, id string) error {
			return second(ba.session.Remove(ctx, id, cmp.Or(b.Data, record.KeepData)))
		}
	case "move":
		var b record.Move
		err = ba.routes.decode(args, &b)
		do = func(ctx context.Context, id string) error { return second(ba.session.Move(ctx, id, b)) }
	case "patch":
		var b record.Patch
		err = ba.routes.decode(args, &b)
		do = func(ctx context.Context, id string) error { return second(ba.session.Patch(ctx, id, b, 0)) }
	default:
		err = ba.routes.decode(args, &none{})
		for _, v := range simpleVerbs(ba.session) {
			if v.name == name {
				do = func(ctx context.Context, id string) error { return second(v.do(ctx, id)) }
			}
		}
	}
	return do, err
}

// second drops what a change returns.
func second[T any](_ T, err error) error { return err }

// removeBody is what a batch may say of a removal; a removal alone says it in its query.
type removeBody struct {
	Data string `json:"data,omitempty" enum:"false,true,partial"`
}

// orAny is an object, if an empty one, where a request has none.
func orAny(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
