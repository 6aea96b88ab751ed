package clickhouse

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	f := func(change func(*Config), want ...string) {
		t.Helper()
		cfg := valid()
		change(&cfg)
		err := cfg.Validate()
		if len(want) == 0 {
			if err != nil {
				t.Errorf("good configuration: %v", err)
			}
			return
		}
		if err == nil {
			t.Errorf("no error, want %q", want)
			return
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("error %q lacks %q", err, w)
			}
		}
	}
	f(func(*Config) {})
	f(func(c *Config) { c.Cluster = "main-eu.1" })
	f(func(c *Config) { c.Addresses = []string{"[::1]:9000", "db.example.org:9440"} })
	f(func(c *Config) { c.Addresses = nil }, "addresses is empty")
	f(func(c *Config) { c.Addresses = []string{"db"} }, `"db" is not host:port`)
	f(func(c *Config) { c.Database = "" }, `database ""`)
	f(func(c *Config) { c.Database = "a`; DROP DATABASE b; --" }, "is not a name")
	f(func(c *Config) { c.Database = strings.Repeat("a", 64) }, "is not a name")
	f(func(c *Config) { c.Cluster = "a b" }, `cluster "a b"`)
	f(func(c *Config) { c.PaneRetention = -1; c.Connections = -1 }, "retention is negative", "connections is negative") // all at once
}

func TestSettings(t *testing.T) {
	s := valid().settings()
	if s["async_insert"] != 0 {
		t.Errorf("async_insert is %v: servers from 26.2 on would acknowledge what isn't durable", s["async_insert"])
	}
	if _, ok := s["insert_quorum"]; ok {
		t.Error("a single server is asked for a quorum")
	}
	cluster := valid()
	cluster.Cluster = "main"
	if s := cluster.settings(); s["insert_quorum"] != "auto" || s["select_sequential_consistency"] != 1 {
		t.Errorf("a cluster's settings are %v: a checkpoint could be newer than the panes read with it", s)
	}
}

// A flush that was called off says so, whatever the driver makes of the broken connection.
func TestErrorsOfACanceledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := failed(ctx, "write panes", net.ErrClosed); !errors.Is(err, context.Canceled) || !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// Nobody listens: the error says so, without what it was to say there.
func TestOpenUnreachable(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	cfg := valid()
	cfg.Addresses = []string{ln.Addr().String()}
	cfg.Username = "plumbline"
	cfg.Password = func() (string, error) { return "hunter2", nil }
	for doing, err := range map[string]error{"open": second(Open(t.Context(), cfg)), "migrate": Migrate(t.Context(), cfg, io.Discard)} {
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: %v", doing, err)
		}
	}
	unreadable := errors.New("open ch.pass: no such file")
	cfg.Password = func() (string, error) { return "", unreadable }
	if _, err := Open(t.Context(), cfg); !errors.Is(err, unreadable) {
		t.Errorf("open: %v, want %v", err, unreadable)
	}
}

func second[T any](_ T, err error) error { return err }
