package config

import (
	"time"

	"plumbline/internal/secret"
)

// Values of Store.Kind.
const (
	StoreSQLite     = "sqlite"
	StoreClickHouse = "clickhouse"
)

// Store keeps profiles, rows and checkpoints.
type Store struct {
	Kind          string        `yaml:"kind"`
	FlushInterval time.Duration `yaml:"flush_interval"` // at the latest so long after it was read a record is durable
	FlushRecords  int           `yaml:"flush_records"`  // or after so many records of a partition
	Retention     Retention     `yaml:"retention"`
	Samples       Samples       `yaml:"samples"`
	ClickHouse    ClickHouse    `yaml:"clickhouse"`
}

// Retention is counted from the evaluation clock.
type Retention struct {
	Panes   time.Duration `yaml:"panes"` // and of answers and labels
	Samples time.Duration `yaml:"samples"`
}

// Samples are records kept themselves.
type Samples struct {
	Rate       float64  `yaml:"rate"`         // share of records, in [0, 1]
	MaxPerPane int      `yaml:"max_per_pane"` // 0: no limit, as is the default with ClickHouse
	Exclude    []string `yaml:"exclude"`      // features that are left out
}

// ClickHouse is where Kind clickhouse connects to.
type ClickHouse struct {
	Addresses []string   `yaml:"addresses"`
	Database  string     `yaml:"database"`
	Username  string     `yaml:"username"`
	Password  secret.Ref `yaml:"password_file,alt=password"`
	Cluster   string     `yaml:"cluster"` // name of a cluster in the server's configuration; empty is one server
	TLS       TLS        `yaml:"tls"`
}

func defaultStore() Store {
	const day = 24 * time.Hour
	return Store{
		Kind: StoreSQLite, FlushInterval: 5 * time.Second, FlushRecords: 50000,
		Retention:  Retention{Panes: 400 * day, Samples: 14 * day},
		Samples:    Samples{Rate: 1, MaxPerPane: 1000},
		ClickHouse: ClickHouse{Addresses: []string{"127.0.0.1:9000"}, Database: "plumbline", Username: "default"},
	}
}

func (s *Store) check(k *check) {
	k.oneOf(&s.Kind, "kind", StoreSQLite, StoreClickHouse)
	k.between(&s.FlushInterval, "flush_interval", 100*time.Millisecond, time.Hour)
	k.atLeast(&s.FlushRecords, "flush_records", 1)
	k.between(&s.Retention.Panes, "panes", time.Hour, 100*365*24*time.Hour)
	k.between(&s.Retention.Samples, "samples", 0, 100*365*24*time.Hour)
	if s.Retention.Samples > s.Retention.Panes {
		k.warn(&s.Retention.Samples, "samples are kept longer than the panes they explain", "raise panes")
	}
	if s.Samples.Rate < 0 || s.Samples.Rate > 1 {
		k.fail(&s.Samples.Rate, "rate is a share of the records", "it may be from 0 to 1")
	}
	k.atLeast(&s.Samples.MaxPerPane, "max_per_pane", 0)
	c := &s.ClickHouse
	if s.Kind != StoreClickHouse {
		if k.doc.Has(c) && !k.doc.Has(&s.Kind) {
			k.warn(c, "clickhouse is not used: the store's kind is sqlite", "say kind: clickhouse")
		}
		return
	}
	if len(c.Addresses) == 0 {
		k.fail(&c.Addresses, "addresses is empty", "name at least one, like [127.0.0.1:9000]")
	}
	for i := range c.Addresses {
		k.address(&c.Addresses[i], "address")
	}
	k.required(&c.Database, "database")
	k.required(&c.Username, "username")
	k.secret(&c.Password, "password_file")
	c.TLS.check(k)
}
