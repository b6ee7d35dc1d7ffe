// Gotor downloads torrents from the command line: curl for BitTorrent.
package main

import (
	"os"

	"gotor/cmd"
)

func main() { os.Exit(cmd.Main()) }
