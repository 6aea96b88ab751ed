package rules

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"plumbline"
	"plumbline/internal/strictyaml"
)

// scope is what an expression may refer to.
type scope struct {
	functions    map[string]Function
	names        []string // sorted
	bindsFeature bool     // for_each binds a feature
	retention    time.Duration
	against      string // of the rule
}

func newScope(c Catalogue, forEach map[string]string) *scope {
	sc := &scope{functions: map[string]Function{}, retention: c.Retention}
	for _, f := range c.Functions {
		sc.functions[f.Name] = f
		sc.names = append(sc.names, f.Name)
	}
	sort.Strings(sc.names)
	_, sc.bindsFeature = forEach["feature"]
	return sc
}

// example is a condition that works in this scope, for hints.
func (sc *scope) example() string {
	if sc.bindsFeature {
		return `psi("1d") > 0.2`
	}
	return `latency_p99("1h") > 50`
}

// usage shows how a function is called in this scope.
func (sc *scope) usage(f Function) string {
	var args []string
	if f.Scope == FeatureScope && !sc.bindsFeature {
		args = append(args, `"some_feature"`)
	}
	for _, a := range f.Args {
		args = append(args, `"some_`+a+`"`)
	}
	return f.Name + "(" + strings.Join(append(args, `"1h"`), ", ") + ")"
}

// reader walks an expression's tree before it is compiled: it refuses what rules may not use and lists the statistics read.
type reader struct {
	text  string
	scope *scope
	seen  map[ast.Node]bool // a < b < c has b twice in its tree
	calls map[int]int       // offset in characters → index in list
	list  []Call
	slips []slip
}

func (r *reader) add(runes int, message, hint string) {
	r.slips = append(r.slips, slip{byteOffset(r.text, runes), plumbline.SeverityError, message, hint})
}

var operators = map[string]bool{
	"and": true, "&&": true, "or": true, "||": true, "==": true, "!=": true, "<": true, "<=": true, ">": true, ">=": true,
	"+": true, "-": true, "*": true, "/": true,
}

func (r *reader) read(n ast.Node) {
	if n == nil || r.seen[n] {
		return
	}
	r.seen[n] = true
	at := n.Location().From
	switch v := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
	case *ast.StringNode:
		hint := "only the arguments of a function are texts"
		if _, err := strconv.ParseFloat(v.Value, 64); err == nil {
			hint = "write " + v.Value + " without the quotes"
		}
		r.add(at, "a text where a number or a condition is expected", hint)
	case *ast.IdentifierNode:
		if f, ok := r.scope.functions[v.Value]; ok {
			r.add(at, v.Value+" needs a window", "write "+r.scope.usage(f))
		} else {
			r.add(at, fmt.Sprintf("unknown name %q", v.Value), strictyaml.Suggest(v.Value, r.scope.names))
		}
	case *ast.UnaryNode:
		r.read(v.Node)
	case *ast.BinaryNode:
		if !operators[v.Operator] {
			r.add(at, "the operator "+v.Operator+" is not available in rules", "there are and or not == != < <= > >= + - * /")
			return
		}
		r.read(v.Left)
		if v.Operator == "/" && isZero(v.Right) {
			r.add(at, "division by zero", "")
		}
		r.read(v.Right)
	case *ast.BuiltinNode:
		if v.Name != "abs" {
			r.add(at, v.Name+" is not available in rules", strictyaml.Suggest(v.Name, r.scope.names))
			return
		}
		for _, a := range v.Arguments {
			r.read(a)
		}
	case *ast.CallNode:
		r.call(v)
	case *ast.ConditionalNode: // it stands where it ends
		r.add(v.Cond.Location().From, "?: and if are not available in rules", "write two rules, or join conditions by and and or")
	default:
		r.add(at, refused(n)+" are not available in rules", `a rule compares statistics, like `+r.scope.example())
	}
}

func isZero(n ast.Node) bool {
	switch v := n.(type) {
	case *ast.IntegerNode:
		return v.Value == 0
	case *ast.FloatNode:
		return v.Value == 0
	case *ast.UnaryNode:
		return (v.Operator == "-" || v.Operator == "+") && isZero(v.Node)
	}
	return false
}

// refused names the parts of the language that rules do without.
func refused(n ast.Node) string {
	switch n.(type) {
	case *ast.MemberNode, *ast.ChainNode, *ast.SliceNode:
		return "members and indexes"
	case *ast.PredicateNode, *ast.PointerNode:
		return "predicates"
	case *ast.ArrayNode:
		return "lists"
	case *ast.MapNode, *ast.PairNode:
		return "maps"
	case *ast.VariableDeclaratorNode, *ast.SequenceNode:
		return "variables and sequences"
	case *ast.NilNode:
		return "nil values"
	}
	return "such expressions"
}

// call checks one call of a statistic: [feature,] further texts, window, all of them literal.
func (r *reader) call(n *ast.CallNode) {
	at := n.Location().From
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		r.add(at, "methods are not available in rules", "call a function, like "+r.scope.example())
		return
	}
	f, ok := r.scope.functions[callee.Value]
	if !ok {
		r.add(at, fmt.Sprintf("unknown function %q", callee.Value), strictyaml.Suggest(callee.Value, append([]string{"abs"}, r.scope.names...)))
		return
	}
	usage := "write " + r.scope.usage(f)
	texts := make([]string, len(n.Arguments))
	for i, a := range n.Arguments {
		s, ok := a.(*ast.StringNode)
		if !ok {
			_, nested := a.(*ast.CallNode)
			hint := usage
			if nested {
				hint = "a function can't be computed from another; " + usage
			}
			r.add(max(a.Location().From, at), "an argument of "+f.Name+" must be a text in quotes", hint)
			return
		}
		texts[i] = s.Value
	}
	want := len(f.Args) + 1
	call := Call{Func: f.Name, scope: f.Scope, spends: f.Spends, offset: byteOffset(r.text, at)}
	switch {
	case len(texts) == want:
		if f.Scope == FeatureScope && !r.scope.bindsFeature {
			r.add(at, f.Name+" needs a feature", usage+`, or bind features by for_each: {feature: "*"}`)
			return
		}
	case len(texts) == want+1 && f.Scope == FeatureScope:
		if call.Feature = texts[0]; call.Feature == "" {
			r.add(n.Arguments[0].Location().From, "the feature's name is empty", usage)
			return
		}
		call.offset = byteOffset(r.text, n.Arguments[0].Location().From)
		texts = texts[1:]
		n.Arguments = n.Arguments[1:]
	default:
		r.add(at, fmt.Sprintf("%s takes %s, found %d", f.Name, arity(f), len(texts)), usage)
		return
	}
	last := n.Arguments[len(n.Arguments)-1].Location().From
	window, err := strictyaml.ParseDuration(texts[len(texts)-1])
	if err != nil {
		hint := `windows are written like "30m", "1h", "1d" or "1w"`
		if call.Feature != "" {
			if _, err := strictyaml.ParseDuration(call.Feature); err == nil {
				hint = "the window comes last: " + f.Name + fmt.Sprintf("(%q, %q)", texts[len(texts)-1], call.Feature)
			}
		}
		r.add(last, fmt.Sprintf("%q is not a window", texts[len(texts)-1]), hint)
		return
	}
	switch {
	case window <= 0:
		r.add(last, "the window must be longer than zero", "")
	case window%time.Minute != 0:
		r.add(last, fmt.Sprintf("the window %s is not a whole number of minutes", strictyaml.FormatDuration(window)), "the store counts by the minute")
	case window < f.Least:
		r.add(last, fmt.Sprintf("the window %s is too short for %s", strictyaml.FormatDuration(window), f.Name), "it takes windows from "+strictyaml.FormatDuration(f.Least)+" on")
	case f.Step > 0 && window%f.Step != 0:
		r.add(last, fmt.Sprintf("the window %s is no multiple of %s", strictyaml.FormatDuration(window), strictyaml.FormatDuration(f.Step)),
			"the window of "+f.Name+" is one, like "+strictyaml.FormatDuration(window/f.Step*f.Step+f.Step))
	case r.scope.retention > 0 && window > r.scope.retention:
		r.add(last, fmt.Sprintf("the window %s is longer than the store's retention %s", strictyaml.FormatDuration(window), strictyaml.FormatDuration(r.scope.retention)),
			"shorten the window or raise store.retention.panes")
	case r.scope.retention > 0 && reach(r.scope.against, window) > r.scope.retention:
		r.add(last, fmt.Sprintf("against %s the window %s reaches back %s, longer than the store's retention %s", r.scope.against, strictyaml.FormatDuration(window),
			strictyaml.FormatDuration(reach(r.scope.against, window)), strictyaml.FormatDuration(r.scope.retention)), "shorten the window or raise store.retention.panes")
	}
	call.Window, call.Args = window, append([]string(nil), texts[:len(texts)-1]...)
	r.calls[at] = len(r.list)
	r.list = append(r.list, call)
}

func arity(f Function) string {
	var args []string
	if f.Scope == FeatureScope {
		args = append(args, "a feature (unless for_each binds one)")
	}
	args = append(append(args, f.Args...), "a window")
	return strings.Join(args, ", ")
}
