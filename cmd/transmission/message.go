package transmission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gotor/cmd/record"
)

// What is advertised: JSON-RPC came with rpc-version 18, whose number as a semantic
// version is 6.0.0.
const (
	semver     = "6.0.0"
	rpcVersion = 18
	rpcMinimum = 14 // the meaning of status has not changed since
)

// The codes of errors: JSON-RPC 2.0 section 5.1, and Transmission's own.
const (
	codeParse        = -32700
	codeRequest      = -32600
	codeMethod       = -32601
	codeParams       = -32602
	codeUnrecognized = 4 // what was given is no torrent
	codeSystem       = 5
)

// request is a call in either dialect.
type request struct {
	Version   string          `json:"jsonrpc"` // "2.0"; empty in the old dialect
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`    // of the newer dialect
	Arguments json.RawMessage `json:"arguments"` // of the older
	ID        json.RawMessage `json:"id"`        // none: no answer is wanted
	Tag       json.RawMessage `json:"tag"`
}

// old reports whether a call is of the older dialect.
func (r *request) old() bool { return r.Version == "" }

// arguments are those of a call.
func (r *request) arguments() json.RawMessage {
	if r.old() {
		return r.Arguments
	}
	return r.Params
}

// oldAnswer and newAnswer are the two forms of an answer.
type oldAnswer struct {
	Arguments any             `json:"arguments"`
	Result    string          `json:"result"` // "success", or what is wrong
	Tag       json.RawMessage `json:"tag,omitempty"`
}

type newAnswer struct {
	Version string          `json:"jsonrpc"`
	Result  any             `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
	ID      json.RawMessage `json:"id"`
}

type rpcError struct {
	Code    int       `json:"code"`
	Message string    `json:"message"`
	Data    errorData `json:"data"`
}

type errorData struct {
	ErrorString string `json:"error_string"`
}

// failure is the answer of the newer dialect to what went wrong.
func failure(id json.RawMessage, code int, text string) newAnswer {
	if id == nil {
		id = json.RawMessage("null")
	}
	return newAnswer{Version: "2.0", Error: &rpcError{code, text, errorData{text}}, ID: id}
}

// caller is one HTTP request, which may have several calls in it.
type caller struct {
	*Handler
	ctx          context.Context
	owner, local bool
}

// badCall is an error with a code of its own.
type badCall struct {
	code int
	text string
}

func (e *badCall) Error() string { return e.text }

func refuse(code int, format string, args ...any) error {
	return &badCall{code, fmt.Sprintf(format, args...)}
}

// object is what a method answers, by the names of the newer dialect; nil is {}.
type object map[string]any

// one carries out one call and returns its answer; nil: none is wanted.
func (c *caller) one(body []byte) []byte {
	var r request
	if err := json.Unmarshal(body, &r); err != nil {
		return encode(failure(nil, codeParse, "the request is not JSON"))
	}
	if !r.old() && r.Version != "2.0" {
		return encode(failure(r.ID, codeRequest, "jsonrpc must be 2.0"))
	}
	result, err := c.call(&r)
	if r.old() {
		return encode(oldReply(&r, result, err))
	}
	if r.ID == nil {
		return nil
	}
	if err != nil {
		return encode(failure(r.ID, codeOf(err), record.ProblemOf(err).Detail))
	}
	if result == nil {
		result = object{}
	}
	return encode(newAnswer{Version: "2.0", Result: result, ID: r.ID})
}

func oldReply(r *request, result object, err error) oldAnswer {
	a := oldAnswer{Arguments: object{}, Result: "success", Tag: r.Tag}
	if err != nil {
		a.Result = record.ProblemOf(err).Detail
	} else if result != nil {
		a.Arguments = result
	}
	return a
}

// codeOf is the code of an error in the newer dialect.
func codeOf(err error) int {
	var bad *badCall
	if errors.As(err, &bad) {
		return bad.code
	}
	switch record.ProblemOf(err).Code {
	case record.CodeInvalid:
		return codeParams
	case record.Reason(record.ExitMalformed):
		return codeUnrecognized
	}
	return codeSystem
}

// call carries out a call. What it answers is spelled as the dialect has it.
func (c *caller) call(r *request) (object, error) {
	name := snake(r.Method)
	m, ok := methods()[name]
	if !ok {
		return nil, refuse(codeMethod, "method name not recognized")
	}
	if m.changes && !c.owner {
		return nil, record.NewProblem(record.CodeForbidden, "this token may look and not change")
	}
	args, err := normal(r.arguments())
	if err != nil {
		return nil, err
	}
	return m.do(c, &call{args: args, old: r.old()})
}

// call is what a method is handed.
type call struct {
	args []byte // an object with keys of the newer dialect
	old  bool
}

// into reads the arguments.
func (a *call) into(v any) error {
	if err := json.Unmarshal(a.args, v); err != nil {
		return refuse(codeParams, "invalid argument: %v", err)
	}
	return nil
}

// method is one of those that there are.
type method struct {
	changes bool // it needs the right to change something
	do      func(c *caller, a *call) (object, error)
}

// methods by their name in the newer dialect.
func methods() map[string]method {
	return map[string]method{
		"torrent_get":          {false, (*caller).torrentGet},
		"torrent_set":          {true, (*caller).torrentSet},
		"torrent_add":          {true, (*caller).torrentAdd},
		"torrent_remove":       {true, (*caller).torrentRemove},
		"torrent_set_location": {true, (*caller).torrentSetLocation},
		"torrent_rename_path":  {true, (*caller).torrentRenamePath},
		"torrent_start":        {true, each(func(c *caller, id string) error { return second(c.cfg.Session.Start(c.ctx, id, false)) })},
		"torrent_start_now":    {true, each(func(c *caller, id string) error { return second(c.cfg.Session.Start(c.ctx, id, true)) })},
		"torrent_stop":         {true, each(func(c *caller, id string) error { return second(c.cfg.Session.Pause(c.ctx, id)) })},
		"torrent_verify":       {true, each(func(c *caller, id string) error { return second(c.cfg.Session.Check(c.ctx, id)) })},
		"torrent_reannounce":   {true, each(func(c *caller, id string) error { return second(c.cfg.Session.Announce(c.ctx, id)) })},
		"queue_move_top":       {true, queueMove(toTop())},
		"queue_move_up":        {true, queueMove(up())},
		"queue_move_down":      {true, queueMove(down())},
		"queue_move_bottom":    {true, queueMove(toBottom())},
		"session_get":          {false, (*caller).sessionGet},
		"session_set":          {true, (*caller).sessionSet},
		"session_stats":        {false, (*caller).sessionStats},
		"session_close":        {true, (*caller).sessionClose},
		"free_space":           {false, (*caller).freeSpace},
		"group_get":            {false, func(*caller, *call) (object, error) { return object{"group": []any{}}, nil }},
		"group_set":            {true, notHere("groups of bandwidth")},
		"blocklist_update":     {true, notHere("a blocklist")},
		"port_test":            {false, notHere("a test of the port")},
	}
}

func notHere(what string) func(*caller, *call) (object, error) {
	return func(*caller, *call) (object, error) { return nil, refuse(codeMethod, "gotor has not got %s", what) }
}

// second drops what a verb returns.
func second[T any](_ T, err error) error { return err }
