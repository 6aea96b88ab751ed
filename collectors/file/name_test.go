package file

import (
	"path/filepath"
	"testing"
)

// Wherever the program is started, a file below the root has one name; the store would count it twice under two.
func TestNames(t *testing.T) {
	dir := t.TempDir()
	below, beside := filepath.Join(dir, "conf", "logs", "a.ndjson"), filepath.Join(dir, "other", "a.ndjson")
	names := func(cwd string) (list []string) {
		t.Chdir(cwd)
		for _, path := range []string{below, beside} {
			relative, err := filepath.Rel(cwd, path)
			if err != nil {
				t.Fatal(err)
			}
			root, err := filepath.Rel(cwd, filepath.Join(dir, "conf"))
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, Config{Root: root}.nameOf(relative), Config{Root: filepath.Join(dir, "conf")}.nameOf(path))
		}
		return list
	}
	want := []string{"logs/a.ndjson", "logs/a.ndjson", beside, beside}
	for _, cwd := range []string{dir, filepath.Dir(dir), "/"} {
		for i, got := range names(cwd) {
			if got != want[i] {
				t.Errorf("from %s file %d is %q, want %q", cwd, i, got, want[i])
			}
		}
	}
	if got := (Config{Root: dir}).nameOf(stdin); got != stdin {
		t.Errorf("standard input is %q", got)
	}
}
