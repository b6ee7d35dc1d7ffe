package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"gotor/cmd/record"
)

const (
	// defaultInterval, minInterval and maxInterval say how often a stream tells of
	// what goes on: a page cannot show more than ten times a second.
	defaultInterval = time.Second
	minInterval     = 100 * time.Millisecond
	maxInterval     = time.Minute
)

// eventQuery is what a reader of events wants.
type eventQuery struct {
	topics   []string
	torrent  string // of the topics peers, pieces and files
	level    string // of the topic logs
	interval time.Duration
	after    uint64 // a revision
	resume   bool   // after was given
}

func (q *eventQuery) wants(topic string) bool { return slices.Contains(q.topics, topic) }

// polls reports whether something is wanted that nobody is woken for.
func (q *eventQuery) polls() bool {
	return slices.ContainsFunc(q.topics, func(t string) bool {
		return t != record.TopicRows && t != record.TopicTorrents && t != record.TopicLogs
	})
}

// eventTopics are all topics: those of the list, and those of one torrent.
func eventTopics() (all, single []string) {
	single = []string{record.TopicPeers, record.TopicPieces, record.TopicFiles}
	return append([]string{record.TopicRows, record.TopicStats, record.TopicTorrents, record.TopicSettings, record.TopicLogs}, single...), single
}

// parseEventQuery reads a request for events. The Last-Event-ID of a stream that
// comes back is newer than what its address says.
func parseEventQuery(r *http.Request) (*eventQuery, *record.Problem) {
	v := r.URL.Query()
	q := &eventQuery{interval: defaultInterval, torrent: v.Get("torrent"), level: v.Get("level")}
	if q.level == "" {
		q.level = "info"
	}
	if !slices.Contains(logLevels(), q.level) {
		return nil, badQuery("level", "it is one of %s", strings.Join(logLevels(), ", "))
	}
	if p := q.parseTopics(v); p != nil {
		return nil, p
	}
	if text := v.Get("interval"); text != "" {
		d, ok := parseSpan(text)
		if !ok {
			return nil, badQuery("interval", "a span is like 2s or 500ms")
		}
		q.interval = min(max(d, minInterval), maxInterval)
	}
	// A browser that connects again sends the header beside the address it began with.
	after := v.Get("since")
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		after = id
	}
	if after != "" {
		n, err := strconv.ParseUint(after, 10, 64)
		if err != nil {
			return nil, badQuery("since", "a revision is a number")
		}
		q.after, q.resume = n, true
	}
	return q, nil
}

// parseTopics reads what is wanted; what is named twice is wanted once.
func (q *eventQuery) parseTopics(v url.Values) *record.Problem {
	all, single := eventTopics()
	if !v.Has("topics") {
		// Lines of the log are told to those who ask: there may be many.
		q.topics = []string{record.TopicRows, record.TopicStats, record.TopicTorrents, record.TopicSettings}
		if q.torrent != "" {
			q.topics = append(q.topics, single...)
		}
		return nil
	}
	for topic := range strings.SplitSeq(v.Get("topics"), ",") {
		switch {
		case !slices.Contains(all, topic):
			return badQuery("topics", "%q is none of %s", topic, strings.Join(all, ", "))
		case slices.Contains(single, topic) && q.torrent == "":
			return badQuery("torrent", "%s are of one torrent: say which", topic)
		case !q.wants(topic):
			q.topics = append(q.topics, topic)
		}
	}
	return nil
}

// badQuery is the problem of one parameter.
func badQuery(name, format string, args ...any) *record.Problem {
	p := record.NewProblem(record.CodeInvalid, name+": "+format, args...)
	p.Errors = []record.Located{{Location: "query." + name, Message: p.Detail}}
	return p
}

// parseSpan reads a span as people write it (30s, 1m30s), or a number of seconds.
// It is not negative and at most a hundred years.
func parseSpan(text string) (time.Duration, bool) {
	d, err := time.ParseDuration(text)
	if n, numErr := strconv.ParseUint(text, 10, 32); numErr == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	const century = 100 * 365 * 24 * time.Hour
	return min(d, century), err == nil && d >= 0
}

// logLevels are those of log lines, the gravest first.
func logLevels() []string { return []string{"error", "warn", "info", "debug"} }
