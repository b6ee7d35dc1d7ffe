package cmd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"gotor/cmd/api"
	"gotor/cmd/daemon"
	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/transmission"
	"gotor/cmd/ui"
	"gotor/cmd/web"
)

const (
	// serveGrace bounds the end in good order: answers, trackers, state.
	serveGrace = 5 * time.Second
	// answerTime is for the answers that are being given at the end.
	answerTime = time.Second
)

// serving is a daemon with everything around it.
type serving struct {
	o *serveOptions
	s *streams

	log    *ui.Logger
	daemon *daemon.Daemon
	keys   *api.Keys
	api    *api.Server
	cert   *certificate // nil: no TLS
	doors  []*door
}

// runServe keeps torrents until ctx ends, or somebody asks for the end.
func runServe(ctx context.Context, o *serveOptions, s *streams) error {
	v := &serving{o: o, s: s}
	v.log = ui.StartLogger(s.console, o.logLevel(), inJournal(s.getenv))
	defer v.log.Stop()
	if err := v.open(ctx); err != nil {
		return err
	}
	return v.run(ctx)
}

// logLevel is how grave a line has to be.
func (o *serveOptions) logLevel() string {
	switch {
	case o.quiet:
		return "warn"
	case o.verbose > 0:
		return "debug"
	}
	return "info"
}

// say logs a line of the process itself.
func (v *serving) say(level, text string) {
	v.log.Add(record.Log{Time: v.s.now(), Level: level, Text: text})
}

func (v *serving) warn(text string) { v.say("warn", text) }

// open opens everything, in an order in which who comes too late has touched nothing.
func (v *serving) open(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			v.close()
		}
	}()
	if err := v.openDaemon(); err != nil {
		return err
	}
	if v.o.tlsCert != "" {
		if v.cert, err = openCertificate(v.o.tlsCert, v.o.tlsKey, v.warn); err != nil {
			return err
		}
	}
	token, _ := v.s.getenv("GOTOR_TOKEN")
	state := v.o.keyDir(v.s)
	if v.keys, err = api.OpenKeys(api.KeyOptions{Dir: state, File: v.o.tokenFile, Token: token}); err != nil {
		return record.WithCode(record.ExitFile, err)
	}
	// Who connects from now on waits until the answers begin.
	if v.doors, err = openDoors(ctx, v.o, v.s); err != nil {
		return err
	}
	v.api, err = api.New(api.Config{
		Session: v.daemon, Version: version, Keys: v.keys, StateDir: state, Hosts: v.o.hostNames(), Origins: v.o.origins, URL: v.url(),
		Page: web.Handler(), Mounts: v.mounts(), MetricsTorrents: v.o.metricsTorrents,
		Log: func(text string) { v.say("error", text) },
	})
	return err
}

// url is where the daemon is for browsers and players, with a slash at its end: where a
// --host says, else its first listener. nil: it listens at its socket only.
func (v *serving) url() *url.URL {
	for _, h := range v.o.hosts {
		if u, _ := parseHost(h); u.Scheme != "" {
			return u
		}
	}
	for _, d := range v.doors {
		if u, err := url.Parse(d.url); err == nil && strings.HasPrefix(u.Scheme, "http") {
			return u
		}
	}
	return nil
}

// hostNames are the names of all --host.
func (o *serveOptions) hostNames() []string {
	var names []string
	for _, h := range o.hosts {
		if u, err := parseHost(h); err == nil { // it was checked
			names = append(names, u.Host)
		}
	}
	return names
}

// mounts are the other protocols that were asked for.
func (v *serving) mounts() map[string]http.Handler {
	if !v.o.transmission {
		return nil
	}
	rpc := transmission.New(transmission.Config{Session: v.daemon, Owner: api.MayChange, Local: api.OverSocket, Version: version})
	return map[string]http.Handler{transmissionPath: rpc}
}

// openDaemon opens the session, which only one process can have.
func (v *serving) openDaemon() error {
	o := v.o
	state := o.keyDir(v.s)
	if state == "" {
		return record.Usagef("no folder is known for the state: neither XDG_STATE_HOME nor HOME is set; give --state-dir")
	}
	if err := os.MkdirAll(state, 0o700); err != nil {
		return job.FileError("make the state folder", state, err)
	}
	if err := o.findRoots(state); err != nil {
		return err
	}
	cfg, err := o.client(v.s)
	if err != nil {
		return err
	}
	l := v.s.loader(o.Family)
	l.Stdin, l.Warn, l.Note = nil, nil, nil // the daemon has a log for that
	l.Insecure = o.insecure
	v.daemon, err = daemon.New(daemon.Config{
		StateDir: state, Settings: o.settings(), Client: cfg, Loader: *l, Inside: o.inside(), Log: v.log.Add, Rebuild: o.rebuild,
	})
	switch {
	case errors.Is(err, daemon.ErrLocked):
		return record.Errorf(record.ExitLocked, "another daemon has the state folder %s; stop it (gotor ctl stop), or choose another one with --state-dir", state)
	case err != nil:
		return err
	}
	return nil
}

// run carries on until the end, and closes everything.
func (v *serving) run(ctx context.Context) error {
	defer v.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	server := v.api.HTTP()
	if v.cert != nil {
		server.TLSConfig = &tls.Config{GetCertificate: v.cert.get, MinVersion: tls.VersionTLS12}
	}
	var all sync.WaitGroup
	for _, d := range v.doors {
		all.Go(func() {
			if err := d.serve(server); !errors.Is(err, http.ErrServerClosed) {
				cancel(fmt.Errorf("cannot listen at %s any more: %w", d.url, err))
			}
		})
	}
	all.Go(func() { cancel(v.daemon.Run(ctx)) })
	err := v.ready()
	if err == nil {
		v.stay(ctx)
		err = v.outcome(context.Cause(ctx))
	}
	cancel(nil)
	v.endAnswers(server)
	all.Wait()
	return err
}

// stay waits for the end, and for those who want settings to be read again.
func (v *serving) stay(ctx context.Context) {
	systemd := startManager(v.daemon)
	defer systemd.stop()
	again := make(chan struct{}, 1)
	v.s.signals.stay(serveGrace, func() {
		select {
		case again <- struct{}{}:
		default: // it is about to be done
		}
	})
	for {
		select {
		case <-again:
			systemd.reloading(v.reload)
		case <-ctx.Done():
			return
		}
	}
}

// serve answers at one door until the server is closed.
func (d *door) serve(server *http.Server) error {
	if d.tls {
		return server.ServeTLS(d, "", "")
	}
	return server.Serve(d)
}

// outcome is what the end means: that somebody wanted it is success.
func (v *serving) outcome(cause error) error {
	var sig interrupted
	if cause == nil || errors.Is(cause, context.Canceled) || errors.As(cause, &sig) {
		return nil
	}
	return cause
}

// endAnswers says goodbye to who follows, and lets answers end.
func (v *serving) endAnswers(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	v.api.Close()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}

// ready tells where the daemon is, once somebody who reads it can connect.
func (v *serving) ready() error {
	var urls strings.Builder
	for _, d := range v.doors {
		fmt.Fprintln(&urls, record.Safe(d.url))
		if d.exposed() {
			v.warn(fmt.Sprintf("%s is plain HTTP for all who can reach it: the token can be read on its way; give --tls-cert, or put a proxy before it", d.url))
		}
	}
	if v.o.insecure {
		v.warn("TLS certificates are not verified (--insecure)")
	}
	if _, err := io.WriteString(v.s.out, urls.String()); err != nil {
		return err
	}
	v.say("info", fmt.Sprintf("gotor %s is ready: %s", version, ui.Count(len(v.daemon.List().Torrents), "torrent")))
	v.offerLink()
	return nil
}

// offerLink shows, to somebody at a terminal, a link that signs a browser in once.
func (v *serving) offerLink() {
	if !v.s.errTTY() {
		return
	}
	if at := v.url(); at != nil {
		// Not by way of the log: what goes there loses its secrets.
		fmt.Fprintf(passer{v.s.console}, "open %s within 10 minutes: it signs a browser in, once\n", v.api.Entrance(at.String()))
	}
}

// passer writes to a console what is ours by the letter.
type passer struct{ c *ui.Console }

// Write implements io.Writer.
func (p passer) Write(b []byte) (int, error) { return p.c.Pass(b) }

// reload reads the tokens and the file of settings again. A certificate needs no word:
// see certificate.
func (v *serving) reload() {
	if again, err := v.o.again(v.s); err != nil {
		v.warn(fmt.Sprintf("the settings stay as they were: %v", err))
	} else {
		v.daemon.Rebase(again.settings())
		v.say("info", "the settings were read again")
	}
	if err := v.keys.Reload(); err != nil {
		v.warn(fmt.Sprintf("the token stays as it was: %v", err))
		return
	}
	v.say("info", "the token was read again")
}

// close ends what is open, and tells those who wait for the end.
func (v *serving) close() {
	closeDoors(v.doors)
	var err error
	if v.daemon != nil {
		if err = v.daemon.Close(); err != nil {
			v.say("error", err.Error())
		}
	}
	if v.api != nil {
		v.api.Ended(err)
	}
}
