package rules

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// Every text is written in every style YAML has; the place of each word in the text must be its place in the source.
func TestLocateFollowsEveryStyle(t *testing.T) {
	for name, source := range map[string]string{
		"plain":         "a: one two three four\n",
		"plain, folded": "a: one\n   two\n     three four\n",
		"single":        "a: 'one two ''q'' three\n\n  four'\n",
		"double":        "a: \"one\\ttwo \\\"q\\\" \\u00e4 three \\\n   four\"\n",
		"literal":       "a: |\n  one\n    two\n\n  three four\n",
		"folded":        "a: >-\n  one\n  two\n\n  three\n    four\n  end\n",
		"header":        "a: >+2 # comment\n  one two\n  three four\n\n",
		"tagged":        "a: &x !!str one two three four\n",
		"utf-8":         "a: 'é one two ü three four'\n",
		"deep":          "b:\n- c: {a: one two three four}\n",
	} {
		var root yaml.Node
		if err := yaml.Unmarshal([]byte(source), &root); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n := find(&root, "a")
		lines := strings.Split(source, "\n")
		for _, word := range []string{"one", "two", "three", "four"} {
			line, column := locate(source, n.Line, n.Column, n.Value, strings.Index(n.Value, word))
			if got := lines[line-1][column-1:]; !strings.HasPrefix(got, word) {
				t.Errorf("%s: %s is said to be at %d:%d, where %q is", name, word, line, column, got)
			}
		}
	}
}

func find(n *yaml.Node, key string) *yaml.Node {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Value == key {
			return n.Content[i+1]
		}
		if found := find(c, key); found != nil {
			return found
		}
	}
	return nil
}

func TestLocateFallsBackToTheBeginning(t *testing.T) {
	if line, column := locate("a: *x\n", 1, 4, "other text", 6); line != 1 || column != 4 {
		t.Errorf("%d:%d", line, column)
	}
}
