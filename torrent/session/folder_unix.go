//go:build !windows

package session

import "os"

// syncFolder makes the names in a folder durable.
func syncFolder(root *os.Root) error {
	f, err := root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
