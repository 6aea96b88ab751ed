package rules

import (
	"strings"
	"testing"
	"time"

	"plumbline"
)

func TestContractsAreRules(t *testing.T) {
	c := testCatalogue()
	c.Models = []plumbline.Model{
		{Name: "quiet"},
		{
			Name: "odd [name]*", Owner: "{{ #team }}", File: "models/odd.yaml", Line: 3,
			Contract: plumbline.Contract{
				Latency: map[string]time.Duration{"p99": 50 * time.Millisecond, "p50": 1500 * time.Microsecond},
				Memory:  768e6, Quality: map[string]float64{"accuracy": 0.7, "auc": 0.7},
			},
		},
	}
	groups, problems := ContractRules(c)
	if len(problems) != 1 || problems[0].File != "models/odd.yaml" || problems[0].Line != 3 || !strings.Contains(problems[0].Message, "auc") {
		t.Errorf("problems: %v", problems)
	}
	if len(groups) != 1 || groups[0].Interval != time.Minute {
		t.Fatalf("groups: %+v", groups)
	}
	want := []string{
		`volume("6h") >= 100 and latency_p50("6h") > 1.5 and latency_p50("1h") > 1.5`,
		`volume("6h") >= 100 and latency_p99("6h") > 50 and latency_p99("1h") > 50`,
		`volume("6h") >= 100 and memory("6h") > 768 and memory("1h") > 768`,
		`accuracy("7d") < 0.7 and accuracy_upper("7d") < 0.7`,
	}
	for i, r := range groups[0].Rules {
		if i >= len(want) || r.Expr != want[i] {
			t.Errorf("rule %d: %s", i, r.Expr)
		}
		if r.ForEach["model"] != `odd \[name]\*` || r.source() != "models/odd.yaml:3" || r.NoData != NoDataKeep {
			t.Errorf("rule %d: %+v", i, r)
		}
	}
	src := &fake{
		value: func(q Query, _ time.Time) (float64, error) {
			return map[string]float64{"volume": 1000, "latency_p99": 61.5}[q.Func], nil
		},
		targets: func(map[string]string, time.Time) ([]map[string]string, error) {
			return []map[string]string{{"model": "odd [name]*", "version": "1"}}, nil
		},
	}
	e := NewEngine(groups[0], nil)
	for minute := range 61 {
		res, err := e.Eval(t.Context(), start.Add(time.Duration(minute)*time.Minute), src)
		if err != nil || len(res.Errors) > 0 {
			t.Fatal(err, res.Errors)
		}
		for _, tr := range res.Transitions {
			switch a := tr.Alert; {
			case a.Name == "ContractLatencyP99" && minute == 10:
				if s := a.Annotations["summary"]; s != "odd [name]* breaks its contract: latency_p99 is 61.5 ms, promised at most 50 ms" {
					t.Error(s)
				}
				if a.Labels["owner"] != "{{ #team }}" || a.Labels["contract"] != "latency_p99" {
					t.Error(a.Labels)
				}
			case a.Name == "ContractQuality" && minute == 60:
			default:
				t.Errorf("minute %d: %+v", minute, a)
			}
		}
	}
}
