//go:build linux && amd64

package pinned

import (
	"archive/tar"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An archive that isn't the pinned one is refused.
func TestUnpackChecks(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "a.tgz")
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	gz := gzip.NewWriter(f)
	tw := tar.NewWriter(gz)
	tw.WriteHeader(&tar.Header{Name: "package/" + libraryFile, Mode: 0o644, Size: 3})
	tw.Write([]byte("bad"))
	for _, c := range []interface{ Close() error }{tw, gz, f} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := unpack(archive, filepath.Join(t.TempDir(), "new")); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Fatalf("unpacked a strange archive: %v", err)
	}
}

func TestLibraryMissing(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	f := func(when string) {
		t.Helper()
		if _, err := Library(); err == nil || !strings.Contains(err.Error(), Hint) {
			t.Errorf("%s: error %v doesn't say how to install it", when, err)
		}
	}
	f("nothing there")
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, libraryFile), []byte("torn"), 0o644); err != nil {
		t.Fatal(err)
	}
	f("a torn copy")
}
