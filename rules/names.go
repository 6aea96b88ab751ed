package rules

import (
	"fmt"
	"slices"
	"strings"

	"plumbline"
	"plumbline/internal/strictyaml"
)

// everyModels are features that any model may have without a manifest or a baseline that says so: what it answers, and what the serving
// software reports.
var everyModels = []string{"prediction", "score", "confidence", "status", "latency_ms", "memory_mb", "cpu_ms"}

// literal reports whether a pattern takes one name only.
func literal(pattern string) bool { return pattern != "" && !strings.ContainsAny(pattern, `*?[\`) }

// names checks models and features against the manifests and baselines. What nobody declared may still come with the records, so an
// unknown name is only a warning; and where any model may come, only one that looks like a slip of a known name.
func (k *checker) names() {
	if k.catalogue.Models == nil {
		return
	}
	r := k.rule
	pattern := r.ForEach["model"]
	var known []string
	var matched []plumbline.Model
	for _, m := range k.catalogue.Models {
		known = append(known, m.Name)
		if ok, _ := Match(pattern, m.Name); ok {
			matched = append(matched, m)
		}
	}
	if len(matched) == 0 {
		near := strictyaml.Nearest(pattern, known)
		if pattern == "*" || pattern == "" || k.catalogue.Open && (near == "" || !literal(pattern)) {
			return
		}
		hint := "no manifest declares it: if it is meant to be known from its records only, leave it so"
		if near != "" {
			hint = "did you mean " + near + "?"
		}
		k.add("for_each", "model", false, plumbline.SeverityWarning, fmt.Sprintf("no declared model matches %q", pattern), hint)
		return
	}
	f := featureNames{others: append([]string(nil), everyModels...), sure: !k.catalogue.Open}
	baselines := 0
	for _, m := range matched {
		of, kept := k.catalogue.Features[m.Name]
		if len(m.Features) == 0 && !kept {
			return // its features are known from its records only
		}
		for _, declared := range m.Features {
			f.inputs = append(f.inputs, declared.Name)
		}
		f.inputs, f.others = append(f.inputs, of.Inputs...), append(f.others, of.Others...)
		if kept {
			baselines++
		}
	}
	what, which := "no manifest declares the feature %q", "no declared feature matches %q"
	if baselines == len(matched) {
		f.sure = f.sure || literal(pattern)
		what, which = "no manifest and no baseline has the feature %q", "no feature of manifests and baselines matches %q"
	}
	if pattern, bound := r.ForEach["feature"]; bound && !f.bound(pattern) {
		if hint, say := f.doubt(pattern, f.inputs); say {
			k.add("for_each", "feature", false, plumbline.SeverityWarning, fmt.Sprintf(which, pattern), hint)
		}
	}
	for i, cond := range []*condition{r.cond, r.clear} {
		field := [...]string{"expr", "clear"}[i]
		for i := 0; cond != nil && i < len(cond.calls); i++ {
			c := cond.calls[i]
			if c.Feature == "" || contains(f.inputs, c.Feature) || contains(f.others, c.Feature) {
				continue
			}
			if hint, say := f.doubt(c.Feature, append(f.others, f.inputs...)); say {
				k.slips(field, "", []slip{{c.offset, plumbline.SeverityWarning, fmt.Sprintf(what, c.Feature), hint}})
			}
		}
	}
}

// featureNames are the features that a rule's models are known to have.
type featureNames struct {
	inputs []string
	others []string
	sure   bool // there is hardly another
}

// bound reports whether for_each, which binds inputs, has one to bind.
func (f featureNames) bound(pattern string) bool {
	return slices.ContainsFunc(f.inputs, func(name string) bool {
		ok, _ := Match(pattern, name)
		return ok
	})
}

// doubt says whether to warn of a name that is not known, and what was probably meant.
func (f featureNames) doubt(name string, known []string) (hint string, say bool) {
	if near := strictyaml.Nearest(name, known); near != "" {
		return "did you mean " + near + "?", f.sure || literal(name)
	}
	return strictyaml.Suggest(name, f.inputs), f.sure
}
