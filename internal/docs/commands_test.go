package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestCommandsExist holds what pages tell readers to type against the source of cmd/plumbline and the Makefile. The commands of
// README.md and docs/getting-started.md are run by a test behind the build tag real.
func TestCommandsExist(t *testing.T) {
	commands, flags := commandLine(t)
	targets := makeTargets(t)
	checked := 0
	for name, text := range pages(t) {
		for _, b := range blocks(text) {
			if b.info != "sh" {
				continue
			}
			for n, line := range strings.Split(b.text, "\n") {
				for _, words := range invocations(line) {
					checked++
					where := name + ":" + strconv.Itoa(b.line+1+n)
					if words[0] == "make" {
						if !targets[words[1]] {
							t.Errorf("%s: make %s: there is no such target", where, words[1])
						}
						continue
					}
					if !commands[words[1]] && !strings.HasPrefix(words[1], "-") {
						t.Errorf("%s: plumbline %s: there is no such command", where, words[1])
					}
					for _, w := range words[1:] {
						flag, _, _ := strings.Cut(w, "=")
						if strings.HasPrefix(flag, "-") && !flags[flag] {
							t.Errorf("%s: plumbline %s: there is no flag %s", where, words[1], flag)
						}
					}
				}
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d commands were found", checked)
	}
	readme := page(t, "README.md")
	for _, must := range []string{"\ngo run ./cmd/plumbline demo\n", "\nmake test\n"} {
		if !strings.Contains(readme, must) {
			t.Errorf("README.md does not say%s", must)
		}
	}
}

// invocation finds the calls of make and of plumbline in a line of shell, up to where the shell takes over.
var invocation = regexp.MustCompile(`(?:^|&& |; )(?:sudo )?(make|(?:\S*/)?plumbline|go run \./cmd/plumbline)((?: [^\s|;&#>]+)+)`)

func invocations(line string) (out [][]string) {
	for _, m := range invocation.FindAllStringSubmatch(line, -1) {
		program := "plumbline"
		if m[1] == "make" {
			program = m[1]
		}
		out = append(out, append([]string{program}, strings.Fields(m[2])...))
	}
	return out
}

// commandLine reads cmd/plumbline: the names in Use, and what Flags().StringVarP and its like declare.
func commandLine(t *testing.T) (commands, flags map[string]bool) {
	t.Helper()
	commands, flags = map[string]bool{"help": true}, map[string]bool{"-h": true, "--help": true}
	files, err := filepath.Glob(filepath.Join(root, "cmd", "plumbline", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no source of the commands: %v", err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Use" {
					name, _, _ := strings.Cut(text(n.Value), " ")
					commands[name] = true
				}
			case *ast.CallExpr:
				if call, ok := n.Fun.(*ast.SelectorExpr); ok && strings.Contains(call.Sel.Name, "Var") && len(n.Args) > 2 {
					flags["--"+text(n.Args[1])] = true
					if strings.HasSuffix(call.Sel.Name, "VarP") {
						flags["-"+text(n.Args[2])] = true
					}
				}
			}
			return true
		})
	}
	return commands, flags
}

// text is the value of a string literal, "" of anything else.
func text(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok {
		if s, err := strconv.Unquote(lit.Value); err == nil {
			return s
		}
	}
	return ""
}

func makeTargets(t *testing.T) map[string]bool {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z][a-z-]*):`).FindAllStringSubmatch(string(body), -1) {
		out[m[1]] = true
	}
	return out
}
