package cmd

import (
	"bytes"
	"io"
	"os"
	"runtime"

	"github.com/spf13/pflag"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/remote"
	"gotor/torrent/network"
)

// daemonOptions say which daemon is meant: that of the user's own socket unless told
// otherwise.
type daemonOptions struct {
	socket, url, tokenFile string
}

// addFlags describes the flags; where is what the texts begin with.
func (o *daemonOptions) addFlags(f *pflag.FlagSet, where string) {
	f.StringVar(&o.socket, "socket", "", where+"talk to the daemon at the unix socket `PATH` (default: in the user's runtime folder)")
	f.StringVar(&o.url, "url", "", where+"talk to the one at `URL` instead, like http://127.0.0.1:7470")
	f.StringVar(&o.tokenFile, "token-file", "", where+"the token for --url is in the first line of `FILE`, else in GOTOR_TOKEN")
}

// maxTokenFile bounds what is read for a token.
const maxTokenFile = 4096

// open makes a client of the daemon. It does not connect yet.
func (o *daemonOptions) open(s *streams) (*remote.Client, error) {
	c := remote.Config{URL: o.url, Agent: userAgent(), Dial: machine().DialContext, Proxy: network.HTTPProxy}
	if o.url != "" {
		var err error
		c.Token, err = o.token(s)
		if err != nil {
			return nil, err
		}
		return remote.New(c)
	}
	c.Socket = o.socketPath(s)
	if c.Socket == "" {
		return nil, record.Usagef("no folder is known for the daemon's socket: neither XDG_RUNTIME_DIR nor HOME is set; give --socket or --url")
	}
	return remote.New(c)
}

// socketPath is the socket that is meant.
func (o *daemonOptions) socketPath(s *streams) string {
	if o.socket != "" {
		return o.socket
	}
	return job.SocketPath(runtime.GOOS, s.getenv)
}

// token is what opens a daemon at a URL; "" where nothing says any.
func (o *daemonOptions) token(s *streams) (string, error) {
	if o.tokenFile == "" {
		token, _ := s.getenv("GOTOR_TOKEN")
		return token, nil
	}
	f, err := os.Open(o.tokenFile)
	if err != nil {
		return "", job.ReadError(o.tokenFile, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTokenFile))
	if err != nil {
		return "", job.ReadError(o.tokenFile, err)
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	token := bytes.TrimSpace(line)
	for _, c := range token {
		if c <= ' ' || c > '~' {
			token = nil // it would be no header; a file of something else
		}
	}
	if len(token) == 0 {
		return "", record.Errorf(record.ExitFile, "%s has no token in its first line", o.tokenFile)
	}
	return string(token), nil
}
