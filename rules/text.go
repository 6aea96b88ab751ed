package rules

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"time"
	"unicode"
	"unicode/utf8"

	"plumbline"
	"plumbline/internal/strictyaml"
)

// maxTextBytes bounds what a label or an annotation may render to.
const maxTextBytes = 4 << 10

// text is a compiled label or annotation: a text/template with a closed list of functions and no loops, which reads only plain
// texts and numbers.
type text struct{ tmpl *template.Template }

// view is what a template sees.
type view struct {
	Labels map[string]string
	Values map[string]any // float64, or missing
	Value  any            // of the first statistic read
	Expr   string
}

// missing stands for a statistic the expression did not read this time, or that had no value. It prints as n/a in any format.
type missing struct{}

func (missing) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("n/a")) }

const (
	prelude = `{{$labels := .Labels}}{{$values := .Values}}{{$value := .Value}}{{$expr := .Expr}}`
	hintVar = "there are $labels.NAME, $values.FUNCTION, $value and $expr"
)

// textFuncs hides the built-in functions that execute or escape; what is left computes with its arguments only.
var textFuncs = template.FuncMap{
	"humanize":           func(v any) string { return humanNumber(v, 1000, []string{"", "k", "M", "G", "T", "P"}) },
	"humanize1024":       func(v any) string { return humanNumber(v, 1024, []string{"", "Ki", "Mi", "Gi", "Ti", "Pi"}) },
	"humanizePercentage": func(v any) string { return withNumber(v, func(f float64) string { return short(f*100) + "%" }) },
	"humanizeDuration":   func(v any) string { return withNumber(v, humanSeconds) },
	"title":              title,
	"toUpper":            strings.ToUpper,
	"toLower":            strings.ToLower,
}

var textBuiltins = []string{"and", "or", "not", "len", "index", "print", "printf", "println", "eq", "ne", "lt", "le", "gt", "ge"}

func textFuncNames() []string {
	names := append([]string(nil), textBuiltins...)
	for name := range textFuncs {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// compileText parses a template and tries it on sample data. labels and values are the names that exist.
func compileText(source string, labels, values []string) (*text, []slip) {
	fail := func(offset int, message, hint string) []slip {
		return []slip{{offset, plumbline.SeverityError, message, hint}}
	}
	if len(source) > maxTextBytes {
		return nil, fail(0, fmt.Sprintf("the template is %d bytes long, at most %d are allowed", len(source), maxTextBytes), "")
	}
	tmpl, err := template.New("template").Funcs(textFuncs).Option("missingkey=zero").Parse(prelude + source)
	if err != nil {
		return nil, []slip{templateSlip(source, err)}
	}
	if len(tmpl.Templates()) > 1 {
		return nil, fail(0, "define and block are not available", "write the text out")
	}
	c := &textChecker{source: prelude + source, labels: labels, values: values}
	c.walk(tmpl.Root)
	if len(c.slips) > 0 {
		return nil, c.slips
	}
	t := &text{tmpl}
	sample := view{Labels: map[string]string{}, Values: map[string]any{}, Value: 0.5, Expr: "true"}
	for _, l := range labels {
		sample.Labels[l] = "sample"
	}
	for _, v := range values {
		sample.Values[v] = 0.5
	}
	if _, err := t.render(sample); err != nil {
		return nil, []slip{templateSlip(source, err)}
	}
	return t, nil
}

// render fills the template. The text of an error takes the place of the output where a person will see it.
func (t *text) render(v view) (string, error) {
	out := &bounded{left: maxTextBytes}
	if err := t.tmpl.Execute(out, v); err != nil {
		if errors.Is(err, errTextLong) {
			return out.String() + "…", nil
		}
		return "<error in the template: " + templateMessage(err) + ">", err
	}
	return strings.ToValidUTF8(out.String(), "\uFFFD"), nil
}

var errTextLong = errors.New("the text is too long")

// bounded is a buffer that refuses to grow beyond its bound.
type bounded struct {
	bytes.Buffer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(p) > b.left {
		cut := b.left
		for cut > 0 && !utf8.RuneStart(p[cut]) {
			cut--
		}
		b.left = 0
		n, _ := b.Buffer.Write(p[:cut])
		return n, errTextLong
	}
	b.left -= len(p)
	return b.Buffer.Write(p)
}

var (
	templatePlace = regexp.MustCompile(`^template: template:(\d+)(?::(\d+))?: (?:executing "template" at )?(.*)$`)
	quotedWord    = regexp.MustCompile(`^(?:function|undefined variable) "([^"]+)"`)
)

func templateMessage(err error) string {
	if m := templatePlace.FindStringSubmatch(err.Error()); m != nil {
		return m[3]
	}
	return err.Error()
}

// templateSlip finds the place of a template's error in the source: by the word it complains of, else by line and column.
func templateSlip(source string, err error) slip {
	s := slip{0, plumbline.SeverityError, templateMessage(err), ""}
	if m := templatePlace.FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[1])
		column := 0
		if m[2] != "" {
			column, _ = strconv.Atoi(m[2])
		}
		if line == 1 {
			column -= len(prelude)
		}
		for ; line > 1; line-- {
			next := strings.IndexByte(source[s.offset:], '\n')
			if next < 0 {
				break
			}
			s.offset += next + 1
		}
		s.offset = min(s.offset+max(column, 0), len(source))
	}
	switch {
	case s.message == "unexpected EOF":
		s.message, s.hint = "the template ends too early", "close every {{ if }} and {{ with }} by {{ end }}"
	case s.message == "unclosed action":
		s.hint = "close it by }}"
	}
	if m := quotedWord.FindStringSubmatch(s.message); m != nil {
		if i := strings.Index(source, m[1]); i >= 0 {
			s.offset = i
		}
		if strings.HasPrefix(m[1], "$") {
			s.hint = hintVar
			if near := strictyaml.Nearest(m[1], []string{"$labels", "$values", "$value", "$expr"}); near != "" {
				s.hint = "did you mean " + near + "?"
			}
			s.message = "there is no variable " + m[1]
		} else {
			s.message, s.hint = "there is no function "+m[1], strictyaml.Suggest(m[1], textFuncNames())
		}
	}
	return s
}

// textChecker refuses what a template of ours does without, and names that don't exist.
type textChecker struct {
	source         string
	labels, values []string
	slips          []slip
}

func (c *textChecker) add(at parse.Pos, message, hint string) {
	c.slips = append(c.slips, slip{max(int(at)-len(prelude), 0), plumbline.SeverityError, message, hint})
}

// word is the place of a keyword before a node, which remembers what follows it.
func (c *textChecker) word(w string, at parse.Pos) parse.Pos {
	if i := strings.LastIndex(c.source[:min(int(at)+len(w), len(c.source))], w); i >= 0 {
		return parse.Pos(i)
	}
	return at
}

func (c *textChecker) walk(n parse.Node) {
	switch v := n.(type) {
	case *parse.ListNode:
		if v != nil {
			for _, m := range v.Nodes {
				c.walk(m)
			}
		}
	case *parse.ActionNode:
		c.walk(v.Pipe)
	case *parse.IfNode:
		c.branch(&v.BranchNode)
	case *parse.WithNode:
		c.branch(&v.BranchNode)
	case *parse.RangeNode:
		c.add(c.word("range", v.Pos), "range is not available", "an alert has one value of each statistic: write {{ $values.NAME }}")
	case *parse.TemplateNode:
		c.add(c.word("template", v.Pos), "template is not available", "write the text out")
	case *parse.PipeNode:
		if v != nil {
			for _, m := range v.Cmds {
				c.walk(m)
			}
		}
	case *parse.CommandNode:
		for _, m := range v.Args {
			c.walk(m)
		}
	case *parse.ChainNode:
		c.walk(v.Node)
	case *parse.IdentifierNode:
		if _, ours := textFuncs[v.Ident]; !ours && !contains(textBuiltins, v.Ident) {
			c.add(v.Pos, "there is no function "+v.Ident, strictyaml.Suggest(v.Ident, textFuncNames()))
		}
	case *parse.VariableNode:
		c.name(v.Pos, strings.TrimPrefix(v.Ident[0], "$"), v.Ident[1:])
	case *parse.FieldNode:
		c.name(v.Pos, strings.ToLower(v.Ident[0]), v.Ident[1:])
	}
}

func (c *textChecker) branch(b *parse.BranchNode) {
	c.walk(b.Pipe)
	c.walk(b.List)
	c.walk(b.ElseList)
}

// name checks $labels.x and $values.x.
func (c *textChecker) name(at parse.Pos, base string, rest []string) {
	if len(rest) == 0 {
		return
	}
	if i := strings.Index(c.source[at:], rest[0]); i >= 0 {
		at += parse.Pos(i)
	}
	switch base {
	case "labels":
		if !contains(c.labels, rest[0]) {
			c.add(at, fmt.Sprintf("the alert has no label %q", rest[0]), strictyaml.Suggest(rest[0], c.labels))
		}
	case "values":
		if !contains(c.values, rest[0]) {
			c.add(at, fmt.Sprintf("the expression does not read %q", rest[0]), strictyaml.Suggest(rest[0], c.values))
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// withNumber applies f to a number, or to a text that is one; anything else is printed as it is.
func withNumber(v any, f func(float64) string) string {
	var x float64
	switch n := v.(type) {
	case float64:
		x = n
	case int:
		x = float64(n)
	case string:
		parsed, err := strconv.ParseFloat(n, 64)
		if err != nil {
			return n
		}
		x = parsed
	default:
		return fmt.Sprint(v)
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "n/a"
	}
	return f(x)
}

// short prints four significant digits, as Prometheus' templates do.
func short(f float64) string { return strconv.FormatFloat(f, 'g', 4, 64) }

func humanNumber(v any, base float64, units []string) string {
	return withNumber(v, func(f float64) string {
		i := 0
		for ; math.Abs(f) >= base && i < len(units)-1; i++ {
			f /= base
		}
		return short(f) + units[i]
	})
}

func humanSeconds(f float64) string {
	if math.Abs(f) < 1 {
		return short(f*1000) + "ms"
	}
	if math.Abs(f) >= 1e9 {
		return short(f) + "s"
	}
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	if f < 60 {
		return sign + short(f) + "s"
	}
	d := time.Duration(f) * time.Second
	return sign + strictyaml.FormatDuration(d)
}

// title makes the first letter of every word upper case.
func title(s string) string {
	start := true
	return strings.Map(func(r rune) rune {
		was := start
		start = unicode.IsSpace(r)
		if was {
			return unicode.ToTitle(r)
		}
		return r
	}, s)
}
