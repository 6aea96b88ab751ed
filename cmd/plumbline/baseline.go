package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"plumbline"
	"plumbline/internal/config"
	"plumbline/internal/tables"
	"plumbline/profiles"
)

func (p *program) baselineCommand() *cobra.Command {
	c := &cobra.Command{Use: "baseline", Short: "builds, shows and compares baselines", DisableFlagsInUseLine: true, Args: subcommand, RunE: help}
	c.AddCommand(p.baselineBuildCommand(), p.baselineShowCommand(), p.baselineDiffCommand())
	return c
}

// buildOptions are the flags of baseline build.
type buildOptions struct {
	model, version, manifest, format, out string
	files                                 []string
}

func (p *program) baselineBuildCommand() *cobra.Command {
	var o buildOptions
	c := &cobra.Command{
		Use: "build --model M --from-file F… -o FILE", Short: "builds a baseline from training data",
		Long: `Builds a baseline from NDJSON (native records or flat objects), CSV or Parquet files, compressed by gzip or zstd or not.

In tables the columns id, ts, version, session, prediction, score and label are what they are called; every other column is a
feature. --manifest gives the model's declared types and slices; without it types are inferred from the values.`,
		Example: "  plumbline baseline build --model flights-delay --manifest models/flights-delay.yaml --from-file baseline.ndjson.gz -o baselines/flights.json",
		RunE: func(c *cobra.Command, args []string) error {
			o.files = append(o.files, args...) // a shell expands --from-file dir/*.csv into arguments
			if o.model == "" || len(o.files) == 0 || o.out == "" {
				return withHint("usage: "+c.UseLine(), "give --model, --from-file and -o")
			}
			m := &plumbline.Model{Name: o.model}
			if o.manifest != "" {
				declared, problems := config.LoadModel(o.manifest)
				p.print(problems)
				if problems.Errors() {
					return fmt.Errorf("%s can't be used", o.manifest)
				}
				if m = &declared; m.Name != o.model {
					return fmt.Errorf("%s declares the model %q, not %q", o.manifest, m.Name, o.model)
				}
			}
			if info, err := os.Stat(o.out); err == nil && info.IsDir() {
				return fmt.Errorf("-o %s is a folder; name the file in it", o.out)
			}
			bar := newProgress(p.errs)
			left := map[string]string{}
			b, read, err := buildBaseline(m, o, left, bar.Step)
			bar.done(err)
			if err != nil {
				return err
			}
			for _, name := range slices.Sorted(maps.Keys(left)) {
				fmt.Fprintf(p.errs, "left out: column %q: %s\n", name, left[name])
			}
			if err := writeBaseline(o.out, b); err != nil {
				return err
			}
			inputs := 0
			for _, f := range b.Features {
				if f.Role == profiles.Input.String() {
					inputs++
				}
			}
			fmt.Fprintf(p.errs, "%s: %s, %s of %s (%s skipped), baseline %.12s\n", o.out, m.Name, count(inputs, "feature"), count(int(b.Records), "record"), count(int(read-b.Records), "row"), b.Hash())
			return nil
		},
	}
	c.Flags().StringVar(&o.model, "model", "", "the model's name")
	c.Flags().StringVar(&o.version, "version", "", "the version it belongs to; without it that of the records, if they agree")
	c.Flags().StringVar(&o.manifest, "manifest", "", "the model's manifest (models/*.yaml)")
	c.Flags().StringVar(&o.format, "format", tables.Auto, "format of the files: auto, ndjson, csv or parquet")
	c.Flags().StringArrayVar(&o.files, "from-file", nil, "training data; may be given more than once")
	c.Flags().StringVarP(&o.out, "output", "o", "", "the baseline's file; packed if its name ends in .gz")
	return c
}

// buildBaseline reads the files, and puts the columns that can't be read into left, with the reason. Rows that can't be read are an error if there are many of them, else they are only counted.
func buildBaseline(m *plumbline.Model, o buildOptions, left map[string]string, step func(text string, done, total int64)) (*profiles.Baseline, int64, error) {
	builder := profiles.NewBuilder(m)
	versions := map[string]bool{}
	var rec plumbline.Record
	var read, bad int64
	var first error
	for _, file := range o.files {
		r, err := tables.Open(file, o.format, m.Name)
		if err != nil {
			return nil, 0, err
		}
		maps.Copy(left, r.Left())
		for {
			err := r.Next(&rec)
			if errors.Is(err, io.EOF) {
				break
			}
			read++
			var row *tables.RowError
			switch {
			case errors.As(err, &row):
				if bad++; first == nil {
					first = err
				}
				continue
			case err != nil:
				r.Close()
				return nil, 0, err
			case rec.Model != m.Name && rec.Model != "":
				r.Close()
				return nil, 0, fmt.Errorf("%s: row %d is a record of the model %q, not %q", file, read, rec.Model, m.Name)
			}
			versions[rec.Version] = true
			builder.Add(&rec)
			if read%4096 == 0 {
				done, total := r.Progress()
				step(filepath.Base(file), done, total)
			}
		}
		if err := r.Close(); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", file, err)
		}
	}
	names := make([]string, len(o.files))
	for i, f := range o.files {
		names[i] = filepath.Base(f)
	}
	source := strings.Join(names, ", ")
	if read == 0 {
		return nil, 0, fmt.Errorf("%s: there is no row to build from", source)
	}
	if bad*100 > read {
		return nil, 0, fmt.Errorf("%d of %d rows can't be read; the first: %w", bad, read, first)
	}
	if o.version == "" && len(versions) == 1 {
		for v := range versions {
			o.version = v
		}
	}
	builder.Version(o.version)
	b, err := builder.Build(time.Now().UTC().Truncate(time.Second), source)
	if err != nil {
		return nil, 0, err
	}
	return b, read, nil
}

// writeBaseline replaces the file whole or not at all. A name that ends in .gz asks for it packed.
func writeBaseline(file string, b *profiles.Baseline) error {
	body, err := b.Write()
	if err != nil {
		return err
	}
	if strings.HasSuffix(file, ".gz") {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(body); err != nil {
			return fmt.Errorf("pack the baseline: %w", err)
		}
		if err := z.Close(); err != nil {
			return fmt.Errorf("pack the baseline: %w", err)
		}
		body = packed.Bytes()
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("write the baseline: %w", err)
	}
	tmp := file + ".tmp"
	err = os.WriteFile(tmp, body, 0o644)
	if err == nil {
		err = os.Rename(tmp, file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the baseline: %w", err), os.RemoveAll(tmp))
	}
	return nil
}

func readBaseline(file string) (*profiles.Baseline, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b, err := profiles.ReadBaseline(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return b, nil
}

func (p *program) baselineShowCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "show FILE", Short: "draws each feature of a baseline", Args: takes("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			b, err := readBaseline(args[0])
			if err != nil {
				return err
			}
			if format == "json" {
				body, err := b.Write()
				if err != nil {
					return err
				}
				_, err = c.OutOrStdout().Write(body)
				return err
			}
			width, color, _ := terminal(c.OutOrStdout())
			b.Show(c.OutOrStdout(), width, color)
			return nil
		},
	}
	formatFlag(c, &format)
	return c
}

func (p *program) baselineDiffCommand() *cobra.Command {
	return &cobra.Command{
		Use: "diff A B", Short: "draws what differs between two baselines", Args: takes("A", "B"),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := readBaseline(args[0])
			if err != nil {
				return err
			}
			b, err := readBaseline(args[1])
			if err != nil {
				return err
			}
			width, color, _ := terminal(c.OutOrStdout())
			profiles.Diff(c.OutOrStdout(), a, b, width, color)
			return nil
		},
	}
}
