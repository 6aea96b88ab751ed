// Package arch holds the table of who may import whom. It has no code of the product; its test reads what `go list` sees.
package arch

// allowed lists, for each package of the house, which other packages of it may be imported (tests aside). A name ending in /...
// stands for a package and all below it; the vocabulary, package plumbline itself, is allowed to everybody.
var allowed = map[string][]string{
	"plumbline":                                {},
	"plumbline/collectors":                     {},
	"plumbline/collectors/decode":              {},
	"plumbline/collectors/file":                {"plumbline/collectors"},
	"plumbline/collectors/http":                {"plumbline/collectors"},
	"plumbline/collectors/kafka":               {"plumbline/collectors"},
	"plumbline/profiles":                       {"plumbline/profiles/projection"},
	"plumbline/store":                          {},
	"plumbline/store/sqlite":                   {"plumbline/store", "plumbline/internal/sqlitefile"},
	"plumbline/store/clickhouse":               {"plumbline/store"},
	"plumbline/profiles/projection":            {},
	"plumbline/detectors":                      {"plumbline/profiles", "plumbline/profiles/projection"},
	"plumbline/detectors/exact":                {"plumbline/detectors"},
	"plumbline/detectors/sequential":           {"plumbline/detectors"},
	"plumbline/detectors/sequential/runlength": {"plumbline/detectors/sequential"},
	"plumbline/detectors/mmd":                  {"plumbline/detectors", "plumbline/profiles/projection"},
	"plumbline/detectors/incumbents":           {"plumbline/detectors", "plumbline/detectors/exact"},
	"plumbline/rules":                          {"plumbline/internal/strictyaml"},
	"plumbline/ledger":                         {"plumbline/internal/sqlitefile"},
	"plumbline/sinks":                          {},
	"plumbline/sinks/slack":                    {"plumbline/sinks"},
	"plumbline/sinks/webhook":                  {"plumbline/sinks"},
	"plumbline/dashboards":                     {},
	"plumbline/deploy":                         {},
	"plumbline/examples":                       {},
	"plumbline/internal/strictyaml":            {},
	"plumbline/internal/sqlitefile":            {},
	"plumbline/internal/secret":                {"plumbline/internal/strictyaml"},
	"plumbline/internal/holidays":              {},
	"plumbline/internal/config":                {"plumbline/internal/strictyaml", "plumbline/internal/secret", "plumbline/internal/holidays"},
	"plumbline/internal/tables":                {"plumbline/collectors/decode"},
	"plumbline/internal/compare":               {"plumbline/internal/tables", "plumbline/profiles", "plumbline/detectors/..."},
	"plumbline/internal/pipeline":              {"plumbline/collectors", "plumbline/collectors/decode", "plumbline/profiles", "plumbline/store", "plumbline/detectors", "plumbline/detectors/sequential", "plumbline/rules", "plumbline/ledger", "plumbline/sinks", "plumbline/internal/holidays"},
	"plumbline/internal/app":                   {"plumbline/..."},
	"plumbline/cmd/plumbline":                  {"plumbline/..."},
}

// confined lists third-party modules that only some packages may import, tests aside.
var confined = map[string][]string{
	"github.com/segmentio/kafka-go":          {"plumbline/collectors/kafka"},
	"github.com/ClickHouse/clickhouse-go/v2": {"plumbline/store/clickhouse"},
	"gonum.org/v1/gonum":                     {"plumbline/detectors/..."},
	"github.com/slack-go/slack":              {"plumbline/sinks/slack"},
	"github.com/prometheus/client_golang":    {"plumbline/internal/app"},
	"github.com/expr-lang/expr":              {"plumbline/rules"},
	"github.com/rickar/cal/v2":               {"plumbline/internal/holidays"},
	"modernc.org/sqlite":                     {"plumbline/internal/sqlitefile"},
	"gopkg.in/yaml.v3":                       {"plumbline/internal/strictyaml", "plumbline/internal/config", "plumbline/internal/secret"},
}
