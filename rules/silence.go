package rules

// Silence is a rule that never had a number to judge by, for some of its targets, in all evaluations since the engine began.
type Silence struct {
	Rule    string `json:"rule"`
	Source  string `json:"source"`  // file:line
	Targets int    `json:"targets"` // that never had one
	Of      int    `json:"of"`      // targets there were
	Reason  string `json:"reason"`  // the most frequent
}

// maxReasons bounds what is told apart: reasons may hold numbers.
const maxReasons = 16

// tally is how the evaluations of one target ended.
type tally struct {
	value   bool           // one of them had a number
	reasons map[string]int // of the others, until one has
}

func (t *tally) lack(reason string) {
	if t.value {
		return
	}
	if _, known := t.reasons[reason]; !known && len(t.reasons) >= maxReasons {
		return
	}
	t.reasons[reason]++
}

// note remembers whether a rule could be judged for a target; "" is that it could.
func (e *Engine) note(rule, target, reason string) {
	if e.tallies == nil {
		e.tallies = map[string]map[string]*tally{}
	}
	of := e.tallies[rule]
	if of == nil {
		of = map[string]*tally{}
		e.tallies[rule] = of
	}
	t := of[target]
	switch {
	case t == nil && len(of) >= maxTargets:
		return
	case t == nil:
		t = &tally{reasons: map[string]int{}}
		of[target] = t
	}
	if reason == "" {
		t.value, t.reasons = true, nil
		return
	}
	t.lack(reason)
}

// Silences lists the rules that never had a number for some target, in the group's order.
func (e *Engine) Silences() []Silence {
	var out []Silence
	for _, r := range e.group.Rules {
		s := Silence{Rule: r.Alert, Source: r.source(), Of: len(e.tallies[r.ID])}
		counts := map[string]int{}
		for _, t := range e.tallies[r.ID] {
			if t.value {
				continue
			}
			s.Targets++
			for reason, n := range t.reasons {
				counts[reason] += n
			}
		}
		most := 0
		for _, reason := range sortedKeys(counts) {
			if counts[reason] > most {
				most, s.Reason = counts[reason], reason
			}
		}
		if s.Targets > 0 {
			out = append(out, s)
		}
	}
	return out
}
