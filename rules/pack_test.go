package rules

import "testing"

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
		}
	}
	if n != 11 {
		t.Errorf("%d rules, want 11", n)
	}
}
