package record

import (
	"time"

	"gotor/torrent"
)

// Message is a line of talk as an event of --progress json.
type Message struct {
	V     int       `json:"v"`
	Event string    `json:"event"` // "error", "detail" (of the error that follows), "warning", "note" or "hook"
	Time  time.Time `json:"time"`
	Text  string    `json:"message"`
	Code  int       `json:"exit_code,omitempty"` // of errors
}

// NewMessage is the event for a text, whose URLs lose their secrets. code is 0 but
// for errors.
func NewMessage(event, text string, code int, now time.Time) Message {
	return Message{V: Version, Event: event, Time: now, Text: Redact(text), Code: code}
}

// NewHook is the event for what the command of --exec prints, which is the user's
// own and stays as it is.
func NewHook(text string, now time.Time) Message {
	return Message{V: Version, Event: "hook", Time: now, Text: text}
}

// Trace is one thing that happened to a download (--verbose).
type Trace struct {
	V        int       `json:"v"`
	Event    string    `json:"event"` // "trace"
	Time     time.Time `json:"time"`
	Name     string    `json:"name"`
	InfoHash string    `json:"info_hash"`
	Kind     string    `json:"kind"`
	Address  string    `json:"address,omitempty"`
	Text     string    `json:"message"`
}

// NewTrace describes an event of the engine.
func NewTrace(e torrent.Event) Trace {
	return Trace{
		V: Version, Event: "trace", Time: e.Time, Name: e.Name, InfoHash: e.InfoHash, Kind: string(e.Kind),
		Address: Redact(e.Addr), Text: Redact(e.Text),
	}
}
