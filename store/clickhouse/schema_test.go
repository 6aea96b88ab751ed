package clickhouse

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const day = 24 * time.Hour

func valid() Config {
	return Config{Addresses: []string{"127.0.0.1:9000"}, Database: "plumbline", PaneRetention: 400 * day, RowRetention: 14 * day}
}

func TestStatements(t *testing.T) {
	cluster := valid()
	cluster.Cluster = "main"
	forever := valid()
	forever.PaneRetention, forever.RowRetention = 0, time.Hour // an hour is a day
	for name, cfg := range map[string]Config{"server": valid(), "cluster": cluster, "forever": forever} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(Statements(cfg), ";\n\n") + ";\n"
			file := filepath.Join("testdata", name+".sql")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("statements changed (rewrite with -update, and think of those who have the old schema) (-want +got):\n%s", d)
			}
		})
	}
}

// Only tables whose retention differs are altered.
func TestRetentionChanges(t *testing.T) {
	f := func(found schemaState, cfg Config, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, found.retentionChanges(cfg)); d != "" {
			t.Error(d)
		}
	}
	as := schemaState{1, 400, 14}
	f(as, valid())
	longer := valid()
	longer.PaneRetention = 500 * day
	f(as, longer, "ALTER TABLE `plumbline`.`panes` MODIFY TTL written + INTERVAL 500 DAY")
	longer.Cluster = "main"
	f(as, longer, "ALTER TABLE `plumbline`.`panes_local` ON CLUSTER `main` MODIFY TTL written + INTERVAL 500 DAY")
	forever := valid()
	forever.PaneRetention = 0
	f(as, forever, "ALTER TABLE `plumbline`.`panes` REMOVE TTL")
	f(schemaState{1, 0, 14}, forever)
}
