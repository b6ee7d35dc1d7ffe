package remote

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/textproto"

	"gotor/cmd/record"
)

// addBody is the body of a request that adds a torrent: its options in JSON, with the
// .torrent, if that is what there is, as a file beside them.
func addBody(a record.Add) (kind string, body []byte, err error) {
	options, err := json.Marshal(a)
	if err != nil || a.Raw == nil {
		return "application/json", options, err
	}
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	parts := []struct {
		header  textproto.MIMEHeader
		content []byte
	}{
		{textproto.MIMEHeader{"Content-Disposition": {`form-data; name="options"`}, "Content-Type": {"application/json"}}, options},
		{textproto.MIMEHeader{"Content-Disposition": {`form-data; name="torrent"; filename="x.torrent"`}, "Content-Type": {"application/x-bittorrent"}}, a.Raw},
	}
	for _, p := range parts {
		w, err := m.CreatePart(p.header)
		if err != nil {
			return "", nil, err
		}
		if _, err := w.Write(p.content); err != nil {
			return "", nil, err
		}
	}
	if err := m.Close(); err != nil { // writes the last boundary
		return "", nil, err
	}
	return m.FormDataContentType(), b.Bytes(), nil
}
