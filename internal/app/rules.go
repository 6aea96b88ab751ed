package app

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"plumbline"
	"plumbline/internal/config"
	"plumbline/internal/pipeline"
	"plumbline/profiles"
	"plumbline/rules"
)

// Catalogue is what rules of a configuration may name.
func Catalogue(c *config.Config) rules.Catalogue {
	cat := rules.Catalogue{Functions: pipeline.Functions(), Triggers: c.TriggerNames(), Retention: c.Store.Retention.Panes, DefaultInterval: c.Evaluation.Interval}
	if len(c.Models) > 0 {
		cat.Models, cat.Open, cat.Features = c.Models, c.AutoRegister, baselineFeatures(c.Models)
	}
	switch {
	case slices.Contains(cat.Triggers, ""): // a name that can't be read was reported, and may be the one that a rule means
		cat.Triggers = nil
	case cat.Triggers == nil:
		cat.Triggers = []string{}
	}
	return cat
}

// LoadRules compiles the configuration's rule files, the builtin pack if it asks for it, and the contracts of its models.
func LoadRules(c *config.Config) ([]rules.Group, plumbline.Problems) {
	cat := Catalogue(c)
	var groups []rules.Group
	var problems plumbline.Problems
	for _, f := range c.Rules {
		if f == config.BuiltinRules {
			g, ps := rules.Pack(cat)
			groups, problems = append(groups, g...), append(problems, ps...)
			continue
		}
		g, ps := LoadRuleFile(f, cat)
		groups, problems = append(groups, g...), append(problems, ps...)
	}
	cat.Models = c.Models
	g, ps := rules.ContractRules(cat)
	groups = append(groups, g...)
	problems = append(problems, ps...)
	return groups, append(problems, rules.CheckNames(groups)...)
}

// LoadRuleFile compiles one rule file.
func LoadRuleFile(file string, cat rules.Catalogue) ([]rules.Group, plumbline.Problems) {
	data, err := os.ReadFile(file)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err // the problem names the file
		}
		return nil, plumbline.Problems{{File: file, Severity: plumbline.SeverityError, Message: "can't be read: " + err.Error(), Hint: "rule files are named one by one or by a pattern, like rules/*.yaml"}}
	}
	return rules.Parse(file, data, cat)
}

// baselineFeatures names what the models' baselines hold, of those that are files. One that can't be read is reported by whoever needs it.
func baselineFeatures(models []plumbline.Model) map[string]rules.Features {
	all := map[string]rules.Features{}
	for _, m := range models {
		files := []string{m.Baseline.File}
		for _, v := range m.Versions {
			files = append(files, v.Baseline.File)
		}
		slices.Sort(files)
		for _, file := range slices.Compact(files) {
			if file == "" {
				continue
			}
			data, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			b, err := profiles.ReadBaseline(data)
			if err != nil {
				continue
			}
			known := all[m.Name]
			for _, f := range b.Profile().Features() {
				if f.Key.Role == profiles.Input {
					known.Inputs = append(known.Inputs, f.Key.Name)
				} else {
					known.Others = append(known.Others, f.Key.Name)
				}
			}
			all[m.Name] = known
		}
	}
	return all
}
