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
	return Config{Addresses: []string{"127.0.0.1:9000"}, Database: "plumbline", PaneRetention: 400 * day, SampleRetention: 14 * day}
}

func TestStatements(t *testing.T) {
	cluster := valid()
	cluster.Cluster = "main"
	forever := valid()
	forever.PaneRetention, forever.SampleRetention = 0, time.Hour // an hour is a day
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
	changed := func(where, how string) (out []string) {
		for _, name := range []string{"panes", "answers", "labels"} { // they live and die together
			out = append(out, "ALTER TABLE `plumbline`.`"+name+where+how)
		}
		return out
	}
	f(as, longer, changed("`", " MODIFY TTL written + INTERVAL 500 DAY")...)
	longer.Cluster = "main"
	f(as, longer, changed("_local` ON CLUSTER `main`", " MODIFY TTL written + INTERVAL 500 DAY")...)
	forever := valid()
	forever.PaneRetention = 0
	f(as, forever, changed("`", " REMOVE TTL")...)
	f(schemaState{1, 0, 14}, forever)
	samplesOnly := valid()
	samplesOnly.SampleRetention = 30 * day
	f(as, samplesOnly, "ALTER TABLE `plumbline`.`samples` MODIFY TTL written + INTERVAL 30 DAY")
}
