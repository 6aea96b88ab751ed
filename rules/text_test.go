package rules

import (
	"strings"
	"testing"
)

func TestTextFunctions(t *testing.T) {
	is := func(source, want string) {
		t.Helper()
		c, slips := compileText(source, []string{"model"}, []string{"psi", "ks"})
		if len(slips) > 0 {
			t.Errorf("%s: %v", source, slips)
			return
		}
		got, err := c.render(view{Labels: map[string]string{"model": "my model"}, Values: map[string]any{"psi": 0.12345, "ks": missing{}}, Value: 86461.0, Expr: "x"})
		if err != nil || got != want {
			t.Errorf("%s: %q %v, want %q", source, got, err, want)
		}
	}
	is(`plain`, `plain`)
	is(`{{ $labels.model }} {{ .Labels.model }}`, `my model my model`)
	is(`{{ $labels.model | title }} {{ toUpper $labels.model }}`, `My Model MY MODEL`)
	is(`{{ humanizePercentage $values.psi }}`, `12.35%`) // Prometheus documents %.4g of the percentage
	is(`{{ humanize $value }}`, `86.46k`)
	is(`{{ humanize 12 }} {{ humanize "0.5" }} {{ humanize "x" }}`, `12 0.5 x`)
	is(`{{ humanize1024 2048.0 }}`, `2Ki`)
	is(`{{ humanizeDuration $value }}`, `1d1m1s`)
	is(`{{ humanizeDuration 0.25 }} {{ humanizeDuration 1.5 }}`, `250ms 1.5s`)
	is(`{{ $values.ks }} {{ humanize $values.ks }} {{ printf "%.2f" $values.ks }}`, `n/a n/a n/a`)
	is(`{{ with $values.psi }}{{ . }}{{ end }}`, `0.12345`)
	is(`{{ if and (gt $values.psi 0.1) (lt $values.psi 0.2) }}some{{ else }}much{{ end }}`, `some`)
	is(`<b>{{ $labels.model }}</b>`, `<b>my model</b>`)
}

func TestRunTimeErrorStandsInTheText(t *testing.T) {
	c, slips := compileText(`{{ if gt $values.psi 0.2 }}x{{ end }}`, nil, []string{"psi"})
	if len(slips) > 0 {
		t.Fatal(slips)
	}
	got, err := c.render(view{Values: map[string]any{"psi": missing{}}})
	if err == nil || !strings.HasPrefix(got, "<error in the template: ") {
		t.Errorf("%q %v", got, err)
	}
}

func TestTextIsBounded(t *testing.T) {
	c, slips := compileText(`{{ printf "%9000s" $labels.model }}`, []string{"model"}, nil)
	if len(slips) > 0 {
		t.Fatal(slips)
	}
	got, err := c.render(view{Labels: map[string]string{"model": "x"}})
	if err != nil || len(got) > maxTextBytes+len("…") || !strings.HasSuffix(got, "…") {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestLabelsAreDataNotTemplates(t *testing.T) {
	c, _ := compileText(`{{ $labels.model }}`, []string{"model"}, nil)
	evil := `{{ printf "x" }}`
	if got, _ := c.render(view{Labels: map[string]string{"model": evil}}); got != evil {
		t.Error(got)
	}
}
