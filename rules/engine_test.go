package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline"
)

func mustParse(t *testing.T, yaml string) Group {
	t.Helper()
	groups, problems := Parse("rules.yaml", []byte(yaml), testCatalogue())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return groups[0]
}

// group makes a group of one rule from its fields beyond name and expression.
func group(t *testing.T, fields string) Group {
	t.Helper()
	if fields != "" {
		fields = ", " + fields
	}
	return mustParse(t, `groups: [{name: g, interval: 1m, rules: [{alert: A, for_each: {feature: "*"}, expr: 'psi("1h") > 0.5'`+fields+`}]}]`)
}

// script is a source that plays one character an evaluation, one evaluation a minute:
// 1 the expression is true, 0 false, _ no data, n not applicable, ! the source fails, x the target does not exist.
// c is false with clear true.
func script(play string) *fake {
	char := func(at time.Time) byte { return play[int(at.Sub(start)/time.Minute)] }
	return &fake{
		value: func(q Query, at time.Time) (float64, error) {
			switch c := char(at); {
			case c == '_':
				return 0, fmt.Errorf("psi: %w", ErrNoData)
			case c == 'n':
				return 0, ErrNotApplicable
			case c == '!':
				return 0, errors.New("the store is down")
			case c == '1' && q.Func == "psi", c != 'c' && q.Func == "ks":
				return 1, nil
			}
			return 0, nil
		},
		targets: func(_ map[string]string, at time.Time) ([]map[string]string, error) {
			if char(at) == 'x' {
				return nil, nil
			}
			return []map[string]string{{"model": "m", "version": "1"}}, nil
		},
	}
}

// played runs a script and writes down each evaluation: the state (. none, P pending, F firing, N no data, R resolved), ^ and v
// for the edges firing and resolved, g when the alert is let go. With restart, every evaluation is by a new engine made from
// what the one before exported, as through a store.
func played(t *testing.T, g Group, play string, restart bool) string {
	t.Helper()
	e := NewEngine(g, nil)
	src := script(play)
	var out []string
	for i := range play {
		at := start.Add(time.Duration(i) * time.Minute)
		res, err := e.Eval(t.Context(), at, src)
		if err != nil {
			t.Fatal(err)
		}
		s := "."
		for _, a := range res.Alerts {
			switch {
			case a.State == plumbline.Inactive && !a.ResolvedAt.IsZero():
				s = "R"
			default:
				s = strings.ToUpper(string(a.State[:1]))
			}
		}
		for _, tr := range res.Transitions {
			s += map[plumbline.Edge]string{plumbline.EdgeFiring: "^", plumbline.EdgeResolved: "v"}[tr.Edge]
			if !tr.At.Equal(at) {
				t.Errorf("transition at %s, want %s", tr.At, at)
			}
		}
		for range res.Gone {
			s += "g"
		}
		if (len(res.Errors) > 0) != (play[i] == '!') {
			t.Errorf("evaluation %d (%c): errors %v", i, play[i], res.Errors)
		}
		out = append(out, s)
		if restart {
			e = NewEngine(g, roundTrip(t, res.Alerts))
		}
	}
	return strings.Join(out, " ")
}

func roundTrip(t *testing.T, alerts []plumbline.Alert) []plumbline.Alert {
	t.Helper()
	data, err := json.Marshal(alerts)
	if err != nil {
		t.Fatal(err)
	}
	var back []plumbline.Alert
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

func TestStateMachine(t *testing.T) {
	for _, c := range []struct{ name, rule, play, want string }{
		{"fires at once without for", ``, "010", ". F^ Rv"},
		{"pending for the time of for", `for: 2m`, "1111", "P P F^ F"},
		{"a false evaluation ends pending", `for: 2m`, "110111", "P P .g P P F^"},
		{"for shorter than needed stays quiet", `for: 5m`, "1110", "P P P .g"},
		{"firing only once", ``, "1111", "F^ F F F"},
		{"a new episode fires again", ``, "1010", "F^ Rv F^ Rv"},
		{"resolved is listed for 15 minutes", ``, "10" + strings.Repeat("0", 16), "F^ Rv" + strings.Repeat(" R", 14) + " .g ."},

		{"keep_firing_for counts from the last true", `keep_firing_for: 2m`, "11000", "F^ F F Fv R"},
		{"keep_firing_for is renewed", `keep_firing_for: 2m`, "1010100", "F^ F F F F F Rv"},
		{"keep_firing_for does not keep pending", `for: 1m, keep_firing_for: 5m`, "100", "P .g ."},

		{"clear holds a firing alert", `clear: 'ks("f", "1h") < 0.5'`, "1000c", "F^ F F F Rv"},
		{"clear is not asked while the expression is true", `clear: 'ks("f", "1h") < 0.5'`, "1010c", "F^ F F F Rv"},
		{"clear does not hold a pending alert", `for: 5m, clear: 'ks("f", "1h") < 0.5'`, "10", "P .g"},
		{"clear and keep_firing_for must both agree", `keep_firing_for: 3m, clear: 'ks("f", "1h") < 0.5'`, "1ccc", "F^ F F Rv"},
		{"clear alone is not enough before keep_firing_for", `keep_firing_for: 2m, clear: 'ks("f", "1h") < 0.5'`, "1c0c", "F^ F F Rv"},

		{"keep: no data freezes firing", ``, "1___10", "F^ F F F F Rv"},
		{"keep: no data never resolves", `keep_firing_for: 1m`, "1" + strings.Repeat("_", 30) + "0", "F^" + strings.Repeat(" F", 30) + " Rv"},
		{"keep: no data freezes pending", `for: 2m`, "1____111", "P P P P P P P F^"},
		{"keep: false after no data ends pending", `for: 2m`, "1_0", "P P .g"},
		{"keep: two gaps are both left out of for", `for: 3m`, "1_1_1111", "P P P P P P P F^"},
		{"keep: inactive shows no data", ``, "0_0", ". N .g"},
		{"keep: no data then true", `for: 1m`, "_11", "N P F^"},
		{"keep: no data freezes what clear holds", `clear: 'ks("f", "1h") < 0.5'`, "10_c", "F^ F F Rv"},
		{"keep: resolved then no data then false", ``, "10_0", "F^ Rv N R"},

		{"ok: no data is false", `no_data: ok`, "1_", "F^ Rv"},
		{"ok: no data ends pending", `no_data: ok, for: 1m`, "1_", "P .g"},
		{"ok: no data shows nothing", `no_data: ok`, "__", ". ."},
		{"ok: keep_firing_for still holds", `no_data: ok, keep_firing_for: 2m`, "1__", "F^ F Fv"},

		{"alert: no data is true", `no_data: alert, for: 1m`, "__0", "P F^ Rv"},
		{"alert: no data counts towards for", `no_data: alert, for: 3m`, "1__1", "P P P F^"},

		{"an error changes nothing", `for: 2m`, "1!!111", "P P P P P F^"},
		{"an error makes no instance", ``, "!0!", ". . ."},
		{"an error does not resolve", ``, "1!0", "F^ F Rv"},
		{"an error does not fire with no_data alert", `no_data: alert`, "!", "."},

		{"not applicable makes no instance", ``, "nnn", ". . ."},
		{"not applicable ends what was pending", `for: 5m`, "1n", "P .g"},
		{"not applicable after it fired is no data", ``, "1nn10", "F^ F F F Rv"},

		{"a vanished target freezes firing", ``, "1xx10", "F^ F F F Rv"},
		{"a vanished target without an episode is let go", ``, "_x", "N .g"},
		{"a vanished target is false with ok", `no_data: ok`, "1x", "F^ Rv"},
		{"a vanished target freezes pending", `for: 1m`, "1x11", "P P P F^"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := strings.ReplaceAll(c.want, "Fv", "Rv") // a resolved alert is listed as such
			for _, restart := range []bool{false, true} {
				if got := played(t, group(t, c.rule), c.play, restart); got != want {
					t.Errorf("restart %v: %s\n got %s\nwant %s", restart, c.play, got, want)
				}
			}
		})
	}
}

// Whatever happens, a firing alert resolves only by an evaluation that saw data, unless the rule says no_data: ok.
func TestMissingDataNeverResolves(t *testing.T) {
	for _, rule := range []string{``, `for: 1m`, `keep_firing_for: 1m`, `clear: 'ks("f", "1h") < 0.5'`, `no_data: alert`} {
		for n := range 625 {
			play := "11"
			for _, digit := range strconv.FormatInt(625+int64(n), 5)[1:] {
				play += string("01_xn"[digit-'0'])
			}
			states := strings.Fields(played(t, group(t, rule), play, n%2 == 0))
			for i, s := range states {
				if strings.Contains(s, "v") && strings.ContainsRune("_xn!", rune(play[i])) {
					t.Errorf("%q %s: %v", rule, play, states)
				}
			}
		}
	}
}

func TestLongVanishedTargetIsClosed(t *testing.T) {
	e := NewEngine(group(t, ""), nil)
	there := []map[string]string{{"model": "m"}}
	src := &fake{value: func(Query, time.Time) (float64, error) { return 1, nil }, targets: func(map[string]string, time.Time) ([]map[string]string, error) { return there, nil }}
	eval := func(after time.Duration) Result {
		t.Helper()
		res, err := e.Eval(t.Context(), start.Add(after), src)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	eval(0)
	there = nil
	if res := eval(time.Hour); len(res.Transitions) != 0 || res.Alerts[0].State != plumbline.Firing || res.Alerts[0].Reason != "m no longer exists" {
		t.Errorf("%+v", res)
	}
	res := eval(time.Hour + vanishedRetention)
	if len(res.Transitions) != 1 || res.Transitions[0].Edge != plumbline.EdgeResolved || !strings.Contains(res.Transitions[0].Alert.Reason, "closed without being seen to resolve") {
		t.Errorf("%+v", res)
	}
}

func TestQuestionsAreAskedOncePerEvaluation(t *testing.T) {
	g := mustParse(t, `groups: [{name: g, rules: [{alert: A, expr: volume("1h") > 0 and volume("1h") < 2}, {alert: B, expr: volume("1h") == 1 or volume("2h") > 1}]}]`)
	src := &fake{value: func(Query, time.Time) (float64, error) { return 1, nil }}
	e := NewEngine(g, nil)
	res, err := e.Eval(t.Context(), start, src)
	if err != nil || len(src.asked) != 1 || len(res.Findings) != 1 || res.Evaluated != 2 {
		t.Errorf("%v: asked %v, %d findings", err, src.asked, len(res.Findings))
	}
	if q := src.asked[0]; q.Feature != "" || q.Model != "m" || q.Window != time.Hour {
		t.Errorf("%+v", q)
	}
}

// One statistic against two references is two questions.
func TestQuestionsSayWhatTheyAreComparedWith(t *testing.T) {
	g := mustParse(t, `groups: [{name: g, rules: [{alert: A, expr: 'psi("f", "1h") > 0.5'}, {alert: A, against: season, expr: 'psi("f", "1h") > 0.5'}]}]`)
	src := script("0")
	if _, err := NewEngine(g, nil).Eval(t.Context(), start, src); err != nil {
		t.Fatal(err)
	}
	if len(src.asked) != 2 || src.asked[0].Against != AgainstTraining || src.asked[1].Against != AgainstSeason {
		t.Errorf("asked %+v", src.asked)
	}
}
