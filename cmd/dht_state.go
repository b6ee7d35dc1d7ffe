package cmd

import (
	"os"
	"path/filepath"
	"strconv"
)

// What package storage puts around a state that it saves: a header of 16 bytes
// and a checksum of 4. The node checks what is between them.
const (
	stateHeader   = 16
	stateChecksum = 4
	stateMost     = 64 << 10
)

// savedNodes reads the nodes that earlier runs have left; nil if there are none.
func savedNodes(file string) []byte {
	b := readCache(file)
	if len(b) < stateHeader+stateChecksum {
		return nil
	}
	return b[stateHeader : len(b)-stateChecksum]
}

// readCache reads a small file; nil if there is none.
func readCache(file string) []byte {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > stateMost {
		return nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return b
}

// nodeFile is where a node on a certain port keeps what it knows; "": nowhere. It
// is not the file of the other commands: the id in it belongs to one node.
func (o *dhtNodeOptions) nodeFile(s *streams) string {
	file := o.state(s)
	if file == "" || o.port == 0 {
		return ""
	}
	return file + "-node-" + strconv.Itoa(int(o.port))
}

// saveNodes writes that file. A cache that cannot be written costs the next start some
// time, and nothing else.
func saveNodes(c *dhtClient, file string) {
	if stats := c.Stats(); file == "" || stats.Good4+stats.Good6 == 0 {
		return
	}
	if os.MkdirAll(filepath.Dir(file), 0o700) == nil {
		_ = writeNew(file, c.State(), true)
	}
}
