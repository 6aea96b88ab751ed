package pipeline

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Matcher compares one label, as Alertmanager's matchers do. A missing label is the empty text.
type Matcher struct {
	Label  string
	Value  string
	negate bool
	regex  *regexp.Regexp
}

var matcherForm = regexp.MustCompile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*$`)

// unquoted is Alertmanager's: other backslashes stay, as regular expressions need them.
var unquoted = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n")

// ParseMatcher reads forms like severity="page", team=~"a|b", model!="x". Quotes may be left out.
func ParseMatcher(s string) (Matcher, error) {
	parts := matcherForm.FindStringSubmatch(s)
	if parts == nil {
		return Matcher{}, fmt.Errorf(`%q is not a matcher; write label="value", !=, =~ or !~`, s)
	}
	m := Matcher{Label: parts[1], Value: parts[3], negate: parts[2][0] == '!'}
	if strings.HasPrefix(m.Value, `"`) || strings.HasSuffix(m.Value, `"`) {
		n := len(m.Value)
		if n < 2 || m.Value[0] != '"' || m.Value[n-1] != '"' {
			return Matcher{}, fmt.Errorf(`%q is not a matcher: a quote is missing; write label="value"`, s)
		}
		m.Value = unquoted.Replace(m.Value[1 : n-1])
	}
	if strings.HasSuffix(parts[2], "~") {
		re, err := regexp.Compile("^(?:" + m.Value + ")$")
		if err != nil {
			return Matcher{}, fmt.Errorf("matcher %q: %w", s, err)
		}
		m.regex = re
	}
	return m, nil
}

// Matches reports whether the labels satisfy the matcher.
func (m Matcher) Matches(labels map[string]string) bool {
	v := labels[m.Label]
	ok := v == m.Value
	if m.regex != nil {
		ok = m.regex.MatchString(v)
	}
	return ok != m.negate
}

// Route is a node of the routing tree, in Alertmanager's words. Empty fields were filled from the parent.
type Route struct {
	Receiver       string
	GroupBy        []string      // ["..."]: every alert on its own
	GroupWait      time.Duration // a group's first message waits so long for more
	GroupInterval  time.Duration // least time between messages about changes of a group
	RepeatInterval time.Duration
	Matchers       []Matcher
	Continue       bool
	Routes         []*Route
}

// Match returns the routes that take the labels: the deepest of each branch, in order, stopping at the first branch without
// Continue. The root takes what no branch does.
func (r *Route) Match(labels map[string]string) []*Route {
	for _, m := range r.Matchers {
		if !m.Matches(labels) {
			return nil
		}
	}
	var out []*Route
	for _, child := range r.Routes {
		taken := child.Match(labels)
		out = append(out, taken...)
		if len(taken) > 0 && !child.Continue {
			break
		}
	}
	if len(out) == 0 {
		out = append(out, r)
	}
	return out
}

// GroupLabels are the alert's labels that make its group under the route.
func (r *Route) GroupLabels(labels map[string]string) map[string]string {
	out := map[string]string{}
	for _, n := range r.groupNames(labels) {
		if v, ok := labels[n]; ok {
			out[n] = v
		}
	}
	return out
}

// Group is the alert's group under the route: canonical text of receiver and grouping labels.
func (r *Route) Group(labels map[string]string) string {
	var b strings.Builder
	b.WriteString(r.Receiver)
	for _, n := range r.groupNames(labels) {
		fmt.Fprintf(&b, "|%s=%q", n, labels[n])
	}
	return b.String()
}

func (r *Route) groupNames(labels map[string]string) []string {
	if len(r.GroupBy) == 1 && r.GroupBy[0] == "..." {
		return slices.Sorted(maps.Keys(labels))
	}
	return r.GroupBy
}
