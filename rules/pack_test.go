package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline"
)

func TestPackCompiles(t *testing.T) {
	groups, problems := Pack(testCatalogue())
	if len(problems) > 0 {
		t.Error(problems)
	}
	n := 0
	for _, g := range groups {
		for _, r := range g.Rules {
			n++
			for _, name := range []string{"summary", "description"} {
				if r.Annotations[name] == "" {
					t.Errorf("%s has no %s", r.Alert, name)
				}
			}
			if s := r.Labels["severity"]; s != "warning" && s != "critical" {
				t.Errorf("%s has the severity %q", r.Alert, s)
			}
			if r.Clear == "" {
				t.Errorf("%s has no clear: without records it would seem cured", r.Alert)
			}
		}
	}
	if n != 10 {
		t.Errorf("%d rules, want 10", n)
	}
}

// The story of a model that drifts, falls silent, and comes back repaired, told by the whole pack in hours.
func TestPackTellsAStory(t *testing.T) {
	groups, _ := Pack(testCatalogue())
	hour := 0
	src := &fake{
		value: func(q Query, _ time.Time) (float64, error) {
			drifted, silent := hour >= 10 && hour < 300, hour >= 100 && hour < 200
			records := 7000.0 // a week's
			if silent {
				records = max(0, 7000-float64(hour-99)*41)
				if q.Window <= 24*time.Hour && time.Duration(hour-99)*time.Hour >= q.Window {
					records = 0
				}
			}
			switch q.Func {
			case "volume", "samples":
				return records, nil
			case "missing":
				if hour >= 20 && hour < 23 && q.Window == time.Hour {
					return 1, nil
				}
				return 0.01, nil
			case "drifted":
				switch {
				case silent:
					return 0, ErrNoData
				case drifted && q.Window == 24*time.Hour:
					return 2, nil
				}
				return 0, nil
			}
			return 0, nil
		},
		targets: func(selector map[string]string, _ time.Time) ([]map[string]string, error) {
			target := map[string]string{"model": "m"}
			if selector["version"] != "" {
				target["version"] = "1"
			}
			if selector["feature"] != "" {
				target["feature"] = "temp"
			}
			return []map[string]string{target}, nil
		},
	}
	var engines []*Engine
	for _, g := range groups {
		engines = append(engines, NewEngine(g, nil))
	}
	var got []string
	for hour = range 500 {
		for _, e := range engines {
			res, err := e.Eval(t.Context(), start.Add(time.Duration(hour)*time.Hour), src)
			if err != nil || len(res.Errors) > 0 {
				t.Fatal(err, res.Errors)
			}
			for _, tr := range res.Transitions {
				got = append(got, fmt.Sprintf("%d %s %s", hour, tr.Edge, tr.Alert.Name))
				if s := tr.Alert.Annotations["summary"]; strings.Contains(s, "error in the template") || strings.Contains(s, "n/a") && tr.Edge == plumbline.EdgeFiring {
					t.Error(s)
				}
			}
		}
	}
	want := []string{"10 firing Drift", "20 firing FeatureGone", "25 resolved FeatureGone", "124 firing NoTraffic", "200 resolved NoTraffic", "467 resolved Drift"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
