package cmd

import (
	"fmt"
	"io"

	"gotor/cmd/term"
	"gotor/torrent"
)

// result is the final record of one source: what --json prints on stdout and
// --progress json on stderr. Its keys are described by schema.json.
type result struct {
	V          int            `json:"v"`
	Event      string         `json:"event"` // "result", or "seeding" when seed has begun to
	Source     string         `json:"source"`
	Name       string         `json:"name"`
	InfoHash   string         `json:"info_hash"`
	InfoHashV2 *string        `json:"info_hash_v2"` // null: none, or not known
	OK         bool           `json:"ok"`
	ExitCode   int            `json:"exit_code"`
	Reason     string         `json:"reason"` // a word for ExitCode
	Error      string         `json:"error,omitempty"`
	Path       string         `json:"path,omitempty"`
	Magnet     string         `json:"magnet,omitempty"`   // of seed
	Port       int            `json:"port,omitempty"`     // of seed, where peers connect
	Findable   *bool          `json:"findable,omitempty"` // of seed: others could find it
	Files      []resultFile   `json:"files"`
	Wanted     int64          `json:"wanted"`   // bytes of the selected files
	Verified   int64          `json:"verified"` // of wanted
	Resumed    int64          `json:"resumed"`  // of verified, were here before
	Downloaded int64          `json:"downloaded"`
	FromPeers  int64          `json:"from_peers"`     // of Downloaded
	FromWeb    int64          `json:"from_web_seeds"` // of Downloaded
	Uploaded   int64          `json:"uploaded"`
	Ratio      float64        `json:"ratio"` // uploaded, in earlier runs too, per byte wanted
	Wasted     int64          `json:"wasted"`
	Peers      int            `json:"peers"` // that gave something
	Seconds    float64        `json:"seconds"`
	DownRate   int64          `json:"down_rate"` // bytes per second, on average
	UpRate     int64          `json:"up_rate"`
	Insecure   bool           `json:"insecure,omitempty"` // TLS was not verified
	Trackers   []trackerEvent `json:"trackers"`
	WebSeeds   []webSeedEvent `json:"web_seeds"`

	arg      string // the source, with its secrets: for --exec
	complete bool   // the files are there, whatever --exec makes of them
}

// resultFile is a selected file.
type resultFile struct {
	Index  int    `json:"index"`
	Path   string `json:"path"` // on disk; with -o - the path in the torrent
	Length int64  `json:"length"`
}

// fill takes over the last snapshot.
func (r *result) fill(sn *torrent.Snapshot) {
	r.Wanted, r.Verified, r.Resumed = sn.Wanted, sn.Verified, sn.Resumed
	r.Downloaded, r.Uploaded, r.Wasted = sn.Downloaded, sn.Uploaded, sn.Wasted
	r.Ratio = sn.Ratio
	r.Seconds = sn.Elapsed.Seconds()
	r.FromPeers, r.FromWeb = sn.Downloaded-sn.DownloadedWeb, sn.DownloadedWeb
	if r.Seconds > 0 {
		r.DownRate, r.UpRate = int64(float64(r.Downloaded)/r.Seconds), int64(float64(r.Uploaded)/r.Seconds)
	}
	r.Trackers, r.WebSeeds = trackerEvents(sn.Trackers), webSeedEvents(sn.WebSeeds)
}

// end sets the outcome; before it, the record says nothing about success.
func (r *result) end(err error) {
	r.OK, r.ExitCode, r.Error = err == nil, exitCode(err), ""
	r.Reason = exitReason(r.ExitCode)
	if err != nil {
		r.Error = term.Redact(err.Error())
	}
}

// exitReason is a word for an exit code, for programs that print or count
// them. Like the codes, they never change.
func exitReason(code int) string {
	switch code {
	case exitOK:
		return "ok"
	case exitUsage:
		return "usage"
	case exitMalformed:
		return "malformed"
	case exitMetadata:
		return "no_metadata"
	case exitNoPeers:
		return "no_peers"
	case exitStalled:
		return "stalled"
	case exitTimeout:
		return "timeout"
	case exitMismatch:
		return "mismatch"
	case exitNoSpace:
		return "no_space"
	case exitFile:
		return "file"
	case exitFetch:
		return "fetch"
	case exitLocked:
		return "locked"
	case exitHook:
		return "hook"
	case exitHup, exitInt, exitTerm:
		return "interrupted"
	case exitPipe:
		return "pipe"
	}
	return "other"
}

// newResult is the record of a source of which nothing is known yet.
func newResult(arg string, insecure bool) *result {
	return &result{
		V: eventVersion, Event: "result", Source: term.Redact(arg), arg: arg, Insecure: insecure,
		Files: []resultFile{}, Trackers: []trackerEvent{}, WebSeeds: []webSeedEvent{},
	}
}

// report prints the outcome of one source: the record or the paths on stdout,
// and the record on stderr where progress is JSON. streamed: stdout carries the
// bytes, so the record goes to stderr.
func (r *result) report(s *streams, o *transferOptions, perFile, streamed bool) error {
	if streamed {
		if o.json || o.events() {
			s.console.event(r)
		}
		return nil
	}
	if err := r.record(s, o); err != nil || o.json || !r.complete {
		return err
	}
	return r.writePaths(s, perFile)
}

// record prints the record wherever one was asked for.
func (r *result) record(s *streams, o *transferOptions) error {
	if o.events() {
		s.console.event(r)
	}
	if o.json {
		return writeJSON(s.out, r)
	}
	return nil
}

// announce says that seeding has begun: link prints a line with the magnet link,
// which is what others need, or there is a record with it.
func (r *result) announce(s *streams, o *transferOptions, magnet string, link func(line string) error) error {
	r.Magnet = magnet
	begun := *r
	begun.Event = "seeding"
	if err := begun.record(s, o); err != nil || o.json {
		return err
	}
	return link(magnet + "\n")
}

// events reports whether stderr carries JSON.
func (o *transferOptions) events() bool { return o.progress.mode == progressJSON && !o.progress.quiet }

// writePaths prints the final path, or that of each file, in one write.
func (r *result) writePaths(s *streams, perFile bool) error {
	if !perFile {
		_, err := io.WriteString(s.out, s.path(r.Path)+"\n")
		return err
	}
	var b []byte
	for _, f := range r.Files {
		b = fmt.Appendln(b, s.path(f.Path))
	}
	_, err := s.out.Write(b)
	return err
}
