//go:build !linux

package server

import (
	"net"
	"net/netip"
)

// tellSources reports that a socket cannot tell to which address a datagram
// came: answers leave from the address that the system chooses.
func tellSources(*net.UDPConn) bool { return false }

func takeSource([]byte) netip.Addr { return netip.Addr{} }
