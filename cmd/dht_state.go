package cmd

import (
	"path/filepath"
	"runtime"
	"strconv"

	"gotor/cmd/job"
	"gotor/torrent"
)

// nodeFile is where a node on a certain port keeps what it knows; "": nowhere. It
// is not the file of the other commands: the id in it belongs to one node.
func (o *dhtNodeOptions) nodeFile(s *streams) string {
	dir := job.CacheDir(runtime.GOOS, s.getenv)
	if dir == "" || o.port == 0 {
		return ""
	}
	return filepath.Join(dir, "dht-node-"+strconv.Itoa(int(o.port)))
}

// saveNodes writes that file. A cache that cannot be written costs the next start some
// time, and nothing else.
func saveNodes(c *dhtClient, file string) {
	if stats := c.node.Stats(); file == "" || stats.Good4+stats.Good6 == 0 {
		return
	}
	_ = torrent.SaveDHT(file, c.node.State())
}
