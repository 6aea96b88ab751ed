package pipeline

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/rules"
)

var update = flag.Bool("update", false, "rewrite the table of functions in docs/rules.md")

// The guide lists exactly the functions there are.
func TestDocumentedFunctions(t *testing.T) {
	const file, begin, end = "../../docs/rules.md", "<!-- begin functions -->\n", "<!-- end functions -->"
	guide := string(must(os.ReadFile(file)))
	before, rest, ok := strings.Cut(guide, begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no functions between %q and %q", file, begin, end)
	}
	want := rules.Document(rules.Catalogue{Functions: Functions()})
	if table == want {
		return
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is out of date; go test ./internal/pipeline -run %s -update rewrites it (-want +got):\n%s", file, t.Name(), cmp.Diff(want, table))
}

// Every rule that comes with plumbline asks for functions there are, and is without a warning.
func TestShippedRulesCompile(t *testing.T) {
	catalogue := rules.Catalogue{Functions: Functions()}
	if _, problems := rules.Pack(catalogue); len(problems) > 0 {
		t.Error(problems)
	}
	files := 0
	for _, root := range []string{"../../examples", "../../deploy"} {
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Base(filepath.Dir(file)) != "rules" || filepath.Ext(file) != ".yaml" {
				return err
			}
			files++
			if groups, problems := rules.Parse(file, must(os.ReadFile(file)), catalogue); len(problems) > 0 || len(groups) == 0 {
				t.Errorf("%d groups, %v", len(groups), problems)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 2 {
		t.Errorf("%d rule files found in examples and deploy; there are at least two", files)
	}
}
