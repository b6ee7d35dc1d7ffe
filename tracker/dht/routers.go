package dht

// Routers are the public nodes, as HOST:PORT, that introduce newcomers to the
// network; other clients use them too. Nodes that answer take their place from
// the first start on.
func Routers() []string {
	return []string{
		"router.bittorrent.com:6881",
		"router.utorrent.com:6881",
		"dht.transmissionbt.com:6881",
		"dht.libtorrent.org:25401",
	}
}
