package rules

import (
	"strings"
)

// Document renders the catalogue's functions as Markdown tables, one for each scope.
func Document(c Catalogue) string {
	var b strings.Builder
	for _, part := range []struct {
		scope Scope
		title string
	}{
		{FeatureScope, "Of a feature"},
		{ModelScope, "Of a model"},
	} {
		b.WriteString("### " + part.title + "\n\n| function | unit | what it is |\n|---|---|---|\n")
		for _, f := range c.Functions {
			if f.Scope != part.scope {
				continue
			}
			feature := ""
			if f.Scope == FeatureScope {
				feature = "[feature,] "
			}
			args := append(append([]string(nil), f.Args...), "window")
			b.WriteString("| `" + f.Name + "(" + feature + strings.Join(args, ", ") + ")` | " + cell(f.Unit) + " | " + cell(f.Doc) + " |\n")
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// cell escapes what would end the cell or be taken for HTML.
func cell(s string) string { return strings.NewReplacer("|", `\|`, "<", `\<`, "\n", " ").Replace(s) }
