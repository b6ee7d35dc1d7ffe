package session

import "os"

// syncFolder: a folder cannot be flushed; NTFS journals renames by itself.
func syncFolder(*os.Root) error { return nil }
