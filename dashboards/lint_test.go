package dashboards

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// dashboard is what the tests read of Grafana's Classic JSON.
type dashboard struct {
	ID            *int     `json:"id"`
	UID           string   `json:"uid"`
	Title         string   `json:"title"`
	Refresh       string   `json:"refresh"`
	SchemaVersion int      `json:"schemaVersion"`
	Inputs        any      `json:"__inputs"`
	Panels        []*panel `json:"panels"`
	Templating    struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []struct {
			Name string `json:"name"`
			Expr string `json:"expr"`
		} `json:"list"`
	} `json:"annotations"`
}

type variable struct {
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	Query      json.RawMessage `json:"query"`
	Current    json.RawMessage `json:"current"`
	IncludeAll bool            `json:"includeAll"`
}

// text is a query variable's query, which stands in an object, or a datasource variable's.
func (v variable) text() string {
	var plain string
	if json.Unmarshal(v.Query, &plain) == nil {
		return plain
	}
	var q struct {
		Query string `json:"query"`
	}
	_ = json.Unmarshal(v.Query, &q) // no query is no text
	return q.Query
}

type panel struct {
	ID          int        `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Datasource  datasource `json:"datasource"`
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []target `json:"targets"`
	Panels  []*panel `json:"panels"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type target struct {
	RefID      string     `json:"refId"`
	Expr       string     `json:"expr"`
	Datasource datasource `json:"datasource"`
}

func load(t testing.TB) map[string]*dashboard {
	t.Helper()
	names, err := fs.Glob(Files, "*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	out := map[string]*dashboard{}
	for _, name := range names {
		data, err := fs.ReadFile(Files, name)
		if err != nil {
			t.Fatal(err)
		}
		d := new(dashboard)
		if err := json.Unmarshal(data, d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = d
	}
	return out
}

var prometheusSource = datasource{"prometheus", "$datasource"}

func TestDashboards(t *testing.T) {
	uids := map[string]string{}
	for name, d := range load(t) {
		t.Run(name, func(t *testing.T) {
			if d.UID+".json" != name {
				t.Errorf("uid %q: the file is called after it", d.UID)
			}
			if other := uids[d.Title]; other != "" {
				t.Errorf("title %q is taken by %s", d.Title, other)
			}
			uids[d.Title] = name
			if d.ID != nil || d.Inputs != nil || d.Refresh != "1m" || d.SchemaVersion != 39 {
				t.Errorf("id %v, __inputs %v, refresh %q, schemaVersion %d: want null, none, 1m, 39", d.ID, d.Inputs, d.Refresh, d.SchemaVersion)
			}
			if v := d.Templating.List; len(v) == 0 || v[0].Name != "datasource" || v[0].Type != "datasource" || v[0].text() != "prometheus" {
				t.Error("the first variable must be datasource, of type datasource, for prometheus")
			}
			lintPanels(t, d)
			lintVariables(t, d)
		})
	}
}

func lintPanels(t *testing.T, d *dashboard) {
	ids, titles, taken := map[int]bool{}, map[string]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 {
			t.Errorf("panel %q: id %d is taken", p.Title, p.ID)
		}
		ids[p.ID] = true
		if titles[p.Title] || p.Title == "" {
			t.Errorf("panel %d: its title %q must be its own", p.ID, p.Title)
		}
		titles[p.Title] = true
		g := p.GridPos
		if g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 {
			t.Errorf("panel %q: gridPos %+v leaves the grid", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("panels %q and %q overlap", other, p.Title)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			if len(p.Panels) > 0 {
				t.Errorf("row %q hides panels from these tests", p.Title)
			}
			continue
		}
		if len(p.Description) < 20 || p.FieldConfig.Defaults.Unit == "" || p.Datasource != prometheusSource {
			t.Errorf("panel %q: description %q, unit %q, datasource %v", p.Title, p.Description, p.FieldConfig.Defaults.Unit, p.Datasource)
		}
		if len(p.Targets) == 0 {
			t.Errorf("panel %q asks nothing", p.Title)
		}
		refs := map[string]bool{}
		for _, q := range p.Targets {
			if refs[q.RefID] || q.RefID == "" || q.Datasource != prometheusSource {
				t.Errorf("panel %q: target %q: its name must be its own, its datasource the variable", p.Title, q.RefID)
			}
			refs[q.RefID] = true
			for _, e := range fixedRange.FindAllString(q.Expr, -1) {
				t.Errorf("panel %q: %s: a graph's rate goes over $__rate_interval", p.Title, e)
			}
			if !strings.Contains(q.Expr, `job=~"$job"`) {
				t.Errorf("panel %q: %s: not restricted to the job", p.Title, q.Expr)
			}
		}
	}
}

// fixedRange is a rate over a range of its own. An increase over an hour is a number of its own, said in the panel's title.
var fixedRange = regexp.MustCompile(`\b(rate|irate)\([^\[]*\[[^$]\w*\]`)

var usedVariable = regexp.MustCompile(`\$\{?(\w+)`)

func lintVariables(t *testing.T, d *dashboard) {
	known, used := map[string]bool{"__rate_interval": true}, map[string]bool{"datasource": true}
	for _, v := range d.Templating.List {
		known[v.Name] = true
		note(used, v.text())
	}
	for _, q := range queries(d) {
		note(used, q.expr)
	}
	for name := range used {
		if !known[name] {
			t.Errorf("$%s is not a variable", name)
		}
	}
	for name := range known {
		if !used[name] {
			t.Errorf("the variable %s is not used", name)
		}
	}
}

func note(used map[string]bool, text string) {
	for _, m := range usedVariable.FindAllStringSubmatch(text, -1) {
		used[m[1]] = true
	}
}

// query is one expression of a dashboard and where it stands.
type query struct{ where, expr string }

func queries(d *dashboard) []query {
	var out []query
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			out = append(out, query{fmt.Sprintf("%s, panel %q, %s", d.UID, p.Title, q.RefID), q.Expr})
		}
	}
	for _, a := range d.Annotations.List {
		if a.Expr != "" {
			out = append(out, query{fmt.Sprintf("%s, annotation %q", d.UID, a.Name), a.Expr})
		}
	}
	return out
}
