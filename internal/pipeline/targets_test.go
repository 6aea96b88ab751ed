package pipeline

import (
	"fmt"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/store/storetest"
)

// Records say how their version is deployed: a version in the shadow is not the model's newest, until it goes live. The manifest
// has the last word.
func TestDeploymentOfRecords(t *testing.T) {
	s := storetest.Memory()
	registry := NewRegistry(s, []plumbline.Model{{Name: "m"}, {Name: "declared", Versions: map[string]plumbline.VersionSpec{"2": {Deployment: plumbline.Shadow}}}}, testRegistryOptions(), quiet)
	c := NewCollector(s, registry, testOptions(), quiet)
	offset := int64(0)
	day := func(d float64) time.Time {
		return t0.Truncate(24 * time.Hour).Add(time.Duration(d * 24 * float64(time.Hour)))
	}
	add := func(model, version string, from, to float64, deployment string) {
		var log []collectors.Message
		for at := day(from); at.Before(day(to)); at = at.Add(time.Hour) {
			log = append(log, collectors.Message{Offset: offset, Value: fmt.Appendf(nil, `{"model":%q,"version":%q,"ts":%q,"prediction":1,"deployment":%q}`,
				model, version, at.Format(time.RFC3339), deployment)})
			offset++
		}
		feed(t, c, part(0), log)
	}
	add("m", "1", 0, 3, "live")
	add("m", "2", 1, 3, "shadow")
	add("m", "3", 2, 2.5, "canary")
	add("m", "2", 3, 5, "live")
	add("declared", "1", 0, 3, "live")
	add("declared", "2", 1, 5, "live")
	for name, m := range map[string]*Readings{"daemon": NewReadings(s, registry, false), "recorded": NewReadings(s, registry, true)} {
		for _, c := range []struct {
			model, label, want string
			at                 float64
		}{
			{"m", "1", "1:live", 1},
			{"m", "1", "1:live 2:shadow 3:canary", 2.9},
			{"m", "1", "1:live 2:shadow 3:canary", 3.2},
			{"m", "2", "1:live 2:live 3:canary", 3.8},
			{"m", "2", "1:live 2:live 3:canary", 30}, // as they were when they were last heard of
			{"declared", "1", "1:live 2:shadow", 5},
		} {
			targets := must(m.Targets(t.Context(), map[string]string{"model": c.model, "version": "*"}, day(c.at)))
			got := ""
			for i, l := range targets {
				d := l["deployment"]
				if d == "" {
					d = "live"
				}
				if i > 0 {
					got += " "
				}
				got += l["version"] + ":" + d
			}
			if got != c.want {
				t.Errorf("%s: %s on day %g: %s, want %s", name, c.model, c.at, got, c.want)
			}
			if v := must(m.newestVersion(t.Context(), c.model, day(c.at))); v == nil || *v != c.label {
				t.Errorf("%s: %s on day %g: the newest version is %v, want %s", name, c.model, c.at, orNone(v), c.label)
			}
		}
	}
}

func orNone(v *string) string {
	if v == nil {
		return "none"
	}
	return *v
}

// Names of models, features and slices are any text; a slash in them is no border for a pattern.
func TestMatchSlash(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{{"risk*", "risk/credit", true}, {"risk/*", "risk/credit", true}, {"risk?credit", "risk/credit", true}, {"risk/c", "risk/credit", false}} {
		if got := match(map[string]string{"model": c.pattern}, "model", c.name); got != c.want {
			t.Errorf("%s takes %s: %v", c.pattern, c.name, got)
		}
	}
	if !matchSlice("page=*", "page=/checkout/pay") {
		t.Error("page=* does not take page=/checkout/pay")
	}
}
