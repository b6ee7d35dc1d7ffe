package record

import "gotor/tracker/redact"

// Redact returns a text, or a URL, without the secrets of the URLs in it, and safe
// as by [Safe]; see [redact.Text].
func Redact(text string) string { return Safe(redact.Text(text)) }
