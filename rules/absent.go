package rules

import (
	"strings"

	"plumbline"
)

// Names that a rule spells out are a promise that they exist. Where nothing has them, the rule has no data: a slip of the pen must not
// look like good news for ever. Patterns promise nothing.

// literals are the parts of for_each that take one name only. A slicing's name, like carrier, takes all its slices.
func (r *Rule) literals() map[string]string {
	out := map[string]string{}
	for key, pattern := range r.ForEach {
		if literal(pattern) && (key != "slice" || strings.Contains(pattern, "=")) {
			out[key] = pattern
		}
	}
	return out
}

// spells reports whether the rule names a target or a feature.
func (r *Rule) spells() bool {
	if len(r.literals()) > 0 {
		return true
	}
	for _, c := range r.Calls() {
		if c.Feature != "" {
			return true
		}
	}
	return false
}

// absent is the one target that the rule names and that is not there, as far as it is named; none while there is no model at all that
// could have it.
func (p *pass) absent(list []map[string]string) (targets []map[string]string, reason string, err error) {
	named := p.rule.literals()
	if len(list) > 0 || len(named) == 0 {
		return nil, "", nil
	}
	if _, ok := named["model"]; !ok {
		model := map[string]string{"model": p.rule.ForEach["model"]}
		if there, err := p.answers.find(p.ctx, model); err != nil || len(there) == 0 {
			return nil, "", err
		}
	}
	wanted := map[string]string{"model": p.rule.ForEach["model"]}
	var words []string
	for _, key := range targetKeys {
		if name, ok := named[key]; ok {
			wanted[key] = name
			words = append(words, key+" "+name)
		}
	}
	if there, err := p.answers.find(p.ctx, wanted); err != nil || len(there) > 0 {
		return nil, "", err // it is there, and what a pattern stands for is not yet
	}
	return []map[string]string{named}, "there is no " + strings.Join(words, ", ") + ": neither records nor a baseline have it", nil
}

// without treats a target that is not there as one without data; an alert of one that was, as of one that vanished.
func (p *pass) without(i instance, known bool, reason string) {
	if active := i.alert.State == plumbline.Pending || i.alert.State == plumbline.Firing; active && p.rule.NoData != NoDataAlert {
		p.vanish(i)
		return
	}
	p.engine.note(p.rule.ID, targetKey(i.bound), reason)
	t, reason := p.withoutData(reason)
	p.conclude(judged{i, known, p.evaluation(i), reason}, t)
}

// decide concludes the targets for which a statistic makes no sense: they are none of the rule's, unless it names what it asks and there
// is no other.
func (p *pass) decide() {
	dead := p.applicable == 0 && p.rule.spells()
	for _, j := range p.inapplicable {
		t := no
		if dead {
			p.engine.note(p.rule.ID, targetKey(j.instance.bound), j.reason)
			t, j.reason = p.withoutData(j.reason)
		} else {
			j.reason = ""
		}
		p.conclude(j, t)
	}
}
