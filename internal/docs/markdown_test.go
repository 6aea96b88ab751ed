package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// pages are the Markdown files of the repository, by their path from its root.
func pages(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, where := range []string{".", "docs", "examples", "dashboards", "deploy", "bench"} {
		if _, err := os.Stat(filepath.Join(root, where)); err != nil {
			continue
		}
		err := filepath.WalkDir(filepath.Join(root, where), func(path string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() && where == "." && path != root && path != filepath.Join(root, "."):
				return filepath.SkipDir
			case e.IsDir() || filepath.Ext(path) != ".md":
				return nil
			}
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			out[filepath.ToSlash(name)] = string(body)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func page(t testing.TB, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// block is a fenced block. A comment on the line before it may say why it is not run: <!-- not run: needs Docker -->.
type block struct {
	line   int
	info   string // what stands after the fence, like sh
	text   string
	notRun string
}

var notRun = regexp.MustCompile(`^<!-- not run: (.+) -->$`)

func blocks(text string) (out []block) {
	before := ""
	var open *block
	for n, line := range strings.Split(text, "\n") {
		switch {
		case open == nil && strings.HasPrefix(line, "```"):
			open = &block{line: n + 1, info: strings.TrimPrefix(line, "```")}
			if m := notRun.FindStringSubmatch(before); m != nil {
				open.notRun = m[1]
			}
		case open != nil && line == "```":
			out = append(out, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
		if strings.TrimSpace(line) != "" {
			before = line
		}
	}
	return out
}

// prose is a page without its fenced blocks and code spans.
func prose(text string) string {
	var out []string
	fenced := false
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
			line = ""
		}
		if fenced {
			line = ""
		}
		out = append(out, line)
	}
	return regexp.MustCompile("`[^`\n]+`").ReplaceAllString(strings.Join(out, "\n"), "")
}
