//go:build !linux

package peer

import "net"

// vectorReader does not exist here: blocks are copied.
type vectorReader struct{}

func newVectorReader(net.Conn) *vectorReader { return nil }

func (*vectorReader) read([]byte, []segment, int) (int, error) { panic("no vectored reads") }
