package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"
)

// maxSteps is how often the loops of a body may turn.
const maxSteps = 10_000

// Body is a template of a request's body.
type Body struct{ template *template.Template }

// ParseBody parses a text/template over the event's members, named as in its JSON: {{ .data.model }}. Beside text/template's own
// functions it has json, upper and lower. A member that isn't there is an error; {{ index .data.labels "team" }} is for one that
// may be missing. Templates can't be nested, and what is rendered is bounded in steps and bytes.
func ParseBody(text string) (*Body, error) {
	t, err := template.New("body").Option("missingkey=error").Funcs(functions(nil)).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse the body: %w", err)
	}
	if t.Tree == nil || len(t.Templates()) > 1 {
		return nil, errors.New("parse the body: define and block can't be used: a body is one template")
	}
	step, err := template.New("step").Funcs(functions(nil)).Parse("{{ step }}")
	if err != nil {
		return nil, fmt.Errorf("parse the body: %w", err)
	}
	if err := countSteps(t.Root, step.Root.Nodes[0]); err != nil {
		return nil, fmt.Errorf("parse the body: %w", err)
	}
	return &Body{t}, nil
}

// countSteps lets every turn of a loop begin with step, and refuses nested templates, which could call themselves.
func countSteps(list *parse.ListNode, step parse.Node) error {
	if list == nil {
		return nil
	}
	var errs []error
	branch := func(b *parse.BranchNode) { errs = append(errs, countSteps(b.List, step), countSteps(b.ElseList, step)) }
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.TemplateNode:
			return fmt.Errorf("line %d: template can't be used: a body is one template", node.Line)
		case *parse.IfNode:
			branch(&node.BranchNode)
		case *parse.WithNode:
			branch(&node.BranchNode)
		case *parse.RangeNode:
			branch(&node.BranchNode)
			node.List.Nodes = append([]parse.Node{step}, node.List.Nodes...)
		}
	}
	return errors.Join(errs...)
}

// functions are those of one rendering. Texts that grow by being printed into each other stop at maxBody.
func functions(steps *int) template.FuncMap {
	bounded := func(s string) (string, error) {
		if len(s) > maxBody {
			return "", fmt.Errorf("a text of more than %d bytes", maxBody)
		}
		return s, nil
	}
	return template.FuncMap{
		"json": func(v any) (string, error) {
			b, err := json.Marshal(v)
			return string(b), err
		},
		"upper":   strings.ToUpper,
		"lower":   strings.ToLower,
		"print":   func(args ...any) (string, error) { return bounded(fmt.Sprint(args...)) },
		"println": func(args ...any) (string, error) { return bounded(fmt.Sprintln(args...)) },
		"printf":  func(format string, args ...any) (string, error) { return bounded(fmt.Sprintf(format, args...)) },
		"step": func() (string, error) {
			if *steps++; *steps > maxSteps {
				return "", fmt.Errorf("its loops turn more than %d times", maxSteps)
			}
			return "", nil
		},
	}
}

// Render renders members, which are plain JSON values.
func (b *Body) Render(members map[string]any) ([]byte, error) {
	t, err := b.template.Clone()
	if err != nil {
		return nil, fmt.Errorf("render the body: %w", err)
	}
	var steps int
	var out bytes.Buffer
	if err := t.Funcs(functions(&steps)).Execute(&limited{w: &out, left: maxBody}, members); err != nil {
		return nil, fmt.Errorf("render the body: %w", plainly(err))
	}
	return out.Bytes(), nil
}

// plainly keeps of a template's error where it happened and what, without the chain of calls.
func plainly(err error) error {
	var exec template.ExecError
	if !errors.As(err, &exec) {
		return err
	}
	s := strings.TrimPrefix(err.Error(), "template: ")
	s = strings.ReplaceAll(s, `executing "body" at `, "")
	return errors.New(strings.ReplaceAll(s, "map has no entry for key", "the event has no member"))
}

// limited refuses to grow beyond a bound.
type limited struct {
	w    *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, fmt.Errorf("more than %d bytes", maxBody)
	}
	return l.w.Write(p)
}
