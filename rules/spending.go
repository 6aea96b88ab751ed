package rules

import (
	"fmt"
	"strings"
	"time"

	"plumbline"
	"plumbline/internal/strictyaml"
)

// mostTolerated is the largest drift, in standard deviations, that can be tolerated.
const mostTolerated = 10

// spending checks budget and tolerate, which only functions that judge by themselves ask for.
func (k *checker) spending() {
	r := k.rule
	functions := map[string]Function{}
	var names []string
	for _, f := range k.catalogue.Functions {
		if functions[f.Name] = f; f.Spends {
			names = append(names, f.Name)
		}
	}
	var spenders []Call
	for _, c := range []*condition{r.cond, r.clear} {
		for i := 0; c != nil && i < len(c.calls); i++ {
			if c.calls[i].spends {
				spenders = append(spenders, c.calls[i])
			}
		}
	}
	unused := func(field string) {
		if r.cond != nil && len(spenders) == 0 {
			k.err(field, "nothing in the expression spends a budget", "ask "+strings.Join(names, " or ")+`, like expr: drifted("1d") > 0`)
		}
	}
	r.Budget = plumbline.DefaultBudget
	if b, err := plumbline.ParseBudget(r.budget); err == nil {
		r.Budget = b
		k.affordable(spenders, functions)
		unused("budget")
	} else if r.budget != "" {
		k.err("budget", err.Error(), "")
		unused("budget")
	}
	k.tolerable(spenders, functions)
	if r.Tolerate > 0 {
		unused("tolerate")
	}
	if len(spenders) == 0 {
		r.Budget = plumbline.Budget{}
	}
}

// affordable reports a budget of more false alarms than can be spent: every ordinary window would be one.
func (k *checker) affordable(spenders []Call, functions map[string]Function) {
	r := k.rule
	if r.cond == nil || r.Clear != "" && r.clear == nil {
		return // it is not known how many calls share it
	}
	share := r.spending()
	for _, c := range spenders {
		f := functions[c.Func]
		if f.Every == nil {
			continue
		}
		least := f.Every(c.Window)
		if share.Alarms*least.Seconds() <= share.Period.Seconds() {
			continue
		}
		most := time.Duration(float64(least) * share.Alarms / r.Budget.Alarms).Round(time.Minute)
		k.err("budget", fmt.Sprintf("%v is more than %s(%q) can spend: false alarms would be the rule", r.Budget, c.Func, strictyaml.FormatDuration(c.Window)),
			fmt.Sprintf("the largest budget here is 1 per %s; usual are budgets like 1 per 30d", strictyaml.FormatDuration(most)))
		return
	}
}

// tolerable reports a tolerated drift that is none.
func (k *checker) tolerable(spenders []Call, functions map[string]Function) {
	x := k.rule.Tolerate
	for _, c := range spenders {
		if most := functions[c.Func].Tolerates; most > 0 && !(x < most) {
			k.err("tolerate", fmt.Sprintf("what %s tolerates is a share, from 0 to below %g", c.Func, most), "write two points in a hundred as tolerate: 0.02")
			return
		}
	}
	if !(x >= 0 && x <= mostTolerated) {
		k.err("tolerate", "a tolerated drift is a shift between 0 and 10 standard deviations", "write a number like tolerate: 0.1")
	}
}
