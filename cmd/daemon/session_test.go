package daemon_test

import (
	"gotor/cmd/api"
	"gotor/cmd/daemon"
)

var _ api.Session = (*daemon.Daemon)(nil)
