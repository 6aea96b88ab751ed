package rules

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"plumbline"
	"plumbline/internal/strictyaml"
)

// ContractRules turns the contracts of the catalogue's models into rules, one group for each model that has one. A promise about
// a statistic that no function computes is a problem at the manifest.
//
// A limit is broken when it is broken over the last six hours (enough records for a tail) and still over the last hour (so that
// the alert ends soon after the cause). Quality is judged over seven days, by the metric's upper bound too where there is one, so
// that few labels don't alarm. A model that falls silent keeps its alerts for a week.
func ContractRules(c Catalogue) ([]Group, plumbline.Problems) {
	var groups []Group
	var problems plumbline.Problems
	for _, m := range c.Models {
		g := Group{Name: "contract of " + m.Name, Interval: defaultInterval(c), File: m.File}
		for _, p := range promises(m, c) {
			if !offers(c, p.function) {
				problems = append(problems, plumbline.Problem{File: m.File, Line: m.Line, Column: 1, Severity: plumbline.SeverityError,
					Message: fmt.Sprintf("the contract of %q limits %s, which is not computed", m.Name, p.function), Hint: strictyaml.Suggest(p.function, functionNames(c))})
				continue
			}
			r := &Rule{
				Alert: p.alert, Expr: p.expr, Clear: p.clear, For: max(p.wait, g.Interval), ForEach: map[string]string{"model": escapeGlob(m.Name), "version": "*"},
				Labels:      map[string]string{"severity": "critical", "contract": p.function},
				Annotations: map[string]string{"summary": p.summary, "description": p.description}, File: m.File, Line: m.Line,
			}
			if m.Owner != "" {
				r.Labels["owner"] = "{{ " + strconv.Quote(m.Owner) + " }}" // a name is data, never a template
			}
			broken := false
			for _, wrong := range r.compile(&g, c) {
				broken = broken || wrong.severity == plumbline.SeverityError
				problems = append(problems, plumbline.Problem{File: m.File, Line: m.Line, Column: 1, Severity: wrong.severity,
					Message: fmt.Sprintf("the contract of %q: %s", m.Name, wrong.message), Hint: wrong.hint})
			}
			if !broken {
				g.Rules = append(g.Rules, r)
			}
		}
		if len(g.Rules) > 0 {
			identify(g.Name, g.Rules)
			groups = append(groups, g)
		}
	}
	return groups, problems
}

// promise is one limit of a contract as the parts of a rule.
type promise struct {
	alert, function, expr, clear, summary, description string
	wait                                               time.Duration
}

func promises(m plumbline.Model, c Catalogue) []promise {
	var list []promise
	limit := func(alert, function, unit string, most float64) {
		n := strconv.FormatFloat(most, 'f', -1, 64)
		list = append(list, promise{
			alert: alert, function: function, wait: 10 * time.Minute,
			expr:        fmt.Sprintf(`volume("6h") >= 100 and %s("6h") > %s and %s("1h") > %s`, function, n, function, n),
			clear:       fmt.Sprintf(`volume("7d") == 0 or %s("1h") <= %s`, function, n),
			summary:     fmt.Sprintf(`{{ $labels.model }} breaks its contract: %s is {{ printf "%%.4g" $values.%s }} %s, promised at most %s %s`, function, function, unit, n, unit),
			description: "Measured over the last six hours on {{ $values.volume }} records, and still so in the last hour. Compare with the last release of the model and of its server; look at volume and error_share of the same hours.",
		})
	}
	quantiles := make([]string, 0, len(m.Contract.Latency))
	for q := range m.Contract.Latency {
		quantiles = append(quantiles, q)
	}
	sort.Strings(quantiles)
	for _, q := range quantiles {
		limit("ContractLatency"+strings.ToUpper(q), "latency_"+q, "ms", float64(m.Contract.Latency[q])/float64(time.Millisecond))
	}
	if m.Contract.Memory > 0 {
		limit("ContractMemory", "memory", "MB", float64(m.Contract.Memory)/1e6)
	}
	for _, metric := range sortedKeys(m.Contract.Quality) {
		n := strconv.FormatFloat(m.Contract.Quality[metric], 'f', -1, 64)
		expr := fmt.Sprintf(`%s("7d") < %s`, metric, n)
		if offers(c, metric+"_upper") {
			expr += fmt.Sprintf(` and %s_upper("7d") < %s`, metric, n)
		}
		list = append(list, promise{
			alert: "ContractQuality", function: metric, wait: time.Hour, expr: expr,
			clear:       fmt.Sprintf(`volume("7d") == 0 or %s("7d") >= %s`, metric, n),
			summary:     fmt.Sprintf(`{{ $labels.model }} breaks its contract: %s is {{ printf "%%.3f" $values.%s }}, promised at least %s`, metric, metric, n),
			description: "Measured over seven days on the answers whose label has arrived. Look for slices that are worse than the rest and for inputs that drifted in the same days; if both are quiet, the world changed and the model needs new data.",
		})
	}
	return list
}

func offers(c Catalogue, function string) bool {
	for _, f := range c.Functions {
		if f.Name == function && f.Scope == ModelScope && len(f.Args) == 0 {
			return true
		}
	}
	return false
}

func functionNames(c Catalogue) []string {
	var names []string
	for _, f := range c.Functions {
		if f.Scope == ModelScope {
			names = append(names, f.Name)
		}
	}
	return names
}

// escapeGlob makes a pattern that matches a name only.
func escapeGlob(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}
