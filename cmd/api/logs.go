package api

import "gotor/cmd/record"

const (
	// maxLines is how many lines the log of a session has at most.
	maxLines = 10_000
	// defaultLines is how many are shown to who does not say.
	defaultLines = 1000
)

// logLines are lines of the log after a number, the oldest first; without a number
// the newest, which is what somebody wants who has just come.
func logLines(s Session, since uint64, level string, limit int) []record.Log {
	if since > 0 {
		lines, _ := s.Logs(since, level, limit)
		return lines
	}
	lines, _ := s.Logs(0, level, maxLines)
	return lines[max(0, len(lines)-limit):]
}
