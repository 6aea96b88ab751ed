package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// errLocked is what lockFile returns when another process has the lock.
var errLocked = errors.New("locked")

// LockDataDir makes the data folder if it is missing and takes it for one process of a role. Two of them would each judge and each
// notify, or hand the same spool over twice. A collector and an evaluator may share the folder. The lock ends with the process,
// however it ends.
func LockDataDir(dir string, role Role) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data_dir can't be made: %w", err)
	}
	var files []*os.File
	release = func() error {
		var errs []error
		for _, f := range files {
			errs = append(errs, f.Close())
		}
		return errors.Join(errs...)
	}
	for _, half := range []Role{Collector, Evaluator} {
		if role != All && role != half {
			continue
		}
		f, err := lock(filepath.Join(dir, string(half)+".lock"))
		if err != nil {
			return nil, errors.Join(err, release())
		}
		files = append(files, f)
	}
	return release, nil
}

func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data_dir can't be written: %w", err)
	}
	err = lockFile(f)
	if err == nil {
		if err = f.Truncate(0); err == nil {
			_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
		}
	}
	switch {
	case errors.Is(err, errLocked):
		owner := ""
		if text, err := io.ReadAll(io.LimitReader(f, 20)); err == nil && len(text) > 0 {
			owner = " (process " + strings.TrimSpace(string(text)) + ")"
		}
		err = fmt.Errorf("data_dir %s is in use by another plumbline%s; stop that one, or give this one a data_dir of its own", filepath.Dir(path), owner)
	case err != nil:
		err = fmt.Errorf("data_dir can't be locked: %w", err)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
