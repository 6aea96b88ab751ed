package pipeline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func matchers(t *testing.T, list ...string) []Matcher {
	t.Helper()
	var out []Matcher
	for _, s := range list {
		m, err := ParseMatcher(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func TestParseMatcher(t *testing.T) {
	for _, c := range []struct {
		text, value string
		matches     bool
	}{
		{`a=b`, "b", true}, {`a=b`, "bb", false}, {`a="b"`, "b", true}, {` a = "b" `, "b", true}, {`a=""`, "", true}, {`a=`, "", true}, {`a=`, "x", false},
		{`a!=b`, "b", false}, {`a!=b`, "", true}, {`a="x y"`, "x y", true}, {`a="say \"hi\""`, `say "hi"`, true}, {`a="back\\slash"`, `back\slash`, true},
		{`a=~b|c`, "c", true}, {`a=~"b|c"`, "bc", false}, {`a=~"b|c"`, "xb", false}, {`a=~"b.*"`, "b", true}, {`a=~".+"`, "", false}, {`a=~"\d+"`, "42", true},
		{`a!~"b|c"`, "c", false}, {`a!~"b|c"`, "d", true}, {`a!~".+"`, "", true}, {`a="=~"`, "=~", true}, {`_x9="1"`, "1", false},
	} {
		m, err := ParseMatcher(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		labels := map[string]string{}
		if c.value != "" {
			labels["a"] = c.value
		}
		if got := m.Matches(labels); got != c.matches {
			t.Errorf("%s matches a=%q: %t, want %t", c.text, c.value, got, c.matches)
		}
	}
	for _, s := range []string{"", "a", "=b", "9a=b", "a-b=c", `a="b`, `a=b"`, `a="`, `a=~"("`, `a=~"*"`} {
		if m, err := ParseMatcher(s); err == nil {
			t.Errorf("%q was taken: %+v", s, m)
		}
	}
}

// The tree and its answers are those of Alertmanager's documentation of routes: the deepest match of a branch, further branches
// only after continue, and the parent where no child matches.
func TestRoutes(t *testing.T) {
	root := &Route{Receiver: "default", Routes: []*Route{
		{Receiver: "pager", Matchers: matchers(t, `severity="page"`), Routes: []*Route{
			{Receiver: "pager-eu", Matchers: matchers(t, `region="eu"`)},
			{Receiver: "pager-us", Matchers: matchers(t, `region=~"us-.*"`)},
		}},
		{Receiver: "audit", Matchers: matchers(t, `model!=""`), Continue: true},
		{Receiver: "risk", Matchers: matchers(t, `team="risk"`, `model="credit"`)},
		{Receiver: "never", Matchers: matchers(t, `team="risk"`, `model="credit"`)},
	}}
	for labels, want := range map[string]string{
		"": "default", "team=risk": "default", "severity=page": "pager", "severity=page,region=eu": "pager-eu", "severity=page,region=us-1": "pager-us",
		"severity=page,region=asia": "pager", "severity=page,model=credit,team=risk": "pager", // the first branch without continue ends it
		"model=flights": "audit", "model=credit,team=risk": "audit risk", "team=risk,model=flights": "audit",
	} {
		set := map[string]string{}
		for pair := range strings.SplitSeq(labels, ",") {
			if k, v, ok := strings.Cut(pair, "="); ok {
				set[k] = v
			}
		}
		var got []string
		for _, r := range root.Match(set) {
			got = append(got, r.Receiver)
		}
		if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
			t.Errorf("%s: %s", labels, d)
		}
	}
}

func TestGroups(t *testing.T) {
	labels := map[string]string{"alertname": "A", "model": `m"|b="`, "feature": "f"}
	all := &Route{Receiver: "r", GroupBy: []string{"..."}}
	by := &Route{Receiver: "r", GroupBy: []string{"model", "alertname"}}
	none := &Route{Receiver: "r"}
	for _, c := range []struct {
		route *Route
		other map[string]string
		same  bool
	}{
		{by, map[string]string{"alertname": "A", "model": `m"|b="`, "feature": "g"}, true}, {by, map[string]string{"alertname": "B", "model": `m"|b="`}, false},
		{all, map[string]string{"alertname": "A", "model": `m"|b="`, "feature": "g"}, false}, {none, map[string]string{"x": "y"}, true},
		{by, map[string]string{"alertname": "A", "model": "m"}, false},
	} {
		if got := c.route.Group(labels) == c.route.Group(c.other); got != c.same {
			t.Errorf("%v and %v in one group by %v: %t, want %t", labels, c.other, c.route.GroupBy, got, c.same)
		}
	}
}
