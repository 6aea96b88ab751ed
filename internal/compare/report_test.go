package compare

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"plumbline"
)

// The keys of the answer are a contract, which docs/compare.md holds.
func TestKeysOfTheAnswer(t *testing.T) {
	a := write(t, "a.csv", csvOf(map[string][]string{"x": texts(shapes(rand.New(rand.NewPCG(1, 1)), 200)["normal"]), "g": slices.Repeat([]string{"a", "b"}, 100)}))
	b := write(t, "b.csv", []byte("x,g\n1,a\n2,b\n"))
	r := run(t, Options{Reference: a, Current: b, By: "g", Compat: []string{"evidently", "nannyml"}})
	var v any
	if err := json.Unmarshal(must(json.Marshal(r)), &v); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				keys[path+k] = true
				walk(path+k+".", x)
			}
		case []any:
			for _, x := range v {
				walk(path, x)
			}
		}
	}
	walk("", v)
	for _, want := range []string{"reference.path", "reference.rows", "current.path", "current.rows", "budget", "level", "judged", "verdict",
		"features.name", "features.type", "features.n", "features.m", "features.missing.reference", "features.missing.current", "features.verdict",
		"features.findings.test", "features.findings.value", "features.findings.effect", "features.findings.p_value", "features.findings.lower",
		"features.findings.upper", "features.findings.sd_shift", "features.findings.n", "features.findings.m", "features.findings.verdict",
		"features.findings.reason", "features.findings.judged", "features.bins.labels", "features.bins.baseline", "features.bins.current",
		"by.column", "by.groups.value", "by.groups.features.findings.test", "by.groups.verdict",
		"compat.evidently.name", "compat.evidently.test", "compat.evidently.value", "compat.evidently.threshold", "compat.evidently.drift", "compat.nannyml.name"} {
		if !keys[want] {
			t.Errorf("the answer has no %s", want)
		}
	}
	if r.Verdict != plumbline.NoVerdict {
		t.Errorf("two rows are called %q", r.Verdict)
	}
	names := map[string]bool{}
	for _, f := range r.Features {
		for _, x := range f.Findings {
			names[x.Test] = true
			if x.Verdict == plumbline.NoVerdict && x.Reason == "" {
				t.Errorf("%s of %s has no verdict and no reason", x.Test, f.Name)
			}
		}
	}
	for _, want := range strings.Fields("psi psi_raw ks js chi2 g ad cvm w1 w1_sd hellinger tv linf auc welch var_ratio missing unseen") {
		if !names[want] {
			t.Errorf("no test is called %s", want)
		}
	}
}

// A name is text, whatever it looks like.
func TestNamesAreEscaped(t *testing.T) {
	a := write(t, "a.csv", []byte("\"<script>alert(1)</script>\"\n"+strings.Repeat("\"<img src=x>\"\n\"\x1b[31mred\"\n", 60)))
	r := run(t, Options{Reference: a, Current: a})
	var page, text bytes.Buffer
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if err := r.Text(&text, 100, false); err != nil {
		t.Fatal(err)
	}
	if s := page.String(); strings.Contains(s, "<script>") || strings.Contains(s, "<img") || strings.Contains(s, "\x1b") {
		t.Error("a name or a value is markup")
	}
	if strings.Contains(text.String(), "\x1b") {
		t.Error("a value controls the terminal")
	}
}
