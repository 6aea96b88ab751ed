package rules

import (
	"fmt"
	"testing"
	"time"
)

// 2,000 targets of a rule like the pack's InputDrift.
func BenchmarkEval(b *testing.B) {
	groups, problems := Parse("r.yaml", []byte(`groups: [{name: g, rules: [{alert: A, for_each: {feature: "*"}, expr: samples("7d") >= 500 and psi_p("7d") < 1e-6 and psi_lower("7d") > 0.1}]}]`), testCatalogue())
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	var list []map[string]string
	for i := range 2000 {
		list = append(list, map[string]string{"model": fmt.Sprint(i / 40), "version": "1", "feature": fmt.Sprint(i % 40)})
	}
	src := &fake{
		value:   func(q Query, _ time.Time) (float64, error) { return map[string]float64{"samples": 1000}[q.Func], nil },
		targets: func(map[string]string, time.Time) ([]map[string]string, error) { return list, nil },
	}
	e := NewEngine(groups[0], nil)
	for b.Loop() {
		src.asked = nil
		if _, err := e.Eval(b.Context(), start, src); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/target")
}

func BenchmarkCompile(b *testing.B) {
	sc := newScope(testCatalogue(), map[string]string{"feature": "*"})
	for b.Loop() {
		compileExpr(`samples("7d") >= 500 and psi_p("7d") < 1e-6 and psi_lower("7d") > 0.1`, sc)
	}
}
