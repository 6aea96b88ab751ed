//go:build real

package clickhouse

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"plumbline/internal/chtest"
	"plumbline/store"
	"plumbline/store/storetest"
)

var databases atomic.Int64

// fresh is the configuration of a database nobody has used.
func fresh(server *chtest.Server) Config {
	return Config{
		Addresses: []string{server.Addr}, Database: fmt.Sprintf("plumbline_test_%d_%d", time.Now().UnixNano(), databases.Add(1)),
		PaneRetention: 400 * 24 * time.Hour, SampleRetention: 14 * 24 * time.Hour,
	}
}

// open opens a store and drops its database when the test ends.
func open(t testing.TB, cfg Config) *Store {
	t.Helper()
	s, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func migrated(t testing.TB, server *chtest.Server) *Store {
	t.Helper()
	cfg := fresh(server)
	if err := Migrate(context.Background(), cfg, io.Discard); err != nil {
		t.Fatal(err)
	}
	s := open(t, cfg)
	t.Cleanup(func() {
		if err := s.conn.Exec(context.Background(), "DROP DATABASE IF EXISTS "+quoteName(cfg.Database)+" SYNC"); err != nil {
			t.Logf("drop the test's database: %v", err)
		}
	})
	return s
}

func TestContract(t *testing.T) {
	server := chtest.Start(t, t.TempDir())
	storetest.Harness{
		Open: func(t *testing.T) store.Store { return migrated(t, server) },
		Reopen: func(t *testing.T, old store.Store) store.Store {
			old.Close()
			return open(t, old.(*Store).cfg)
		},
	}.Test(t)
}
