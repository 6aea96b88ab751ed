package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"plumbline/internal/app"
	"plumbline/rules"
)

func (p *program) runCommand() *cobra.Command {
	var file, role string
	var dryRun, untilIdle bool
	c := &cobra.Command{
		Use: "run", Short: "runs the daemon", Args: takes(),
		Long: `Reads records from the configured sources, judges rules, notifies and pulls triggers.

The first SIGINT or SIGTERM stops reading, makes everything durable and exits; the second gives up at once: what was not
durable is read again at the next start. SIGHUP, like POST /-/reload, reads configuration, models and rules again.`,
		Example: "  plumbline run -c plumbline.yaml\n  plumbline run -c plumbline.yaml --until-idle --dry-run",
		RunE: func(c *cobra.Command, _ []string) error {
			log, err := p.logger()
			if err != nil {
				return err
			}
			switch app.Role(role) {
			case app.All, app.Collector, app.Evaluator:
			default:
				return fmt.Errorf("--role %q: use all, collector or evaluator", role)
			}
			conf, err := p.loadAll(file)
			if err != nil {
				return err
			}
			width, color, _ := terminal(c.OutOrStdout())
			o := app.Options{Config: conf, Role: app.Role(role), DryRun: dryRun, UntilIdle: untilIdle, Log: log, Version: version, Revision: revision(), Color: color, Width: width}
			if dryRun {
				o.Print = c.OutOrStdout()
			}
			var bar *progress
			if untilIdle {
				bar = newProgress(p.errs)
				o.Progress = bar
			}
			a, err := app.New(c.Context(), o)
			if err != nil {
				return err
			}
			go func() { // ends with the process
				for range p.reload {
					if err := a.Reload(p.hard); err != nil {
						log.Error("the configuration was not reloaded", "err", err)
					}
				}
			}()
			summary, err := a.Run(c.Context(), p.hard)
			if bar != nil {
				bar.done(err)
			}
			if closed := a.Close(p.hard); err == nil {
				err = closed
			}
			if untilIdle {
				if printed := json.NewEncoder(c.OutOrStdout()).Encode(summary); err == nil {
					err = printed
				}
				p.tellSilent(summary.Silent)
				if err == nil && summary.Records.Read == 0 && role != "evaluator" {
					fmt.Fprintln(p.errs, "plumbline: nothing new to read: what the store holds already is not read again")
				}
				if c.Context().Err() != nil {
					return errors.New("stopped before the end; the next run goes on from here")
				}
			}
			return err
		},
	}
	configFlag(c, &file)
	c.Flags().StringVar(&role, "role", "all", "which half runs: all, collector (sources to store) or evaluator (store to alerts)")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be sent instead of sending it")
	c.Flags().BoolVar(&untilIdle, "until-idle", false, "read sources to their end, judge everything, deliver, print a summary and exit")
	return c
}

// tellSilent names the rules that could not have fired, and why.
func (p *program) tellSilent(silent []rules.Silence) {
	for _, s := range silent {
		of := "its target"
		if s.Of > 1 {
			of = fmt.Sprintf("%d of its %d targets", s.Targets, s.Of)
		}
		fmt.Fprintf(p.errs, "plumbline: %s (%s) never had a number for %s: %s\n", s.Rule, s.Source, of, s.Reason)
	}
}
