package job

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"

	"gotor/tracker"
	"gotor/tracker/redact"
)

// This file says why a URL cannot be fetched, and what may help.

// refusalText is an answer that is no file, with what may help.
func refusalText(r *http.Response) string {
	text := "the server answers " + redact.Cut(r.Status, maxServerText)
	if r.StatusCode == http.StatusUnauthorized {
		text += "; send what it wants with --header, or name a user in the URL (https://NAME:PASSWORD@HOST/...)"
	}
	return text
}

// plainFetchError is why no answer came, without what the message has already: the
// URL, and the addresses of both ends.
func plainFetchError(err error) error {
	err = tracker.Untrusted(bareURLError(err))
	var (
		op    *net.OpError
		plain tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &plain):
		return errors.New("the server does not speak TLS; try http:// instead of https://")
	case errors.As(err, &op) && op.Op != "dial" && op.Err != nil:
		return op.Err
	}
	return err
}
