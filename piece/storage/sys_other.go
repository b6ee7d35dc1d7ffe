//go:build !linux

package storage

import "os"

const canStartWriteback = false

func startWriteback(*handle) {}

// syncfsLine has no meaning here: there is no call for a whole file system.
const syncfsLine = 256

func syncFileSystem(folder *os.File) error { return folder.Sync() }

func syncfsKnown(*os.File) bool { return false }

// setSize gives a new file its size. Blocks are left to the system.
func setSize(f *os.File, n int64, _ bool) error { return f.Truncate(n) }
