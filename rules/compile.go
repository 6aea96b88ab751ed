package rules

import (
	"fmt"
	"path"
	"regexp"
	"sort"
	"strings"

	"plumbline"
	"plumbline/internal/strictyaml"
)

// mistake is a slip in one field of a rule; key is set for a map's entry, onKey if its name is meant.
type mistake struct {
	field, key string
	onKey      bool
	slip
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// compile checks a rule whose fields are filled and compiles its texts. The rule can run if no mistake is an error.
func (r *Rule) compile(g *Group, c Catalogue) []mistake {
	k := &checker{rule: r, group: g, catalogue: c}
	if r.Alert == "" {
		k.err("alert", "the rule has no name", "begin it with alert: SomeName")
	}
	k.targets()
	k.expressions()
	k.durations()
	k.policy()
	k.spending()
	k.texts()
	k.names()
	return k.mistakes
}

type checker struct {
	rule      *Rule
	group     *Group
	catalogue Catalogue
	mistakes  []mistake
}

func (k *checker) err(field, message, hint string) {
	k.add(field, "", false, plumbline.SeverityError, message, hint)
}

func (k *checker) add(field, key string, onKey bool, sev plumbline.Severity, message, hint string) {
	k.mistakes = append(k.mistakes, mistake{field, key, onKey, slip{0, sev, message, hint}})
}

func (k *checker) slips(field, key string, list []slip) {
	for _, s := range list {
		k.mistakes = append(k.mistakes, mistake{field, key, false, s})
	}
}

// Match reports whether a pattern of for_each takes a name: path.Match's patterns, for names in which / is a character like any
// other. The error is path.ErrBadPattern.
func Match(pattern, name string) (bool, error) {
	plain := strings.NewReplacer("/", "\x00")
	return path.Match(plain.Replace(pattern), plain.Replace(name))
}

// targets checks for_each and binds the model where nobody did.
func (k *checker) targets() {
	bound := map[string]string{"model": "*"}
	for _, name := range sortedKeys(k.rule.ForEach) {
		pattern := k.rule.ForEach[name]
		switch _, err := Match(pattern, ""); {
		case !contains(targetKeys, name):
			k.add("for_each", name, true, plumbline.SeverityError, fmt.Sprintf("for_each can't bind %q", name), strictyaml.Suggest(name, targetKeys))
			continue
		case pattern == "":
			k.add("for_each", name, false, plumbline.SeverityError, name+" is empty", `write "*" for all of them`)
		case err != nil:
			k.add("for_each", name, false, plumbline.SeverityError, fmt.Sprintf("%q is not a valid pattern", pattern), `* stands for any text, ? for one character, [ab] for one of them; \ takes the meaning away`)
		}
		bound[name] = pattern
	}
	k.rule.ForEach = bound
}

func (k *checker) expressions() {
	sc := newScope(k.catalogue, k.rule.ForEach)
	sc.against = k.rule.Against
	if k.rule.Expr == "" {
		k.err("expr", "the rule has no expr", "write a condition, like expr: "+sc.example())
	} else {
		cond, slips := compileExpr(k.rule.Expr, sc)
		k.rule.cond = cond
		k.slips("expr", "", slips)
	}
	if k.rule.Clear != "" {
		clear, slips := compileExpr(k.rule.Clear, sc)
		k.rule.clear = clear
		k.slips("clear", "", slips)
	}
}

func (k *checker) durations() {
	r := k.rule
	if r.For > 0 && r.For < k.group.Interval {
		k.add("for", "", false, plumbline.SeverityWarning,
			fmt.Sprintf("for %s is shorter than the group's interval %s", strictyaml.FormatDuration(r.For), strictyaml.FormatDuration(k.group.Interval)),
			"the alert fires at the second true evaluation, after "+strictyaml.FormatDuration(k.group.Interval))
	}
}

func (k *checker) policy() {
	policies := []string{NoDataKeep, NoDataOK, NoDataAlert}
	switch k.rule.NoData {
	case "":
		k.rule.NoData = NoDataKeep
	case NoDataKeep, NoDataOK, NoDataAlert:
	default:
		k.err("no_data", fmt.Sprintf("no_data can't be %q", k.rule.NoData), strictyaml.Suggest(k.rule.NoData, policies))
	}
	switch against := k.rule.Against; {
	case against == "":
		k.rule.Against = AgainstTraining
	case !contains(References, against):
		hint := strictyaml.Suggest(against, References)
		k.err("against", fmt.Sprintf("windows can't be compared against %q", against), hint)
	}
	if t := k.rule.Trigger; t != "" && k.catalogue.Triggers != nil && !contains(k.catalogue.Triggers, t) {
		hint := strictyaml.Suggest(t, k.catalogue.Triggers)
		if len(k.catalogue.Triggers) == 0 {
			hint = "define it under triggers: in the configuration"
		}
		k.err("trigger", fmt.Sprintf("there is no trigger %q", t), hint)
	}
}

// texts compiles labels and annotations.
func (k *checker) texts() {
	r := k.rule
	names := []string{"alertname", "deployment", "model", "version"}
	for _, key := range targetKeys[2:] {
		if _, bound := r.ForEach[key]; bound {
			names = append(names, key)
		}
	}
	values := k.values()
	r.labels = map[string]*text{}
	for _, name := range sortedKeys(r.Labels) {
		switch {
		case !labelName.MatchString(name) || strings.HasPrefix(name, "__"):
			k.add("labels", name, true, plumbline.SeverityError, fmt.Sprintf("%q is not a label's name", name), "letters, digits and _, not beginning with a digit or __")
			continue
		case name == "alertname" || name == "deployment" || contains(targetKeys, name):
			k.add("labels", name, true, plumbline.SeverityError, fmt.Sprintf("the label %q belongs to plumbline", name), "it is set from the rule's name and for_each: choose another name")
			continue
		}
		t, slips := compileText(r.Labels[name], names, values)
		r.labels[name] = t
		k.slips("labels", name, slips)
	}
	for name := range r.labels {
		names = append(names, name)
	}
	sort.Strings(names)
	r.annotations = map[string]*text{}
	for _, name := range sortedKeys(r.Annotations) {
		if !labelName.MatchString(name) {
			k.add("annotations", name, true, plumbline.SeverityError, fmt.Sprintf("%q is not an annotation's name", name), "letters, digits and _, not beginning with a digit")
			continue
		}
		t, slips := compileText(r.Annotations[name], names, values)
		r.annotations[name] = t
		k.slips("annotations", name, slips)
	}
}

// values lists the functions the expressions read. When an expression did not compile nothing can be said, so all are allowed.
func (k *checker) values() []string {
	var values []string
	if k.rule.cond == nil || k.rule.Clear != "" && k.rule.clear == nil {
		for _, f := range k.catalogue.Functions {
			values = append(values, f.Name)
		}
		return values
	}
	for _, c := range k.rule.Calls() {
		if !contains(values, c.Func) {
			values = append(values, c.Func)
		}
	}
	return values
}
