package tracker

import "gotor/tracker/redact"

// Redact returns a URL for people to see, without its secrets; see [redact.URL].
func Redact(raw string) string { return redact.URL(raw) }
