//go:build !unix

package app

import "os"

// lockFile locks nothing where there is no flock: who starts two processes on one folder is not stopped there.
func lockFile(*os.File) error { return nil }
