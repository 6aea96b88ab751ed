package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

type goPackage struct {
	ImportPath string
	Imports    []string
}

// list asks the go command, since the test cache does not see what it reads: run with -count=1 after moving packages.
func list(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "plumbline/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func within(pattern, pkg string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	return pattern == pkg
}

func listed(patterns []string, pkg string) bool {
	for _, p := range patterns {
		if within(p, pkg) {
			return true
		}
	}
	return false
}

// forTests are packages that exist for tests: they may import what they test.
func forTests(pkg string) bool {
	return strings.HasSuffix(pkg, "test") || strings.Contains(pkg, "test/") ||
		listed([]string{"plumbline/bench/...", "plumbline/internal/arch", "plumbline/internal/docs/...", "plumbline/internal/e2e/..."}, pkg)
}

func TestImports(t *testing.T) {
	for _, p := range list(t) {
		if forTests(p.ImportPath) {
			continue
		}
		may, known := allowed[p.ImportPath]
		if !known {
			t.Errorf("%s is not in the table of packages: say in arch.go what it may import", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			switch {
			case i == "plumbline":
			case strings.HasPrefix(i, "plumbline/") && forTests(i):
				t.Errorf("%s imports %s, which is for tests", p.ImportPath, i)
			case strings.HasPrefix(i, "plumbline/") && !listed(may, i):
				t.Errorf("%s may not import %s", p.ImportPath, i)
			}
			for module, owners := range confined {
				if within(module+"/...", i) && !listed(owners, p.ImportPath) {
					t.Errorf("%s imports %s, which is confined to %v", p.ImportPath, i, owners)
				}
			}
		}
	}
}

func TestTableHasNoGhosts(t *testing.T) {
	exists := map[string]bool{}
	for _, p := range list(t) {
		exists[p.ImportPath] = true
	}
	for p := range allowed {
		if !exists[p] {
			t.Errorf("the table lists %s, which does not exist", p)
		}
	}
}
