//go:build real

package kafka

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors/collectorstest"
	"plumbline/internal/kafkatest"
)

// TestReal runs everything on one Apache Kafka.
func TestReal(t *testing.T) {
	b := kafkatest.Start(t)
	t.Run("suite", func(t *testing.T) { suite(t, b.Addr) })
	t.Run("promises", func(t *testing.T) { promises(t, b.Addr) })
}

// TestKill kills the broker twice while a source reads and a producer writes.
func TestKill(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Own())
	f := newFeed(t, b.Addr)
	h := &collectorstest.Handler{FlushEvery: 2}
	w := begin(t, newSource(t, f.config), h)
	n := 0
	write := func(records int) {
		for range records {
			f.Append(t, 0, fmt.Append(nil, n))
			f.Append(t, 1, fmt.Append(nil, n))
			n++
		}
	}
	for range 2 {
		write(100)
		h.Wait(t, "the records before the kill", func() bool { return h.Len() == 2*n })
		b.Kill9()
		if err := b.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	write(100)
	h.Wait(t, "the records after the kill", func() bool { return h.Len() == 2*n })
	w.end(t)
	h.Check(t)
	for _, p := range f.Partitions() {
		for i, got := range texts(h.Messages(p)) {
			if got != fmt.Sprint(i) {
				t.Fatalf("%s: record %d is %q", p, i, got)
			}
		}
	}
}

// TestDamagedLog flips a byte in the broker's file: that partition stops where the damage begins, the other goes on.
func TestDamagedLog(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Own())
	f := newFeed(t, b.Addr)
	for i := range 5 {
		f.Append(t, 0, fmt.Append(nil, "damaged here ", i))
		f.Append(t, 1, fmt.Append(nil, i))
	}
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(b.Dir, "data", f.config.Topics[0]+"-0", "00000000000000000000.log")
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	i := strings.Index(string(data), "damaged here 3")
	data[i] ^= 1
	if err := os.WriteFile(log, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := b.Restart(); err != nil {
		t.Fatal(err)
	}
	var c counters
	s := newSource(t, f.config)
	s.metrics = c.metrics()
	h := &collectorstest.Handler{}
	w := begin(t, s, h)
	h.Wait(t, "the quarantine", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.quarantined[0]
	})
	h.Wait(t, "the other partition", func() bool { return len(h.Messages(f.Partitions()[1])) == 5 })
	if w.Idle() {
		t.Error("idle with a partition in quarantine")
	}
	w.end(t)
	if got := texts(h.Messages(f.Partitions()[0])); !slices.Equal(got, []string{"damaged here 0", "damaged here 1", "damaged here 2"}) {
		t.Errorf("of the damaged partition %q was read", got)
	}
}

func TestSecurity(t *testing.T) {
	alice := kafkatest.User{Name: "alice", Password: "alice-secret"}
	b := kafkatest.Start(t, kafkatest.WithSASL(alice), kafkatest.WithTLS())
	trust := &tls.Config{RootCAs: b.Roots, MinVersion: tls.VersionTLS12}
	secret := func(s string) func() (string, error) { return func() (string, error) { return s, nil } }
	for name, c := range map[string]struct {
		listener string
		tls      *tls.Config
		sasl     *SASL
		refused  string // what the reason must say
	}{
		"plain":             {"SASL", nil, &SASL{Plain, "alice", secret("alice-secret")}, ""},
		"scram-sha-256":     {"SASL", nil, &SASL{ScramSHA256, "alice", secret("alice-secret")}, ""},
		"scram-sha-512":     {"SASL", nil, &SASL{ScramSHA512, "alice", secret("alice-secret")}, ""},
		"tls":               {"TLS", trust, nil, ""},
		"scram-sha-512+tls": {"SASLTLS", trust, &SASL{ScramSHA512, "alice", secret("alice-secret")}, ""},
		"plain+tls":         {"SASLTLS", trust, &SASL{Plain, "alice", secret("alice-secret")}, ""},
		"wrong password":    {"SASL", nil, &SASL{ScramSHA512, "alice", secret("guess")}, "SASL Authentication Failed"},
		"wrong root":        {"TLS", &tls.Config{}, nil, "certificate signed by unknown authority"},
		"no password file":  {"SASL", nil, &SASL{Plain, "alice", func() (string, error) { return "", errors.New("no such file") }}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFeed(t, b.Addr)
			f.Append(t, 0, []byte("hello"))
			f.config.Brokers, f.config.TLS, f.config.SASL = []string{b.Listener(c.listener)}, c.tls, c.sasl
			s := newSource(t, f.config)
			if c.refused != "" {
				_, err := s.checkTopics(t.Context())
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("the reason is %v, want it to say %q", err, c.refused)
				}
				if err != nil && (strings.Contains(err.Error(), "guess") || strings.Contains(err.Error(), "alice-secret")) {
					t.Errorf("the error holds a password: %v", err)
				}
				return
			}
			h := &collectorstest.Handler{}
			readAll(t, s, h)
			if h.Len() != 1 {
				t.Errorf("%d messages, want 1", h.Len())
			}
			p, err := NewProducer(f.config, f.config.Topics[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Write(t.Context(), [][]byte{[]byte("letter")}); err != nil {
				t.Error(err)
			}
			p.Close()
		})
	}
}

// TestHangs stops the broker's process for longer than a session, without ending it.
func TestHangs(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Own())
	f := newFeed(t, b.Addr)
	h := &collectorstest.Handler{FlushEvery: 1}
	w := begin(t, newSource(t, f.config), h)
	f.Append(t, 0, []byte("0"))
	h.Wait(t, "the record before", func() bool { return h.Len() == 1 })
	if err := b.Pause(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(f.config.SessionTimeout + time.Second)
	if err := b.Continue(); err != nil {
		t.Fatal(err)
	}
	f.Append(t, 0, []byte("1"))
	h.Wait(t, "the record after", func() bool { return h.Len() == 2 })
	w.end(t)
	h.Check(t)
	if got := texts(h.Messages(plumbline.Partition{Source: "prod", Topic: f.config.Topics[0]})); !slices.Equal(got, []string{"0", "1"}) {
		t.Errorf("read %q", got)
	}
}
