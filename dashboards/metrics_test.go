package dashboards

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// metric is one that the daemon registers.
type metric struct {
	Type   string
	Labels []string
}

// sourceMetrics reads from the source of internal/app what it registers: the package exports no registry, and a daemon that has
// just started does not show the metrics that nothing happened to yet.
func sourceMetrics(t testing.TB) map[string]metric {
	t.Helper()
	const dir = "../internal/app"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]metric{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), dir+"/"+e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		lists := stringLists(f)
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if name, m, ok := registered(call, lists); ok {
					found["plumbline_"+name] = m
				}
			}
			return true
		})
	}
	if len(found) < 20 {
		t.Fatalf("only %d metrics found in %s: the way they are made has changed, teach registered", len(found), dir)
	}
	return found
}

// registered understands counter("name", help, labels…), gauge and desc likewise, and prometheus.NewX(prometheus.XOpts{Name: …}, labels).
func registered(call *ast.CallExpr, lists map[string][]string) (string, metric, bool) {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		kind, ok := map[string]string{"counter": "counter", "gauge": "gauge", "desc": "gauge"}[f.Name]
		if !ok || len(call.Args) < 2 {
			return "", metric{}, false
		}
		name, ok := text(call.Args[0])
		if strings.HasSuffix(name, "_total") {
			kind = "counter"
		}
		m := metric{Type: kind}
		for _, a := range call.Args[2:] {
			if s, ok := text(a); ok {
				m.Labels = append(m.Labels, s)
			} else if id, ok := a.(*ast.Ident); ok {
				m.Labels = append(m.Labels, lists[id.Name]...)
			}
		}
		return name, m, ok
	case *ast.SelectorExpr:
		kind, ok := strings.CutPrefix(f.Sel.Name, "New")
		if !ok || len(call.Args) == 0 {
			return "", metric{}, false
		}
		opts, ok := call.Args[0].(*ast.CompositeLit)
		if !ok {
			return "", metric{}, false
		}
		m := metric{Type: strings.ToLower(strings.TrimSuffix(kind, "Vec"))}
		if len(call.Args) > 1 {
			m.Labels = elements(call.Args[1])
		}
		for _, e := range opts.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Name" {
				name, ok := text(kv.Value)
				return name, m, ok
			}
		}
	}
	return "", metric{}, false
}

func text(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

func elements(e ast.Expr) (out []string) {
	if list, ok := e.(*ast.CompositeLit); ok {
		for _, x := range list.Elts {
			if s, ok := text(x); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

// stringLists are the variables of a file that hold a literal list of strings.
func stringLists(f *ast.File) map[string][]string {
	out := map[string][]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == 1 && len(a.Rhs) == 1 {
			if id, ok := a.Lhs[0].(*ast.Ident); ok {
				if list := elements(a.Rhs[0]); list != nil {
					out[id.Name] = list
				}
			}
		}
		return true
	})
	return out
}

// standard are the metrics of client_golang's own collectors, and Prometheus' own, that the files here use.
var standard = []string{"up", "ALERTS", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_max_fds"}

var metricName = regexp.MustCompile(`\b(?:plumbline|process|go)_\w+`)

func TestEveryMetricExists(t *testing.T) {
	known := map[string]bool{}
	for name, m := range sourceMetrics(t) {
		known[name] = true
		if m.Type == "histogram" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				known[name+suffix] = true
			}
		}
	}
	for _, name := range standard {
		known[name] = true
	}
	for where, expr := range expressions(t) {
		for _, name := range metricName.FindAllString(expr, -1) {
			if !known[name] {
				t.Errorf("%s: no metric is called %s", where, name)
			}
		}
	}
}

// expressions are all of the dashboards' and of the rules', by where they stand.
func expressions(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, d := range load(t) {
		for _, q := range queries(d) {
			out[q.where] = q.expr
		}
		for _, v := range d.Templating.List {
			if v.Type == "query" {
				out[d.UID+", variable "+v.Name] = v.text()
			}
		}
	}
	for _, r := range alertRules(t) {
		out["prometheus-rules.yaml, "+r.Alert] = r.Expr
	}
	return out
}

type alertRule struct {
	Alert       string
	Expr        string
	For         string
	Labels      map[string]string
	Annotations map[string]string
}

func alertRules(t testing.TB) []alertRule {
	t.Helper()
	data, err := fs.ReadFile(Files, "prometheus-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct{ Rules []alertRule }
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	var out []alertRule
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	if len(out) == 0 {
		t.Fatal("no rules")
	}
	return out
}

func TestEveryRuleIsExplained(t *testing.T) {
	operating, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range alertRules(t) {
		if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s: severity %q, summary %q, description %q", r.Alert, r.Labels["severity"], r.Annotations["summary"], r.Annotations["description"])
		}
		if !strings.Contains(string(operating), "`"+r.Alert+"`") {
			t.Errorf("docs/operating.md does not say what to do about %s", r.Alert)
		}
	}
}

var metricRow = regexp.MustCompile("(?m)^\\| `(plumbline_\\w+)` \\| (\\w+) \\| ([^|]*) \\| [^|]{10,} \\|$")

func TestMetricsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, row := range metricRow.FindAllStringSubmatch(string(doc), -1) {
		if told[row[1]] != "" {
			t.Errorf("%s has two rows", row[1])
		}
		told[row[1]] = fmt.Sprintf("%s (%s)", row[2], strings.ReplaceAll(row[3], "`", ""))
	}
	want := map[string]string{}
	for name, m := range sourceMetrics(t) {
		labels := strings.Join(m.Labels, ", ")
		if labels == "" {
			labels = "–"
		}
		want[name] = fmt.Sprintf("%s (%s)", m.Type, labels)
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("docs/metrics.md differs from the source (-source +doc):\n%s", diff)
	}
	if lines := strings.Count(string(doc), "| `plumbline_"); lines != len(told) {
		t.Errorf("%d rows of %d are in no form the test reads", lines-len(told), lines)
	}
}
