package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"plumbline"
	"plumbline/internal/compare"
	"plumbline/internal/strictyaml"
	"plumbline/internal/tables"
)

func (p *program) compareCommand() *cobra.Command {
	var format string
	o := compare.Options{}
	c := &cobra.Command{
		Use: "compare REFERENCE CURRENT", Short: "says what differs between two files", Args: takes("REFERENCE", "CURRENT"),
		Long: `Compares two files of records, CSV with a header, NDJSON (native records or flat objects) or Parquet, compressed or not: each column's
tests, effects, verdicts and pictures. The reference decides how values are cut into cells; each file is read once, and only counts are
kept. --budget is the expected number of false alarms of the whole comparison: however many columns and tests there are, two files
that do not differ are called drifted less often than that.

Exit status 0 without drift, 2 with drift, 1 if it can't be done. Where there are too few rows to judge, that is said; it is no drift.`,
		Example: `  plumbline compare baseline.ndjson.gz inference-2013-07.ndjson.gz
  plumbline compare train.parquet today.parquet --format html > report.html
  plumbline compare train.csv today.csv --by carrier --format json`,
		RunE: func(c *cobra.Command, args []string) error {
			if format != "text" && format != "json" && format != "html" {
				return fmt.Errorf("--format %q: use text, json or html", format)
			}
			o.Reference, o.Current = args[0], args[1]
			bar := newProgress(p.errs)
			if bar.bar { // else a script reads what is written
				o.Step = bar.Step
			}
			r, err := compare.Run(c.Context(), o)
			bar.done(err)
			var unknown *compare.UnknownColumnError
			if errors.As(err, &unknown) {
				return withHint(strictyaml.Suggest(unknown.Column, unknown.Known), "%w", err)
			}
			if err != nil {
				return err
			}
			w := c.OutOrStdout()
			switch format {
			case "json":
				err = writeJSON(w, r)
			case "html":
				err = r.HTML(w)
			default:
				width, color, _ := terminal(w)
				err = r.Text(w, width, color)
			}
			if err == nil && r.Verdict == plumbline.Drift {
				return status(exitFound)
			}
			return err
		},
	}
	c.Flags().StringVar(&format, "format", "text", "form of the output: text, json or html")
	c.Flags().StringVar(&o.Input, "input", tables.Auto, "format of the files: auto, ndjson, csv or parquet")
	c.Flags().StringVar(&o.By, "by", "", "compare also the rows of each value of this column by themselves")
	c.Flags().StringSliceVar(&o.Columns, "columns", nil, "compare only these columns, separated by commas")
	c.Flags().BoolVar(&o.Exact, "exact", false, "compute ks, ad, cvm, w1, auc and energy from the raw values, as SciPy does")
	c.Flags().StringSliceVar(&o.Compat, "compat", nil, "show also what another tool's defaults say: evidently, nannyml, or both separated by a comma")
	c.Flags().BoolVar(&o.Independent, "independent", false, "the order of rows says nothing: take them as independent")
	c.Flags().Float64Var(&o.Budget, "budget", compare.DefaultBudget, "expected number of false alarms of the whole comparison")
	return c
}
