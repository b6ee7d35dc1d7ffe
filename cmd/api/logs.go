package api

import (
	"context"
	"net/http"

	"gotor/cmd/record"
)

// maxLines is how many lines the log of a session has at most.
const maxLines = 10_000

type logsIn struct {
	Since uint64 `query:"since" doc:"Number of a line: only those after it. Without it the newest."`
	Level string `query:"level" enum:"error,warn,info,debug" default:"info" doc:"Of it, or graver."`
	Limit int    `query:"limit" minimum:"1" maximum:"10000" default:"1000"`
}

type logsOut struct{ Body record.LogPage }

// registerLogs registers the log.
func registerLogs(r *routes, s Looker) {
	handle(r, route{method: http.MethodGet, path: "/logs", id: "read-log", tag: "daemon", summary: "Lines of the daemon's log, of which it keeps 10,000",
		errors: []int{422}}, func(_ context.Context, in *logsIn) (*logsOut, error) {
		page := record.LogPage{Lines: orEmpty(logLines(s, in.Since, in.Level, in.Limit)), Last: in.Since}
		if n := len(page.Lines); n > 0 {
			page.Last = page.Lines[n-1].Seq
		}
		return &logsOut{Body: page}, nil
	})
}

// logLines are lines of the log after a number, the oldest first; without a number
// the newest, which is what somebody wants who has just come.
func logLines(s Looker, since uint64, level string, limit int) []record.Log {
	if since > 0 {
		lines, _ := s.Logs(since, level, limit)
		return lines
	}
	lines, _ := s.Logs(0, level, maxLines)
	return lines[max(0, len(lines)-limit):]
}
