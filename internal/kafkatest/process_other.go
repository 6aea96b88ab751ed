//go:build !linux

package kafkatest

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

func dieWithParent(*exec.Cmd) {}

// lock takes a lock between processes: a file that only one of them can create. A lock older than ten minutes is a dead one's.
func lock(path string) (func(), error) {
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil {
			f.Close()
			return func() { os.Remove(path) }, nil
		}
		if !os.IsExist(err) {
			return nil, fmt.Errorf("lock the cache: %w", err)
		}
		if st, err := os.Stat(path); err == nil && time.Since(st.ModTime()) > 10*time.Minute {
			os.Remove(path)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
