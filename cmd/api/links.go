package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gotor/cmd/record"
)

const (
	// defaultTTL is how long a link to a file is good: long enough for a film that is
	// stopped in the evening.
	defaultTTL = 24 * time.Hour
	maxTTL     = 30 * 24 * time.Hour
)

// links makes and checks addresses of single files that need no token, for players
// that cannot send one. A signature stands for one file until one moment: nothing
// else can be read or changed with it.
type links struct {
	// key is secret, and may become another one: then links made before are void.
	key func() [sha256.Size]byte
	// url is where the daemon is reached: for those who ask over a socket, and for those
	// who call it by that name, whom a proxy may have led below a path. Empty: unknown.
	url *url.URL
	now func() time.Time
}

// The parameters of a signed address.
const (
	paramExpires   = "expires"
	paramSignature = "signature"
)

// sign makes the signature of a file until a moment, in seconds since 1970.
func (l *links) sign(id string, file int, expires int64) string {
	// The text says what it is for, so that no other use of the key makes a signature that
	// is one of these.
	key := l.key()
	m := hmac.New(sha256.New, key[:])
	fmt.Fprintf(m, "gotor file link\n%s\n%d\n%d\n", id, file, expires)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// make makes a link below an address of the daemon.
func (l *links) make(root, id string, file int, ttl time.Duration) record.FileLink {
	expires := l.now().Add(ttl).Unix()
	q := url.Values{paramExpires: {strconv.FormatInt(expires, 10)}, paramSignature: {l.sign(id, file, expires)}}
	return record.FileLink{
		URL:     fmt.Sprintf("%s%s/torrents/%s/files/%d/content?%s", root, base, id, file, q.Encode()),
		Expires: time.Unix(expires, 0).UTC(),
	}
}

// root is the address of the daemon as whoever asks sees it, without a slash at its
// end. The gate has judged the name.
func (l *links) root(r *http.Request) string {
	if l.url != nil && (linkOf(r.Context()).socket || strings.EqualFold(r.Host, l.url.Host)) {
		return strings.TrimSuffix(l.url.String(), "/")
	}
	if isSecure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// allow reports whether a request is for a file, and has a signature for that file
// that has not expired. An escape in the path is refused: the mux reads it otherwise.
func (l *links) allow(r *http.Request) bool {
	rest, ok := strings.CutPrefix(r.URL.Path, base+"/torrents/")
	parts := strings.Split(rest, "/")
	if !ok || r.URL.RawPath != "" || len(parts) != 4 || parts[1] != "files" || parts[3] != "content" {
		return false
	}
	file, err := strconv.ParseUint(parts[2], 10, 31)
	if err != nil || strconv.FormatUint(file, 10) != parts[2] {
		return false
	}
	q := r.URL.Query()
	if len(q[paramExpires]) != 1 || len(q[paramSignature]) != 1 {
		return false
	}
	expires, err := strconv.ParseInt(q.Get(paramExpires), 10, 64)
	if err != nil {
		return false
	}
	good := hmac.Equal([]byte(q.Get(paramSignature)), []byte(l.sign(parts[0], int(file), expires)))
	return good && l.now().Unix() < expires
}
