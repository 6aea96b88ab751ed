package rules

import (
	"fmt"
	"strings"
	"testing"

	"plumbline"
)

// Names that nobody declared are doubted where they look like a slip of known ones, also where any model may come with its records; and
// all of them where a baseline tells every feature of the one model that is meant.
func TestNamesAreCheckedWhereTheyAreKnown(t *testing.T) {
	models := []plumbline.Model{{Name: "loans", Features: []plumbline.Feature{{Name: "amount"}}}, {Name: "flights"}}
	baselines := map[string]Features{"loans": {Inputs: []string{"age", "amount", "country"}, Others: []string{"score", "queue_ms"}}}
	for _, c := range []struct {
		name, rule string
		open, kept bool
		want       string // of the one problem
	}{
		{"a slip of the only feature's name", `for_each: {model: loans}, expr: 'psi("amuont", "1d") > 1'`, true, true, `warning: no manifest and no baseline has the feature "amuont" / did you mean amount?`},
		{"also without a model", `expr: 'psi("amuont", "1d") > 1'`, true, true, ""}, // flights may have it
		{"a slip in clear", `for_each: {model: lo*}, expr: 'volume("1d") > 1', clear: 'mean("cuontry", "1d") < 1'`, true, true, `has the feature "cuontry" / did you mean country?`},
		{"another name of a known baseline", `for_each: {model: loans}, expr: 'psi("wage_of_all", "1d") > 1'`, true, true, `has the feature "wage_of_all" / known here: age, amount, country`},
		{"which another model may have", `for_each: {model: lo*}, expr: 'psi("wage_of_all", "1d") > 1'`, true, true, ""},
		{"or which the records may", `for_each: {model: loans}, expr: 'psi("wage_of_all", "1d") > 1'`, true, false, ""},
		{"a slip of the manifest's", `for_each: {model: loans}, expr: 'psi("amuont", "1d") > 1'`, true, false, `no manifest declares the feature "amuont" / did you mean amount?`},
		{"the same where no model may come", `for_each: {model: loans}, expr: 'psi("wage_of_all", "1d") > 1'`, false, false, `no manifest declares the feature "wage_of_all" / only amount is known here`},
		{"what every model has", `for_each: {model: loans}, expr: 'mean("score", "1d") + mean("latency_ms", "1d") + mean("queue_ms", "1d") > 1'`, false, true, ""},
		{"a bound feature", `for_each: {model: loans, feature: amuont}, expr: 'psi("1d") > 1'`, true, true, `no feature of manifests and baselines matches "amuont" / did you mean amount?`},
		{"a bound output", `for_each: {model: loans, feature: score}, expr: 'psi("1d") > 1'`, true, true, `no feature of manifests and baselines matches "score" / known here: age, amount, country`},
		{"any feature", `for_each: {model: loans, feature: "*"}, expr: 'psi("1d") > 1'`, true, true, ""},
		{"a slip of a model", `for_each: {model: laons}, expr: 'volume("1d") > 1'`, true, true, `no declared model matches "laons" / did you mean loans?`},
		{"another model, which may come", `for_each: {model: churn}, expr: 'volume("1d") > 1'`, true, true, ""},
		{"or not", `for_each: {model: churn}, expr: 'volume("1d") > 1'`, false, true, `no declared model matches "churn" / no manifest declares it`},
	} {
		catalogue := testCatalogue()
		if catalogue.Models, catalogue.Open = models, c.open; c.kept {
			catalogue.Features = baselines
		}
		_, problems := Parse("rules.yaml", fmt.Appendf(nil, "groups: [{name: g, rules: [{alert: A, %s}]}]", c.rule), catalogue)
		got := ""
		for _, p := range problems {
			got += fmt.Sprintf("%d:%d: %s: %s / %s", p.Line, p.Column, p.Severity, p.Message, p.Hint)
		}
		if len(problems) > 1 || (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}
