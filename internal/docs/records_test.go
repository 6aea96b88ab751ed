package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors/decode"
)

// arrival stands for the time of the transport.
var arrival = time.Date(2013, 3, 1, 10, 0, 0, 0, time.UTC)

// TestExamplesDecode decodes every line of the blocks marked as records.
func TestExamplesDecode(t *testing.T) {
	d := decode.New(decode.DefaultLimits())
	n := 0
	for _, name := range []string{"README.md", "docs/records.md", "docs/getting-started.md"} {
		for _, b := range blocks(page(t, name)) {
			if b.info != "json record" {
				continue
			}
			for i, line := range strings.Split(strings.TrimSpace(b.text), "\n") {
				var r plumbline.Record
				if reject := d.Decode(&r, []byte(line), arrival); reject != nil {
					t.Errorf("%s:%d: %v", name, b.line+1+i, reject)
				}
				n++
			}
		}
	}
	if n < 5 {
		t.Errorf("only %d examples were found", n)
	}
}

// row matches a table's row whose first cell is a code span.
var row = regexp.MustCompile("(?m)^\\| `([^`]+)`(?:, `[^`]+`)* \\|(.*)\\|$")

// section is what stands below a heading, up to the next one of the same kind.
func section(t *testing.T, text, title string) string {
	t.Helper()
	_, after, ok := strings.Cut(text, "\n## "+title+"\n")
	if !ok {
		t.Fatalf("there is no section %q", title)
	}
	before, _, _ := strings.Cut(after, "\n## ")
	return before
}

// TestReasons compares the reasons of the table with those of the source, and decodes the examples beside them.
func TestReasons(t *testing.T) {
	var documented []string
	for _, m := range row.FindAllStringSubmatch(section(t, page(t, "docs/records.md"), "Reasons of rejection"), -1) {
		documented = append(documented, m[1])
		cells := strings.SplitN(m[2], " | ", 2)
		if len(cells) != 2 {
			t.Fatalf("the row of %s has no example", m[1])
		}
		example := strings.Trim(strings.TrimSpace(cells[1]), "`")
		if example == "–" {
			continue
		}
		var r plumbline.Record
		if reject := decode.New(decode.DefaultLimits()).Decode(&r, []byte(example), time.Time{}); reject == nil || string(reject.Reason) != m[1] {
			t.Errorf("%s is an example of %s, but decodes with %v", example, m[1], reject)
		}
	}
	sort.Strings(documented)
	want := reasons(t)
	if !slices.Equal(documented, want) {
		t.Errorf("docs/records.md lists the reasons\n%q, the source has\n%q", documented, want)
	}
	metrics := page(t, "docs/metrics.md")
	for _, reason := range want {
		if !strings.Contains(metrics, "`"+reason+"`") {
			t.Errorf("docs/metrics.md does not name the reason %s", reason)
		}
	}
}

// reasons are the values of plumbline's constants of type Reason.
func reasons(t *testing.T) (out []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "reject.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		if lit, ok := v.Values[0].(*ast.BasicLit); ok {
			if s, err := strconv.Unquote(lit.Value); err == nil && s != "" {
				out = append(out, s)
			}
		}
		return true
	})
	sort.Strings(out)
	return out
}

// TestMembers compares the members of the table with what the decoder reads: a member it doesn't know is skipped, one it knows
// can't be of every type.
func TestMembers(t *testing.T) {
	table := section(t, page(t, "docs/records.md"), "Members")
	documented := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(table, -1) {
		documented[m[1]] = true
	}
	base := map[string]string{"prediction": "1", "label": "1"}
	for member := range documented {
		if base[member] != "" {
			continue // any JSON value may stand there
		}
		var r plumbline.Record
		msg := `{"model":"m","prediction":1,` + strconv.Quote(member) + `:[[]]}`
		if reject := decode.New(decode.DefaultLimits()).Decode(&r, []byte(msg), arrival); reject == nil {
			t.Errorf("docs/records.md documents the member %s, which the decoder doesn't know", member)
		}
	}
	members := decoded(t)
	if len(members) < 15 {
		t.Errorf("the decoder knows only %q", members)
	}
	for _, member := range members {
		if !documented[member] {
			t.Errorf("docs/records.md does not document the member %s", member)
		}
	}
}

// decoded are the members that the decoder knows: its list memberNames.
func decoded(t *testing.T) (out []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "collectors", "decode", "native.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Names[0].Name != "memberNames" || len(v.Values) != 1 {
			return true
		}
		for _, e := range v.Values[0].(*ast.CompositeLit).Elts {
			if name := text(e); name != "" {
				out = append(out, name)
			}
		}
		return false
	})
	return out
}

// TestLimits compares the documented limits with the decoder's.
func TestLimits(t *testing.T) {
	l := decode.DefaultLimits()
	table := section(t, page(t, "docs/records.md"), "Limits")
	for text, want := range map[string]int{"1 MiB": l.MaxBytes - 1<<20, "16 levels": l.MaxDepth - 16, "2000 members": l.MaxKeys - 2000, "4 KiB": l.MaxString - 4<<10, "64 bytes": l.MaxNumber - 64} {
		if want != 0 || !strings.Contains(table, text) {
			t.Errorf("docs/records.md and the decoder disagree on %s", text)
		}
	}
}
