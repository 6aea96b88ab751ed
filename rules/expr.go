package rules

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"plumbline"
)

// Bounds of an expression, so that none can hold up an evaluation or a reload.
const (
	maxExprBytes = 4 << 10
	maxExprNodes = 200
)

// condition is a compiled expression.
type condition struct {
	calls   []Call
	program *vm.Program
}

// slip is a mistake inside a text, at a byte offset of it.
type slip struct {
	offset        int
	severity      plumbline.Severity
	message, hint string
}

// compileExpr compiles an expression in the restricted profile: numbers, comparisons, and/or/not and calls of the catalogue's
// functions. The condition is nil if there was an error.
func compileExpr(text string, sc *scope) (*condition, []slip) {
	if len(text) > maxExprBytes {
		return nil, []slip{{0, plumbline.SeverityError, fmt.Sprintf("the expression is %d bytes long, at most %d are allowed", len(text), maxExprBytes), "split it into several rules"}}
	}
	if !utf8.ValidString(text) {
		return nil, []slip{{0, plumbline.SeverityError, "the expression is not valid UTF-8", ""}}
	}
	if strings.TrimSpace(text) == "" {
		return nil, []slip{{0, plumbline.SeverityError, "the expression is empty", "write a condition, like " + sc.example()}}
	}
	config := profile(nil)
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return nil, []slip{syntaxSlip(text, err)}
	}
	r := &reader{text: text, scope: sc, seen: map[ast.Node]bool{}, calls: map[int]int{}}
	r.read(tree.Node)
	if len(r.list) == 0 && len(r.slips) == 0 {
		r.add(0, "the expression reads no statistic", "compare one with a limit, like "+sc.example())
	}
	for _, s := range r.slips {
		if s.severity == plumbline.SeverityError {
			return nil, r.slips
		}
	}
	program, err := expr.Compile(text, expr.Patch(binder{r.calls}), expr.AsBool(), func(c *conf.Config) { *c = *profile(c) })
	if err != nil {
		return nil, append(r.slips, typeSlip(text, err, sc))
	}
	return &condition{calls: r.list, program: program}, r.slips
}

// profile restricts a configuration of the expression library (a new one if nil) to what rules may use.
func profile(c *conf.Config) *conf.Config {
	if c == nil {
		c = conf.CreateNew()
	}
	for _, o := range []expr.Option{
		expr.Env(map[string]any{"reading": (*reading)(nil)}),
		expr.Function("read", func(in ...any) (any, error) { return in[0].(*reading).read(in[1].(int)) }, new(func(*reading, int) float64)),
		expr.Function("divide", func(in ...any) (any, error) { return divide(in[0].(float64), in[1].(float64)) }, new(func(float64, float64) float64)),
		expr.DisableAllBuiltins(),
		expr.EnableBuiltin("abs"),
		expr.MaxNodes(maxExprNodes),
	} {
		o(c)
	}
	for name := range c.Disabled {
		delete(c.Builtins, name)
	}
	return c
}

// binder replaces a call of a statistic by a reading of its number in the list of calls, and a division by one that has no
// data when it divides by zero. Calls are known by where they stand: they were read from the same text before.
type binder struct{ calls map[int]int }

func (b binder) Visit(n *ast.Node) {
	switch v := (*n).(type) {
	case *ast.CallNode:
		if i, ok := b.calls[v.Location().From]; ok {
			ast.Patch(n, &ast.CallNode{
				Callee:    &ast.IdentifierNode{Value: "read"},
				Arguments: []ast.Node{&ast.IdentifierNode{Value: "reading"}, &ast.IntegerNode{Value: i}},
			})
		}
	case *ast.BinaryNode:
		if v.Operator == "/" {
			ast.Patch(n, &ast.CallNode{Callee: &ast.IdentifierNode{Value: "divide"}, Arguments: []ast.Node{asFloat(v.Left), asFloat(v.Right)}})
		}
	}
}

// asFloat turns an integer literal, or arithmetic on them, into a float by adding 0.0.
func asFloat(n ast.Node) ast.Node {
	f := &ast.FloatNode{Value: 0}
	sum := &ast.BinaryNode{Operator: "+", Left: n, Right: f}
	sum.SetLocation(n.Location())
	return sum
}

func divide(a, b float64) (float64, error) {
	if b == 0 {
		return 0, fmt.Errorf("%w: division by zero", ErrNoData)
	}
	return a / b, nil
}

// run computes the condition. What can't be computed is an error that wraps ErrNoData; other errors are the source's.
func (c *condition) run(ev *evaluation) (bool, error) {
	out, err := vm.Run(c.program, map[string]any{"reading": &reading{c.calls, ev}})
	if err != nil {
		var at *file.Error
		if errors.As(err, &at) && at.Prev != nil {
			return false, at.Prev
		}
		return false, err
	}
	truth, ok := out.(bool)
	if !ok {
		return false, fmt.Errorf("the expression gave %T instead of a condition", out) // unreachable: compiled with AsBool
	}
	return truth, nil
}

// reading is what a running expression sees.
type reading struct {
	calls []Call
	ev    *evaluation
}

func (r *reading) read(i int) (float64, error) { return r.ev.value(r.calls[i]) }

var (
	unexpected = regexp.MustCompile(`^unexpected token (\w+)(?:\((.*)\))?$`)
	mismatched = regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types? (\S+?)(?: and (\S+))?\)`)
)

// syntaxSlip says in plain words what the parser says.
func syntaxSlip(text string, err error) slip {
	var at *file.Error
	if !errors.As(err, &at) {
		return slip{0, plumbline.SeverityError, err.Error(), ""}
	}
	s := slip{byteOffset(text, at.From), plumbline.SeverityError, at.Message, ""}
	m := unexpected.FindStringSubmatch(at.Message)
	switch {
	case m != nil && m[1] == "EOF":
		s.message, s.hint = "the expression ends too early", "close every bracket and quote, and write something after the last operator"
		s.offset = len(strings.TrimRight(text, " \t\r\n"))
	case m != nil:
		s.message = "unexpected " + strings.ToLower(m[1]) + " " + m[2]
		switch strings.Trim(m[2], `"`) {
		case "=":
			s.hint = "equality is =="
		case "{", "[":
			s.hint = `the feature and the window are arguments, both in quotes: psi("age", "1h")`
		case ")", "]", "}":
			s.hint = "this bracket closes nothing"
		}
		if m[1] == "Identifier" {
			s.hint = "join conditions by and or or"
		}
	case strings.Contains(at.Message, "maximum allowed nodes"):
		s.message, s.hint = fmt.Sprintf("the expression has more than %d parts", maxExprNodes), "split it into several rules"
	case strings.HasPrefix(at.Message, "bad number syntax"):
		s.hint = `a window is a text: psi("1h")`
	case strings.HasPrefix(at.Message, "literal not terminated"):
		s.message, s.hint = "a quote is opened and never closed", ""
		if open := openQuote(text); open >= 0 {
			s.offset = open
		}
	}
	return s
}

// openQuote is the offset of the quote that is never closed, or -1.
func openQuote(text string) int {
	open := -1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case open >= 0 && c == '\\' && text[open] != '`':
			i++
		case open >= 0 && c == text[open]:
			open = -1
		case open < 0 && (c == '"' || c == '\'' || c == '`'):
			open = i
		}
	}
	return open
}

// typeSlip says in plain words what the type checker says.
func typeSlip(text string, err error, sc *scope) slip {
	s := slip{0, plumbline.SeverityError, "", ""}
	var at *file.Error
	if errors.As(err, &at) {
		s.offset, s.message = byteOffset(text, at.From), at.Message
	} else {
		s.message, _, _ = strings.Cut(err.Error(), "\n")
	}
	if m := mismatched.FindStringSubmatch(s.message); m != nil {
		if m[3] == "" {
			s.message = fmt.Sprintf("%s does not work on a %s", m[1], plainType(m[2]))
		} else {
			s.message = fmt.Sprintf("%s does not work between a %s and a %s", m[1], plainType(m[2]), plainType(m[3]))
		}
		s.hint = "compare each number with a limit, like " + sc.example()
	} else if strings.HasPrefix(s.message, "expected bool") {
		s.message, s.hint = "the expression is a number, not a condition", "compare it with a limit, like "+sc.example()
	}
	return s
}

func plainType(t string) string {
	switch t {
	case "float64", "int":
		return "number"
	case "bool":
		return "condition"
	}
	return t
}

// byteOffset turns an offset in characters into one in bytes.
func byteOffset(text string, runes int) int {
	for i := range text {
		if runes == 0 {
			return i
		}
		runes--
	}
	return len(text)
}
