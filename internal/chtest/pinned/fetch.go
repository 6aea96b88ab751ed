//go:build unix

package pinned

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// Fetch installs the engine into Dir, unless it is there already, and returns the library's path. The package is fetched by
// name with the npm client, so whatever registry, proxy or mirror the user has configured is used. Concurrent callers wait
// for each other; a torn download never becomes visible.
func Fetch(ctx context.Context, log io.Writer) (string, error) {
	if lib, err := Library(); err == nil {
		return lib, nil
	}
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if lib, err := Library(); err == nil { // another process was first
		return lib, nil
	}

	tmp, err := os.MkdirTemp(filepath.Dir(dir), "chdb-fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	fmt.Fprintf(log, "fetching %s (178 MB, unpacked 566 MB) into %s\n", packageName, dir)
	archive, err := pack(ctx, tmp, log)
	if err != nil {
		return "", err
	}
	if err := unpack(archive, filepath.Join(tmp, "new")); err != nil {
		return "", fmt.Errorf("unpack %s: %w", packageName, err)
	}
	if err := os.RemoveAll(dir); err != nil { // what an older fetch left there is not whole, or Library had found it
		return "", err
	}
	if err := os.Rename(filepath.Join(tmp, "new"), dir); err != nil {
		return "", err
	}
	return Library()
}

func lock(file string) (unlock func(), err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", file, err)
	}
	return func() { f.Close() }, nil
}

// pack downloads the package's archive into dir.
func pack(ctx context.Context, dir string, log io.Writer) (string, error) {
	if _, err := exec.LookPath("npm"); err != nil {
		return "", fmt.Errorf("npm is missing; on Debian and Ubuntu: sudo apt-get install -y npm")
	}
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "--pack-destination", dir, packageName)
	cmd.Dir = dir // away from the repository: no package.json of somebody else takes part
	cmd.Stderr = log
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("npm pack %s: %w", packageName, err)
	}
	return filepath.Join(dir, filepath.Base(strings.TrimSpace(string(out)))), nil
}

// unpack checks the whole archive's checksum while it takes the library out of it, and fails after the fact if it is wrong:
// dir becomes visible only by the caller's rename.
func unpack(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	sum := sha256.New()
	tee := io.TeeReader(f, sum)
	gz, err := gzip.NewReader(tee)
	if err != nil {
		return err
	}
	for tr := tar.NewReader(gz); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if path.Base(h.Name) != libraryFile {
			continue
		}
		if err := write(filepath.Join(dir, libraryFile), tr); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, tee); err != nil { // padding behind the last member counts as well
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != archiveSum {
		return fmt.Errorf("SHA-256 is %s, want %s", got, archiveSum)
	}
	return nil
}

func write(file string, r io.Reader) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
