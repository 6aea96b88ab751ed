package rules

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

func TestGoodFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/*-good.yaml")
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		groups, problems := Parse(filepath.Base(file), data, declared())
		if len(problems) > 0 || len(groups) == 0 {
			t.Errorf("%s: %d groups\n%v", file, len(groups), problems)
		}
	}
}

// What a person sees of each mistake stands beside each bad file.
func TestBadFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/*-bad.yaml")
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, problems := Parse(filepath.Base(file), data, declared())
			got := problems.Error() + "\n"
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("(-want +got; -update rewrites)\n%s", d)
			}
		})
	}
}

func TestParsedRule(t *testing.T) {
	data, err := os.ReadFile("testdata/full-good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	groups, _ := Parse("rules.yaml", data, declared())
	g := groups[0]
	if g.Name != "credit-inputs" || g.Interval != time.Minute || g.Offset == nil || *g.Offset != 10*time.Second || g.Limit != 50 || g.File != "rules.yaml" {
		t.Errorf("group: %+v", g)
	}
	if groups[1].Offset != nil || groups[1].Interval != time.Minute {
		t.Errorf("group with defaults: %+v", groups[1])
	}
	r := g.Rules[0]
	r.cond, r.clear, r.labels, r.annotations = nil, nil, nil, nil
	want := &Rule{
		ID: r.ID, Group: "credit-inputs", Alert: "FeatureDrift", Expr: `samples("1h") > 500 and psi("1h") > 0.2`, Clear: `psi("1h") < 0.15`,
		ForEach: map[string]string{"model": "flights-delay", "version": "*", "feature": "t*"}, For: 15 * time.Minute, KeepFiringFor: 30 * time.Minute,
		Against: AgainstTraining, NoData: NoDataKeep, Labels: map[string]string{"team": "risk", "severity": "warning", "moved": "{{ $labels.feature }}"},
		Annotations: r.Annotations, Trigger: "retrain-flights", File: "rules.yaml", Line: 8,
	}
	if d := cmp.Diff(want, r, cmp.AllowUnexported(Rule{})); d != "" {
		t.Error(d)
	}
	if r := g.Rules[1]; r.ForEach["model"] != "*" || r.NoData != NoDataKeep {
		t.Errorf("defaults: %+v", r)
	}
	if r := g.Rules[1]; r.Against != AgainstTrailing {
		t.Errorf("against %q", r.Against)
	}
}

func TestIdentityOfRules(t *testing.T) {
	base := `groups: [{name: g, rules: [{alert: A, expr: volume("1h") > 1, for_each: {model: m}, labels: {x: y}}]}]`
	id := func(replace ...string) string {
		t.Helper()
		groups, problems := Parse("r.yaml", []byte(strings.NewReplacer(replace...).Replace(base)), testCatalogue())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return groups[0].Rules[0].ID
	}
	for _, change := range [][]string{{"name: g", "name: h"}, {"alert: A", "alert: B"}, {"> 1", "> 2"}, {"model: m", "model: n"}, {"x: y", "x: z"}, {"{alert", "{against: season, alert"}} {
		if id(change...) == id() {
			t.Errorf("%q does not change the identity", change)
		}
	}
	if id("{alert", "{for: 5m, annotations: {a: b}, no_data: ok, against: training, alert") != id() {
		t.Error("for, annotations, no_data and the default of against change the identity")
	}
}

func TestHugeFileIsRefused(t *testing.T) {
	_, problems := Parse("r.yaml", []byte(strings.Repeat("#", maxFileBytes+1)), testCatalogue())
	if !problems.Errors() {
		t.Error("accepted")
	}
}

func TestGroupNamesOfSeveralFiles(t *testing.T) {
	problems := CheckNames([]Group{{Name: "a", File: "1.yaml"}, {Name: "b", File: "1.yaml"}, {Name: "a", File: "2.yaml", Rules: []*Rule{{Line: 7}}}})
	if len(problems) != 1 || problems[0].File != "2.yaml" || problems[0].Line != 7 {
		t.Error(problems)
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		groups, problems := Parse("f.yaml", data, declared())
		lines := 2 // the end is one more; by every break that YAML knows
		for _, br := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
			lines += strings.Count(string(data), br)
		}
		for _, p := range problems {
			if p.Line < 0 || p.Line > lines || p.Message == "" || p.Severity == "" {
				t.Errorf("problem without a place or a text: %+v", p)
			}
		}
		for _, g := range groups {
			e := NewEngine(g, nil)
			src := &fake{value: func(Query, time.Time) (float64, error) { return 1, nil }}
			if _, err := e.Eval(t.Context(), start, src); err != nil {
				t.Error(err)
			}
		}
	})
}

func FuzzLocate(f *testing.F) {
	f.Add("a: >-\n  x\n  y\n", 1, 4, "x y", 2)
	f.Fuzz(func(t *testing.T, source string, line, column int, text string, offset int) {
		if l, c := locate(source, line, column, text, offset); (l != line || c != column) && (l < 1 || c < 1) {
			t.Errorf("%d:%d", l, c)
		}
	})
}
