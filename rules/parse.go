package rules

import (
	"fmt"
	"math"
	"time"

	"plumbline"
	"plumbline/internal/strictyaml"
)

// maxFileBytes bounds a rule file.
const maxFileBytes = 1 << 20

type fileSpec struct {
	Groups []groupSpec `yaml:"groups"`
}

type groupSpec struct {
	Name     string            `yaml:"name"`
	Interval time.Duration     `yaml:"interval"`
	Offset   *time.Duration    `yaml:"query_offset"`
	Limit    int               `yaml:"limit"`
	Labels   map[string]string `yaml:"labels"`
	Rules    []ruleSpec        `yaml:"rules"`
}

type ruleSpec struct {
	Record        string            `yaml:"record"`
	Alert         string            `yaml:"alert"`
	ForEach       map[string]string `yaml:"for_each"`
	Expr          string            `yaml:"expr"`
	Against       string            `yaml:"against"`
	Budget        string            `yaml:"budget"`
	Tolerate      float64           `yaml:"tolerate"`
	Clear         string            `yaml:"clear"`
	For           time.Duration     `yaml:"for"`
	KeepFiringFor time.Duration     `yaml:"keep_firing_for"`
	NoData        string            `yaml:"no_data"`
	Labels        map[string]string `yaml:"labels"`
	Annotations   map[string]string `yaml:"annotations"`
	Trigger       string            `yaml:"trigger"`
}

// Parse compiles the content of a rule file and returns every mistake at once, in order of position. Rules with an error are
// left out of the groups.
func Parse(file string, data []byte, c Catalogue) ([]Group, plumbline.Problems) {
	if len(data) > maxFileBytes {
		return nil, plumbline.Problems{{File: file, Severity: plumbline.SeverityError,
			Message: fmt.Sprintf("the file is %d bytes long, at most %d are allowed", len(data), maxFileBytes), Hint: "split it: rule_files takes several"}}
	}
	doc, problems := strictyaml.Parse(file, data)
	if problems.Errors() {
		return nil, problems
	}
	p := &fileParser{doc: doc, source: string(data), catalogue: c, problems: problems}
	var spec fileSpec
	p.decoding = doc.Decode(&spec, strictyaml.Options{})
	groups := p.groups(&spec)
	p.problems = append(p.problems, p.decoding...)
	p.problems.Sort()
	return groups, p.problems
}

type fileParser struct {
	doc       *strictyaml.Document
	source    string
	catalogue Catalogue
	problems  plumbline.Problems
	decoding  plumbline.Problems // mistakes of syntax and type, found before
}

// at reports something about a value, unless the value could not even be decoded.
func (p *fileParser) at(ptr any, sev plumbline.Severity, message, hint string) {
	if line, column := p.doc.At(ptr); !p.undecoded(line, column) {
		p.problems = append(p.problems, p.doc.ProblemAt(line, column, sev, message, hint))
	}
}

func (p *fileParser) undecoded(line, column int) bool {
	for _, d := range p.decoding {
		if d.Line == line && d.Column == column {
			return true
		}
	}
	return false
}

// faulty reports whether something between two lines, the second excluded, could not be decoded.
func (p *fileParser) faulty(from, to int) bool {
	for _, d := range p.decoding {
		if d.Line >= from && (d.Line < to || d.Line == from) {
			return true
		}
	}
	return false
}

func (p *fileParser) groups(spec *fileSpec) []Group {
	if len(spec.Groups) == 0 && len(p.decoding) == 0 {
		p.at(&spec.Groups, plumbline.SeverityWarning, "the file has no groups", "rules stand in groups: a list of name, interval and rules")
	}
	var groups []Group
	names := map[string]int{}
	for i := range spec.Groups {
		s := &spec.Groups[i]
		line, _ := p.doc.At(&s.Name)
		if line == 0 {
			continue // not a mapping
		}
		switch first, twice := names[s.Name]; {
		case s.Name == "":
			p.at(&s.Name, plumbline.SeverityError, "the group has no name", "give each group a name of its own")
		case twice:
			p.at(&s.Name, plumbline.SeverityError, fmt.Sprintf("the group %q is already on line %d", s.Name, first), "give each group a name of its own")
		default:
			names[s.Name] = line
		}
		var next *groupSpec
		if i+1 < len(spec.Groups) {
			next = &spec.Groups[i+1]
		}
		groups = append(groups, p.group(s, next))
	}
	return groups
}

// group compiles a group; next is the one after it, or nil.
func (p *fileParser) group(s, next *groupSpec) Group {
	g := Group{Name: s.Name, Interval: s.Interval, Offset: s.Offset, Limit: s.Limit, Labels: s.Labels, File: p.doc.File()}
	if p.doc.Has(&s.Interval) && s.Interval <= 0 {
		p.at(&s.Interval, plumbline.SeverityError, "the interval must be longer than zero", "leave it out for the configuration's evaluation.interval")
	}
	if g.Interval <= 0 {
		g.Interval = defaultInterval(p.catalogue)
	}
	if s.Limit < 0 {
		p.at(&s.Limit, plumbline.SeverityError, "the limit is negative", "0 is no limit")
	}
	if len(s.Rules) == 0 {
		p.at(&s.Rules, plumbline.SeverityWarning, fmt.Sprintf("the group %q has no rules", s.Name), "")
	}
	var lines []*ruleSpec
	for i := range s.Rules {
		end := math.MaxInt
		if i+1 < len(s.Rules) {
			end, _ = p.doc.At(&s.Rules[i+1])
		} else if next != nil {
			end, _ = p.doc.At(next)
		}
		if r := p.rule(&g, s, &s.Rules[i], end); r != nil {
			g.Rules = append(g.Rules, r)
			lines = append(lines, &s.Rules[i])
		}
	}
	identify(g.Name, g.Rules)
	p.duplicates(g.Rules, lines)
	return g
}

func defaultInterval(c Catalogue) time.Duration {
	if c.DefaultInterval > 0 {
		return c.DefaultInterval
	}
	return time.Minute
}

func (p *fileParser) rule(g *Group, gs *groupSpec, s *ruleSpec, end int) *Rule {
	line, _ := p.doc.At(s)
	if known, _ := p.doc.At(&s.Alert); known == 0 {
		return nil // not a mapping
	}
	if p.doc.Has(&s.Record) {
		p.problems = append(p.problems, p.doc.KeyProblem(&s.Record, plumbline.SeverityError, "recording rules are not supported",
			"statistics are read from the store as they are: write the expression into an alert"))
		return nil
	}
	r := &Rule{
		Alert: s.Alert, Expr: s.Expr, ForEach: s.ForEach, Against: s.Against, Tolerate: s.Tolerate, budget: s.Budget, Clear: s.Clear, For: s.For, KeepFiringFor: s.KeepFiringFor, NoData: s.NoData,
		Labels: map[string]string{}, Annotations: s.Annotations, Trigger: s.Trigger, File: g.File, Line: line,
	}
	for k, v := range g.Labels {
		r.Labels[k] = v
	}
	for k, v := range s.Labels {
		r.Labels[k] = v
	}
	faulty := p.faulty(line, end)
	ok := !faulty
	for _, m := range r.compile(g, p.catalogue) {
		ok = ok && m.severity != plumbline.SeverityError
		if faulty && (m.field == "alert" && s.Alert == "" || m.field == "expr" && s.Expr == "") {
			continue // it is there, but misspelled or of another type
		}
		p.place(gs, s, m)
	}
	if !ok {
		return nil
	}
	return r
}

// place turns a mistake in a rule's field into a problem at its position in the file.
func (p *fileParser) place(g *groupSpec, s *ruleSpec, m mistake) {
	fields := map[string]any{"alert": &s.Alert, "expr": &s.Expr, "against": &s.Against, "budget": &s.Budget, "tolerate": &s.Tolerate, "clear": &s.Clear, "for": &s.For, "no_data": &s.NoData,
		"trigger": &s.Trigger, "for_each": &s.ForEach, "labels": &s.Labels, "annotations": &s.Annotations}
	texts := map[string]string{"expr": s.Expr, "clear": s.Clear}
	maps := map[string]map[string]string{"for_each": s.ForEach, "labels": s.Labels, "annotations": s.Annotations}
	ptr := fields[m.field]
	line, column := p.doc.At(ptr)
	text := texts[m.field]
	if m.key != "" {
		if _, here := maps[m.field][m.key]; !here && m.field == "labels" {
			ptr, maps["labels"] = &g.Labels, g.Labels
		}
		text = maps[m.field][m.key]
		if line, column = p.doc.MapAt(ptr, m.key); m.onKey {
			line, column = p.doc.MapKeyAt(ptr, m.key)
		}
	}
	if text != "" && !m.onKey {
		line, column = locate(p.source, line, column, text, m.offset)
	}
	problem := p.doc.ProblemAt(line, column, m.severity, m.message, m.hint)
	if ptr == &g.Labels { // every rule of the group has it
		for _, known := range p.problems {
			if known == problem {
				return
			}
		}
	}
	p.problems = append(p.problems, problem)
}

// duplicates warns of rules that are equal in name, expression, targets and labels: both would send the same alert.
func (p *fileParser) duplicates(rules []*Rule, specs []*ruleSpec) {
	first := map[string]*Rule{}
	for i, r := range rules {
		key := fmt.Sprint(r.Alert, "\x00", r.Expr, "\x00", r.ForEach, "\x00", r.Labels, "\x00", r.Against, "\x00", r.Budget, "\x00", r.Tolerate)
		if f, twice := first[key]; twice {
			p.at(&specs[i].Alert, plumbline.SeverityWarning, fmt.Sprintf("the rule %q is the same as the one on line %d", r.Alert, f.Line), "remove one of them, or tell them apart by a label")
			continue
		}
		first[key] = r
	}
}

// CheckNames reports groups of the same name in different files: a group's name is part of its alerts' identity.
func CheckNames(groups []Group) plumbline.Problems {
	var problems plumbline.Problems
	files := map[string]string{}
	for _, g := range groups {
		if first, twice := files[g.Name]; twice && first != g.File {
			line := 0
			if len(g.Rules) > 0 {
				line = g.Rules[0].Line
			}
			problems = append(problems, plumbline.Problem{File: g.File, Line: line, Column: 1, Severity: plumbline.SeverityError,
				Message: fmt.Sprintf("the group %q is already in %s", g.Name, first), Hint: "give each group a name of its own"})
			continue
		}
		files[g.Name] = g.File
	}
	return problems
}
