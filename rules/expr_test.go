package rules

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
)

func TestExpressionErrors(t *testing.T) {
	bound := newScope(testCatalogue(), map[string]string{"model": "*", "feature": "*"})
	free := newScope(testCatalogue(), map[string]string{"model": "*"})
	// bad gives the expression with ^ before the place where the error must point.
	bad := func(sc *scope, marked, message, hint string) {
		t.Helper()
		want := strings.IndexByte(marked, '^')
		text := strings.Replace(marked, "^", "", 1)
		cond, slips := compileExpr(text, sc)
		if cond != nil || len(slips) != 1 {
			t.Errorf("%s: got %d mistakes %v, want one", text, len(slips), slips)
			return
		}
		s := slips[0]
		if s.offset != want || !strings.Contains(s.message, message) || !strings.Contains(s.hint, hint) {
			t.Errorf("%s:\n got %d %q, hint %q\nwant %d %q, hint %q", text, s.offset, s.message, s.hint, want, message, hint)
		}
	}
	bad(bound, `^pis("1h") > 0.2`, `unknown function "pis"`, "did you mean psi?")
	bad(bound, `psi("1h") > 0.2 and ^sampels("1h") > 5`, `unknown function "sampels"`, "did you mean samples?")
	bad(bound, `^psi > 0.2`, "psi needs a window", `psi("1h")`)
	bad(bound, `psi("1h") > ^limit`, `unknown name "limit"`, "known here: ")
	bad(bound, `psi("1h") > ^"0.2"`, "a text where a number", "write 0.2 without the quotes")
	bad(bound, `psi(^"1x") > 0.2`, `"1x" is not a window`, "1h")
	bad(bound, `psi(^"0") > 0.2`, "longer than zero", "")
	bad(bound, `psi(^"30s") > 0.2`, "whole number of minutes", "by the minute")
	bad(bound, `psi(^"500d") > 0.2`, "longer than the store's retention 400d", "")
	bad(bound, `psi("1h", ^"age") > 0.2`, `"age" is not a window`, `psi("age", "1h")`)
	bad(free, `^psi("1h") > 0.2`, "psi needs a feature", "for_each")
	bad(free, `^volume("age", "1h") > 2`, "volume takes a window, found 2", `volume("1h")`)
	bad(free, `^class_share("1h") > 2`, "class_share takes class, a window, found 1", `class_share("some_class", "1h")`)
	bad(bound, `^psi("age", "1h", "2h") > 0.2`, "found 3", "")
	bad(bound, `^psi() > 0.2`, "found 0", "")
	bad(bound, `psi(^1) > 0.2`, "must be a text in quotes", `psi("1h")`)
	bad(bound, `psi(^window) > 0.2`, "must be a text in quotes", "")
	bad(bound, `psi(^psi("1h")) > 0.2`, "must be a text in quotes", "can't be computed from another")
	bad(bound, `^psi("1h")`, "a number, not a condition", "compare it")
	bad(bound, `psi("1h") ^and samples("1h") > 5`, "and does not work between a number and a condition", "compare each number")
	bad(bound, `^not psi("1h")`, "not does not work on a number", "")
	bad(bound, `psi("1h") ^/ 0 > 1`, "division by zero", "")
	bad(bound, `psi("1h") ^/ -0.0 > 1`, "division by zero", "")
	bad(bound, `psi("1h") ^^ 2 > 1`, "operator ^ is not available", "there are and or")
	bad(bound, `psi("1h") ^% 2 > 1`, "operator % is not available", "")
	bad(bound, `psi("1h") ^matches "x"`, "operator matches is not available", "")
	bad(bound, `psi("1h") ^in 1..3`, "operator in is not available", "")
	bad(bound, `psi("1h") ^= 1`, "unexpected operator", "equality is ==")
	bad(bound, `(psi("1h") > 0.2^`, "ends too early", "close every bracket")
	bad(bound, `psi("1h") > 0.2 ^samples("1h") > 5`, "unexpected identifier", "and or or")
	bad(bound, `psi[1^h] > 0.2`, "bad number syntax", `psi("1h")`)
	bad(bound, `psi^["1h"] > 0.2`, "members and indexes", "")
	bad(bound, `psi^{feature="age"} > 0.2`, "unexpected bracket", "arguments")
	bad(bound, `^any([1], # > 0)`, "any is not available", "")
	bad(bound, `let ^x = 1; x > 0`, "variables", "")
	bad(bound, `^1 > 0`, "reads no statistic", "")
	bad(bound, `^`, "is empty", "")
	bad(bound, `psi("ä", "1h") > 0 and ^ö > 1`, `unknown name "ö"`, "")
	bad(bound, `psi("1h") ^> 0 ? true : false`, "?: and if", "")
	bad(bound, `psi("1h") != ^nil`, "nil values", "")
	bad(bound, `{"a": 1}.^a > 0`, "members", "")
	bad(bound, `abs(^now()) > 0`, `unknown function "now"`, "")
	bad(bound, `^reading > 0`, `unknown name "reading"`, "")
	bad(bound, `^read(reading, 0) > 0`, `unknown function "read"`, "")
}

func TestExpressionsReportAllMistakes(t *testing.T) {
	_, slips := compileExpr(`pis("1h") > 0.2 and samples("1x") > "5" or volume > 1`, newScope(testCatalogue(), map[string]string{"feature": "*"}))
	var got []string
	for _, s := range slips {
		got = append(got, s.message)
	}
	want := []string{`unknown function "pis"`, `"1x" is not a window`, "a text where a number or a condition is expected", "volume needs a window"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCallsAreListed(t *testing.T) {
	cond, slips := compileExpr(`samples("1h") > 500 and psi("age", "1d") > 0.2 or class_share("late", "1w") < 0.1 < psi("1h")`,
		newScope(testCatalogue(), map[string]string{"feature": "*"}))
	if len(slips) > 0 {
		t.Fatal(slips)
	}
	var got []string
	for _, c := range cond.calls {
		got = append(got, fmt.Sprintf("%s %q %q %s", c.Func, c.Feature, c.Args, c.Window))
	}
	want := []string{`samples "" [] 1h0m0s`, `psi "age" [] 24h0m0s`, `class_share "" ["late"] 168h0m0s`, `psi "" [] 1h0m0s`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// values is a source that knows some numbers; what it does not know has no data.
type values map[string]float64

func (v values) run(t *testing.T, text string) (bool, error) {
	t.Helper()
	cond, slips := compileExpr(text, newScope(testCatalogue(), map[string]string{"feature": "*"}))
	if cond == nil {
		t.Fatalf("%s: %v", text, slips)
	}
	src := &fake{value: func(q Query, _ time.Time) (float64, error) {
		if x, ok := v[q.Func]; ok {
			return x, nil
		}
		return 0, ErrNoData
	}}
	return cond.run(&evaluation{rule: &Rule{}, ctx: t.Context(), answers: newAnswers(src, start), bound: map[string]string{"model": "m", "feature": "f"}, values: map[string]any{}})
}

func TestExpressionsCompute(t *testing.T) {
	v := values{"psi": 0.3, "samples": 600, "volume": 0, "mean": -2}
	is := func(text string, want bool) {
		t.Helper()
		if got, err := v.run(t, text); err != nil || got != want {
			t.Errorf("%s: %v %v, want %v", text, got, err, want)
		}
	}
	is(`psi("1h") > 0.2`, true)
	is(`psi("1h") > 0.2 and samples("1h") > 600`, false)
	is(`psi("1h") > 0.2 && not (samples("1h") > 600)`, true)
	is(`0.1 < psi("1h") < 0.4`, true)
	is(`1 < samples("1h") / 200 < 4`, true)
	is(`samples("1h") / 7 * 7 == 600`, true)
	is(`samples("1h") * 2 == 1200`, true)
	is(`7 / 2 == 3.5 and samples("1h") > 1`, true)
	is(`abs(mean("1h")) == 2`, true)
	is(`-mean("1h") > 1e-6`, true)
	is(`samples("1h") < 100 and js("1h") > 1`, false) // js has no data, but is not asked
	is(`"1h" | psi() > 0.2`, true)
}

func TestNoDataIsAnErrorOfTheWholeExpression(t *testing.T) {
	v := values{"psi": 0.3, "volume": 0}
	for _, text := range []string{`js("1h") > 1`, `psi("1h") > 0.2 and js("1h") > 1`, `js("1h") > 1 or psi("1h") > 0.2`, `psi("1h") / volume("1h") > 1`, `volume("1h") / volume("1h") > 1`} {
		if got, err := v.run(t, text); got || !errors.Is(err, ErrNoData) {
			t.Errorf("%s: %v %v, want no data", text, got, err)
		}
	}
}

func TestPathologicalExpressionsAreRefusedFast(t *testing.T) {
	sc := newScope(testCatalogue(), map[string]string{"feature": "*"})
	for name, text := range map[string]string{
		"100,000 brackets": strings.Repeat("(", 100000) + "1" + strings.Repeat(")", 100000),
		"2,000 brackets":   strings.Repeat("(", 2000) + `psi("1h")` + strings.Repeat(")", 2000),
		"open brackets":    strings.Repeat("(", 4000),
		"many nots":        strings.Repeat("not ", 1000) + "true",
		"many minuses":     strings.Repeat("-", 4000) + "1",
		"many ifs":         strings.Repeat("if 1{1}else ", 300) + "{1}",
		"many parts":       strings.Repeat("1+", 2000) + "1 > 0",
		"many calls":       strings.Repeat(`psi("1h")>1 or `, 250) + "true",
		"nested calls":     strings.Repeat("psi(", 900) + strings.Repeat(")", 900),
		"many ternaries":   strings.Repeat("true?", 500) + "1" + strings.Repeat(":1", 500),
		"invalid UTF-8":    "\xff\xfe > 1",
	} {
		begun := time.Now()
		cond, slips := compileExpr(text, sc)
		if cond != nil || len(slips) == 0 || slips[0].severity != plumbline.SeverityError {
			t.Errorf("%s: accepted", name)
		}
		if took := time.Since(begun); took > 500*time.Millisecond { // 15 ms expected; a loaded machine may be slow
			t.Errorf("%s: took %s", name, took)
		}
	}
}
