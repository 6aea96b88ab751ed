package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"plumbline/store"
	"plumbline/store/storetest"
)

// openAt opens the store at path and closes it when the test ends.
func openAt(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestContract(t *testing.T) {
	paths := map[store.Store]string{}
	storetest.Harness{
		Open: func(t *testing.T) store.Store {
			path := filepath.Join(t.TempDir(), "plumbline.db")
			s := openAt(t, path)
			paths[s] = path
			return s
		},
		Reopen: func(t *testing.T, old store.Store) store.Store {
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			s := openAt(t, paths[old])
			paths[s] = paths[old]
			return s
		},
	}.Test(t)
}
