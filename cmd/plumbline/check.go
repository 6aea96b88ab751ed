package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"plumbline"
	"plumbline/internal/app"
	"plumbline/internal/config"
	"plumbline/internal/pipeline"
	"plumbline/rules"
)

func (p *program) checkCommand() *cobra.Command {
	var file, format string
	var ruleFiles []string
	c := &cobra.Command{
		Use: "check", Short: "checks configuration, models and rules",
		Long:    "Reports every problem at once, with file, line, column and a hint. Exit status 0: nothing; 1: errors; 3: warnings only.",
		Example: "  plumbline check -c plumbline.yaml\n  plumbline check --rules rules/*.yaml",
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			var problems plumbline.Problems
			what := ""
			if len(ruleFiles) > 0 {
				problems = checkRules(append(ruleFiles, args...))
				what = count(len(ruleFiles)+len(args), "rule file")
			} else {
				problems, what = checkAll(file)
			}
			return report(c, problems, what, format)
		},
	}
	c.Args = func(_ *cobra.Command, args []string) error { // a shell expands --rules dir/*.yaml into arguments
		if len(args) > 0 && len(ruleFiles) == 0 {
			return withHint("the configuration is given by -c, rule files by --rules", "unexpected argument %q", args[0])
		}
		return nil
	}
	configFlag(c, &file)
	formatFlag(c, &format)
	c.Flags().StringSliceVar(&ruleFiles, "rules", nil, "check only these rule files, without a configuration")
	return c
}

func checkAll(file string) (plumbline.Problems, string) {
	conf, problems := config.Load(file)
	groups, more := app.LoadRules(conf)
	problems = append(append(problems, more...), app.CheckTriggers(conf)...)
	rulesFound := 0
	for _, g := range groups {
		rulesFound += len(g.Rules)
	}
	return problems, fmt.Sprintf("%s: %s, %s, %s", file, count(len(conf.Sources), "source"), count(len(conf.Models), "model"), count(rulesFound, "rule"))
}

func checkRules(files []string) plumbline.Problems {
	var problems plumbline.Problems
	for _, f := range files {
		_, ps := app.LoadRuleFile(f, rules.Catalogue{Functions: pipeline.Functions()})
		problems = append(problems, ps...)
	}
	return problems
}

func report(c *cobra.Command, problems plumbline.Problems, what, format string) error {
	problems.Sort()
	if format == "json" {
		if problems == nil {
			problems = plumbline.Problems{}
		}
		if err := writeJSON(c.OutOrStdout(), problems); err != nil {
			return err
		}
	} else {
		warnings := 0
		for _, x := range problems {
			fmt.Fprintln(c.OutOrStdout(), x)
			if x.Severity == plumbline.SeverityWarning {
				warnings++
			}
		}
		if len(problems) == 0 {
			fmt.Fprintf(c.OutOrStdout(), "%s: no problems\n", what)
		} else {
			fmt.Fprintf(c.OutOrStdout(), "%s, %s\n", count(len(problems)-warnings, "error"), count(warnings, "warning"))
		}
	}
	switch {
	case problems.Errors():
		return status(exitError)
	case len(problems) > 0:
		return status(exitWarnings)
	}
	return nil
}
