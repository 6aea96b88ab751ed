// Package pinned owns the exact build of the ClickHouse engine that tests run against: its name, its checksums, the folder
// outside the repository it is kept in, and how it gets there. It never loads or runs it.
package pinned

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

const (
	// Version of ClickHouse that the library contains.
	Version = "26.7.3"

	packageName = "@chdb/lib-linux-x64-gnu@26.7.3-stable.1"
	archiveSum  = "c0d32b129e988f2b9a9a31c9141aecf5e1e2453f9a079efc4d36ab8e3f92b2ad" // SHA-256 of what `npm pack` delivers
	libraryFile = "libchdb.so"
	librarySize = 566330096 // told apart from a torn copy without reading half a gigabyte
)

// Hint is the line that installs the engine.
const Hint = "go run ./internal/chtest/cmd/fetch"

// Dir is the folder of the pinned engine, in the user's cache folder.
func Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	return filepath.Join(cache, "plumbline", "chdb-"+Version), nil
}

// Library is the path of the installed engine, or an error that says how to install it.
func Library() (string, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("the pinned ClickHouse engine runs on linux/amd64 only, not on %s/%s: start a ClickHouse server and name it in PLUMBLINE_TEST_CLICKHOUSE=host:port",
			runtime.GOOS, runtime.GOARCH)
	}
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, libraryFile)
	if st, err := os.Stat(path); err != nil || st.Size() != librarySize {
		return "", fmt.Errorf("the ClickHouse engine for tests is not installed in %s: run `%s` in the repository, or name a server of yours in PLUMBLINE_TEST_CLICKHOUSE=host:port", dir, Hint)
	}
	return path, nil
}
