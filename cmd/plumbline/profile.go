package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"plumbline/internal/app"
	"plumbline/internal/pipeline"
	"plumbline/profiles"
)

func (p *program) profileCommand() *cobra.Command {
	var file, format, version, slice, from, to string
	c := &cobra.Command{
		Use: "profile MODEL [FEATURE…]", Short: "prints what the store holds for a window", Args: profileArgs,
		Long:    "Prints counts anyone can compare with their own logs; features that are named are drawn beside\nthe baseline. --from and --to take RFC 3339, a date, or -24h; they are rounded outwards to whole panes (minutes; hours for a slice).",
		Example: "  plumbline profile flights-delay temp -c plumbline.yaml --from 2013-07-01 --to 2013-08-01\n  plumbline profile flights-delay -c plumbline.yaml --slice carrier=UA --from -7d --format json",
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			conf, err := p.loadConfig(file)
			if err != nil {
				return err
			}
			now := time.Now().UTC()
			q := app.ProfileQuery{Model: args[0], Version: version, Features: args[1:]}
			if q.From, err = app.ParseTime(from, now.Add(-24*time.Hour), now); err != nil {
				return fmt.Errorf("--from: %w", err)
			}
			if q.To, err = app.ParseTime(to, now, now); err != nil {
				return fmt.Errorf("--to: %w", err)
			}
			if !q.From.Before(q.To) {
				return errors.New("--from must be before --to")
			}
			if q.Slice, err = app.CanonicalSlice(slice); err != nil {
				return fmt.Errorf("--slice: %w", err)
			}
			s, err := app.OpenStore(c.Context(), conf, true)
			if err != nil {
				return err
			}
			defer s.Close()
			answer, err := app.ReadProfile(c.Context(), s, app.NewRegistry(s, conf, time.Now, slog.New(slog.DiscardHandler)), q)
			if err != nil {
				return err
			}
			view, held := answer.View, answer.Held
			if view.Records == 0 {
				fmt.Fprintf(p.errs, "plumbline: no records from %s to %s; the store holds some from %s to %s\n", view.From.Format(time.RFC3339), view.To.Format(time.RFC3339), held.First.UTC().Format(time.DateOnly), held.Last.UTC().Format(time.DateOnly))
			}
			if format == "json" {
				return writeJSON(c.OutOrStdout(), view)
			}
			if err := printView(c.OutOrStdout(), view); err != nil || len(q.Features) == 0 {
				return err
			}
			drawBeside(c.OutOrStdout(), answer.Window, q.Features)
			return nil
		},
	}
	configFlag(c, &file)
	formatFlag(c, &format)
	c.Flags().StringVar(&version, "version", "", "the model's version; without it the one with the newest records")
	c.Flags().StringVar(&slice, "slice", "", "one slice, like carrier=UA or carrier=UA,origin=EWR")
	c.Flags().StringVar(&from, "from", "", "start of the window; 24 hours ago without it")
	c.Flags().StringVar(&to, "to", "", "end of the window, not in it; now without it")
	return c
}

func printView(w io.Writer, v profiles.View) error {
	title := strings.TrimSpace(v.Model + " " + v.Version)
	for name, value := range v.Slice {
		title += fmt.Sprintf(" %s=%s", name, value)
	}
	fmt.Fprintf(w, "%s, %s to %s: %s, %d late, %d labelled\n\n", title, v.From.Format(time.RFC3339), v.To.Format(time.RFC3339), count(int(v.Records), "record"), v.Late, v.Labelled)
	return printFeatures(w, v)
}

// drawBeside draws the features that were asked for beside the baseline.
func drawBeside(w io.Writer, window pipeline.WindowProfile, names []string) {
	width, color, _ := terminal(w)
	ref, why := window.Version.Reference(window.Stream.Slice)
	for _, f := range window.Profile.Features() {
		if !slices.Contains(names, f.Name) {
			continue
		}
		if ref == nil {
			fmt.Fprintf(w, "%s: %s\n", f.Name, why)
			profiles.Histogram(w, nil, f, width, color)
			continue
		}
		fmt.Fprintf(w, "%s: the baseline (left) and the window (right)\n", f.Name)
		profiles.Histogram(w, ref.Feature(f.Key), f, width, color)
	}
}

func profileArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return withHint("usage: "+c.UseLine(), "MODEL is missing")
	}
	return nil
}
