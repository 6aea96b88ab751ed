package docs

import (
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// TestLinks follows every relative link to its file and its heading.
func TestLinks(t *testing.T) {
	all := pages(t)
	for name, text := range all {
		for _, m := range link.FindAllStringSubmatch(prose(text), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, m[1])
			} else if body, ok := all[target]; ok && anchor != "" && !anchors(body)[anchor] {
				t.Errorf("%s: the link %s leads to no heading", name, m[1])
			}
		}
	}
}

// anchors are the headings of a page as links name them.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	fenced := regexp.MustCompile("(?s)\n```.*?\n```").ReplaceAllString(text, "")
	for _, m := range heading.FindAllStringSubmatch(fenced, -1) {
		a := strings.ToLower(strings.ReplaceAll(m[1], " ", "-"))
		out[regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(a, "")] = true
	}
	return out
}

// TestEveryPageIsReachable follows the links from docs/README.md: what they don't lead to, nobody finds.
func TestEveryPageIsReachable(t *testing.T) {
	all := pages(t)
	found := map[string]bool{}
	for next := []string{"docs/README.md"}; len(next) > 0; next = next[1:] {
		name := next[0]
		if found[name] {
			continue
		}
		found[name] = true
		for _, m := range link.FindAllStringSubmatch(prose(all[name]), -1) {
			file, _, _ := strings.Cut(m[1], "#")
			if target := path.Join(path.Dir(name), file); all[target] != "" {
				next = append(next, target)
			}
		}
	}
	for name := range all {
		if !found[name] {
			t.Errorf("no links lead from docs/README.md to %s", name)
		}
	}
}

// TestNothingOfThisMachine keeps paths of a developer's machine and hosts that packages are fetched from out of the pages.
func TestNothingOfThisMachine(t *testing.T) {
	forbidden := []string{"/" + "work/", "/" + "root/", "/home/", "/Users/"}
	out, err := exec.Command("go", "env", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, proxy := range strings.FieldsFunc(strings.TrimSpace(string(out)), func(c rune) bool { return c == ',' || c == '|' }) {
		if u, err := url.Parse(proxy); err == nil && u.Host != "" {
			forbidden = append(forbidden, u.Host)
		}
	}
	for name, text := range pages(t) {
		for _, f := range forbidden {
			if strings.Contains(text, f) {
				t.Errorf("%s contains %s", name, f)
			}
		}
	}
}
