package rules

import (
	"strings"
	"testing"
	"time"

	"plumbline"
)

// A rule's budget is shared equally by the windows it judges by.
func TestBudgetIsSharedByCalls(t *testing.T) {
	for text, want := range map[string]struct {
		budget   plumbline.Budget
		tolerate float64
	}{
		`{alert: A, expr: 'drifted("1d") > 0'}`: {plumbline.DefaultBudget, 0},
		`{alert: A, budget: 2 per 1w, tolerate: 0.1, expr: 'drifted("1d") > 0', clear: 'drifted("1d") == 0'}`:                               {plumbline.Budget{Alarms: 2, Period: 7 * 24 * time.Hour}, 0.1},
		`{alert: A, budget: 1 per 30d, expr: 'drifted("1d") > 9 or drifted("1h") > 9', clear: 'drifted("1d") == 0 and psi("f", "1h") < 1'}`: {plumbline.Budget{Alarms: 0.5, Period: 30 * 24 * time.Hour}, 0},
	} {
		src := script("1")
		if _, err := NewEngine(mustParse(t, `groups: [{name: g, rules: [`+text+`]}]`), nil).Eval(t.Context(), start, src); err != nil {
			t.Fatal(err)
		}
		if len(src.asked) == 0 {
			t.Fatalf("%s asks nothing", text)
		}
		for _, q := range src.asked {
			if q.Budget != want.budget || q.Tolerate != want.tolerate {
				t.Errorf("%s asks with %v and %v, want %v and %v", text, q.Budget, q.Tolerate, want.budget, want.tolerate)
			}
		}
	}
}

func TestBudgetMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`budget: often, expr: 'drifted("1d") > 0'`:                         `3:30: error: budget "often": write a number of false alarms per time, like 1 per 30d`,
		`budget: 1 per moon, expr: 'drifted("1d") > 0'`:                    "moon is no duration",
		`budget: 1 per 30d, expr: 'volume("1d") > 0'`:                      "nothing in the expression spends a budget",
		`tolerate: 0.1, expr: 'volume("1d") > 0'`:                          "nothing in the expression spends a budget",
		`tolerate: -1, expr: 'drifted("1d") > 0'`:                          "between 0 and 10",
		`tolerate: .nan, expr: 'drifted("1d") > 0'`:                        "expected a number",
		`tolerate: 11, expr: 'drifted("1d") > 0'`:                          "between 0 and 10",
		`budget: 1 per 1s, expr: 'drifted("1d") > 0'`:                      `3:30: error: 1 per 1s is more than drifted("1d") can spend`,
		`budget: 1 per 1d, expr: 'drifted("7d") > 0'`:                      "the largest budget here is 1 per 2d;",
		`budget: 3 per 2h, expr: 'drifted("1h") > 0'`:                      "the largest budget here is 1 per 2h;",
		`budget: 3 per 2d, expr: 'drifted("1d") > 0 or drifted("1h") > 3'`: "the largest budget here is 1 per 1d;", // half of it for each
		`tolerate: 2, expr: 'risk("30d") > 1'`:                             "what risk tolerates is a share, from 0 to below 1",
		`tolerate: 1, expr: 'drifted("1d") > 0 or risk("30d") > 1'`:        "what risk tolerates is a share",
		`expr: 'risk("1h") > 1'`:                                           "the window 1h is too short for risk",
		`expr: 'risk("84h") > 1'`:                                          "the window 3d12h is no multiple of 1d",
	} {
		_, problems := Parse("r.yaml", []byte("groups:\n- name: g\n  rules: [{alert: A, "+text+"}]\n"), testCatalogue())
		if len(problems) != 1 || !strings.Contains(problems[0].String(), want) {
			t.Errorf("%s: %v, want %q", text, problems, want)
		}
	}
	for _, text := range []string{`budget: 1 per 2d, expr: 'drifted("1d") > 0'`, `budget: 1 per 2h, expr: 'drifted("1h") > 0'`, `budget: 1 per 1d, expr: 'drifted("1d") > 0 or drifted("1h") > 3'`,
		`tolerate: 0.99, expr: 'risk("2d") > 1'`, `tolerate: 10, expr: 'drifted("1d") > 0'`} {
		if _, problems := Parse("r.yaml", []byte("groups:\n- name: g\n  rules: [{alert: A, "+text+"}]\n"), testCatalogue()); len(problems) > 0 {
			t.Errorf("%s: %v", text, problems)
		}
	}
}

// What a counting statistic counted is evidence of the alert, beside the count.
func TestCountedFindingsAreEvidence(t *testing.T) {
	g := mustParse(t, `groups: [{name: g, rules: [{alert: A, expr: 'drifted("1d") > 0'}]}]`)
	one := 1.0
	src := counting{finding: plumbline.Finding{Test: "drifted", Value: &one, Counted: []plumbline.Finding{{Test: "psi", Feature: "temp", Value: &one}, {Test: "ad", Feature: "dewp", Value: &one}}}}
	res, err := NewEngine(g, nil).Eval(t.Context(), start, src)
	if err != nil || len(res.Transitions) != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	found := res.Transitions[0].Alert.Findings
	if len(found) != 3 || found[0].Test != "drifted" || found[0].Counted != nil || found[1].Feature != "temp" || found[2].Feature != "dewp" {
		t.Errorf("evidence %+v", found)
	}
}
