package api

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	loginSpan = 30 * 24 * time.Hour
	// renewAfter is how old a login must be to be given a new end.
	renewAfter = 24 * time.Hour
	maxLogins  = 64 // the one that ends first makes room
	codeSpan   = 10 * time.Minute
	maxCodes   = 16
	loginsFile = "logins"
)

// login is one browser.
type login struct {
	Level   level     `json:"level"`
	Token   []byte    `json:"token"` // hash of the token it was made with: it ends with it
	Expires time.Time `json:"expires"`
}

// logins are the cookies and one-time codes that were given out, by their hashes.
// They outlive the daemon in a file.
type logins struct {
	keys *Keys
	path string // "": they are not kept

	saving sync.Mutex // one writer of the file at a time; never taken with mu held
	mu     sync.Mutex
	tag    string // makes the cookie's name: cookies are shared by all ports of a name
	by     map[string]*login
	codes  map[string]time.Time // and their ends
}

// loginState is what the file holds.
type loginState struct {
	Tag    string            `json:"tag"`
	Logins map[string]*login `json:"logins"`
}

// openLogins reads what was kept. A file that is not ours to understand is left
// behind: browsers sign in again.
func openLogins(dir string, keys *Keys) (*logins, error) {
	l := &logins{keys: keys, by: make(map[string]*login), codes: make(map[string]time.Time)}
	if dir != "" {
		l.path = filepath.Join(dir, loginsFile)
		b, err := os.ReadFile(l.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("cannot read who is signed in: %w", err)
		}
		var state loginState
		if json.Unmarshal(b, &state) == nil && state.Tag != "" && len(state.Logins) <= maxLogins {
			l.tag = state.Tag
			for id, in := range state.Logins {
				if in != nil {
					l.by[id] = in
				}
			}
		}
	}
	if l.tag == "" {
		l.tag = hashOf(newSecret())[:8]
	}
	return l, nil
}

// cookieName is the same for the life of a state folder.
func (l *logins) cookieName() string { return "gotor-" + l.tag }

// code makes a one-time code that opens everything; with too many about, the oldest
// is void.
func (l *logins) code(now time.Time) string {
	code := newSecret()
	l.mu.Lock()
	defer l.mu.Unlock()
	// A code is made at each start and by each click: the last ones are what is waited for.
	dropFirst(l.codes, maxCodes-1, func(t time.Time) time.Time { return t })
	l.codes[hashOf(code)] = now.Add(codeSpan)
	return code
}

// redeem reports whether a code is good, and makes it void.
func (l *logins) redeem(code string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := hashOf(code)
	ends, ok := l.codes[id]
	delete(l.codes, id)
	return ok && now.Before(ends)
}

// begin makes a login and returns its secret.
func (l *logins) begin(lv level, token [sha256.Size]byte, now time.Time) (string, error) {
	secret := newSecret()
	l.mu.Lock()
	for id, in := range l.by {
		if !l.good(in, now) {
			delete(l.by, id)
		}
	}
	dropFirst(l.by, maxLogins-1, func(in *login) time.Time { return in.Expires })
	l.by[hashOf(secret)] = &login{Level: lv, Token: token[:], Expires: now.Add(loginSpan)}
	l.mu.Unlock()
	return secret, l.save()
}

// level is what a cookie opens; renewed: it has a new end, and is to be set again.
func (l *logins) level(secret string, now time.Time) (lv level, renewed bool) {
	l.mu.Lock()
	in := l.by[hashOf(secret)]
	if in == nil || !l.good(in, now) {
		l.mu.Unlock()
		return nobody, false
	}
	lv = in.Level
	if renewed = in.Expires.Sub(now) < loginSpan-renewAfter; renewed {
		in.Expires = now.Add(loginSpan)
	}
	l.mu.Unlock()
	if renewed {
		_ = l.save() // it holds until the daemon ends
	}
	return lv, renewed
}

// end revokes a login.
func (l *logins) end(secret string) error {
	l.mu.Lock()
	delete(l.by, hashOf(secret))
	l.mu.Unlock()
	return l.save()
}

// good reports whether a login is neither over nor made with a token that was changed.
func (l *logins) good(in *login, now time.Time) bool {
	return now.Before(in.Expires) && len(in.Token) == sha256.Size && l.keys.holds(in.Level, [sha256.Size]byte(in.Token))
}

// save writes the file, with what is true when its turn comes.
func (l *logins) save() error {
	if l.path == "" {
		return nil
	}
	l.saving.Lock()
	defer l.saving.Unlock()
	l.mu.Lock()
	b, err := json.Marshal(loginState{Tag: l.tag, Logins: l.by})
	l.mu.Unlock()
	if err != nil {
		return err
	}
	return replaceFile(l.path, b)
}

// set gives a browser its cookie; an empty secret takes it away.
func (l *logins) set(w http.ResponseWriter, r *http.Request, secret string) {
	c := &http.Cookie{Name: l.cookieName(), Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: isSecure(r), MaxAge: int(loginSpan / time.Second)}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// dropFirst deletes what ends first until a map has at most n.
func dropFirst[V any](m map[string]V, n int, ends func(V) time.Time) {
	for len(m) > n {
		first := ""
		for id, v := range m {
			if first == "" || cmp.Or(ends(v).Compare(ends(m[first])), cmp.Compare(id, first)) < 0 {
				first = id
			}
		}
		delete(m, first)
	}
}

// hashOf is the name of a secret: whoever reads the file cannot sign in with it.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
