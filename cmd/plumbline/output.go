package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"plumbline"
	"plumbline/internal/app"
	"plumbline/internal/config"
)

// logger writes to standard error.
func (p *program) logger() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(p.level)); err != nil {
		return nil, fmt.Errorf("--log-level %q: use debug, info, warn or error", p.level)
	}
	o := &slog.HandlerOptions{Level: level}
	switch p.format {
	case "text":
		return slog.New(slog.NewTextHandler(p.errs, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(p.errs, o)), nil
	}
	return nil, fmt.Errorf("--log-format %q: use text or json", p.format)
}

// terminal reports whether w is a terminal and how wide; NO_COLOR makes it plain.
func terminal(w io.Writer) (width int, color, is bool) {
	width = 100
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 40 {
		width = n
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return width, false, false
	}
	if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
		width = n
	}
	_, plain := os.LookupEnv("NO_COLOR")
	return width, !plain && os.Getenv("TERM") != "dumb", true
}

// formatFlag adds --format text|json.
func formatFlag(c *cobra.Command, format *string) {
	c.Flags().StringVar(format, "format", "text", "form of the output: text or json")
}

func checkFormat(format string) error {
	if format != "text" && format != "json" {
		return fmt.Errorf("--format %q: use text or json", format)
	}
	return nil
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// configFlag adds -c/--config.
func configFlag(c *cobra.Command, file *string) {
	c.Flags().StringVarP(file, "config", "c", "plumbline.yaml", "the configuration")
}

// loadConfig reads a configuration; problems are printed, and errors among them end the command.
func (p *program) loadConfig(file string) (*config.Config, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, withHint("-c says where the configuration is; an empty file is a valid one", "there is no %s", file)
	}
	c, problems := config.Load(file)
	return c, p.usable(file, problems)
}

// loadAll is loadConfig with the rules, for whoever judges by them.
func (p *program) loadAll(file string) (*config.Config, error) {
	c, err := p.loadConfig(file)
	if c == nil {
		return nil, err
	}
	_, problems := app.LoadRules(c)
	if problems = append(problems, app.CheckTriggers(c)...); len(problems) > 0 {
		if ruleErr := p.usable(file, problems); ruleErr != nil {
			err = ruleErr
		}
	}
	return c, err
}

func (p *program) usable(file string, problems plumbline.Problems) error {
	p.print(problems)
	if problems.Errors() {
		return withHint("plumbline check -c "+file+" shows the same list", "%s can't be used", file)
	}
	return nil
}

func (p *program) print(problems plumbline.Problems) {
	problems.Sort()
	for _, x := range problems {
		fmt.Fprintln(p.errs, x)
	}
}
