//go:build !linux

package peer

import "net"

// limitUnsent does nothing here: there is no portable way.
func limitUnsent(net.Conn, int) {}
