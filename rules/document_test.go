package rules

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestDocument(t *testing.T) {
	got := Document(Catalogue{Functions: []Function{
		{Name: "volume", Scope: ModelScope, Unit: "records", Doc: "number of records"},
		{Name: "psi", Scope: FeatureScope, Unit: "1", Doc: "a | <b>"},
		{Name: "class_share", Scope: ModelScope, Unit: "share", Doc: "share of a class", Args: []string{"class"}},
	}})
	want := `### Of a feature

| function | unit | what it is |
|---|---|---|
| ` + "`psi([feature,] window)`" + ` | 1 | a \| \<b> |

### Of a model

| function | unit | what it is |
|---|---|---|
| ` + "`volume(window)`" + ` | records | number of records |
| ` + "`class_share(class, window)`" + ` | share | share of a class |
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(groups:.*?)```")

func TestExamplesOfTheGuideCompile(t *testing.T) {
	guide, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := yamlBlock.FindAllStringSubmatch(string(guide), -1)
	if len(blocks) < 3 {
		t.Errorf("%d examples", len(blocks))
	}
	for _, b := range blocks {
		if _, problems := Parse("docs/rules.md", []byte(b[1]), testCatalogue()); len(problems) > 0 {
			t.Error(problems)
		}
	}
}

func TestTheGuideNamesEveryRuleOfThePack(t *testing.T) {
	guide, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	groups, _ := Pack(testCatalogue())
	for _, g := range groups {
		for _, r := range g.Rules {
			if !strings.Contains(string(guide), "`"+r.Alert+"`") {
				t.Errorf("docs/rules.md does not tell of %s", r.Alert)
			}
		}
	}
}
