package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"plumbline"
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
	c, problems := config.Load(file)
	p.print(problems)
	if problems.Errors() {
		return nil, fmt.Errorf("%s can't be used; `plumbline check -c %s` shows the same list", file, file)
	}
	return c, nil
}

func (p *program) print(problems plumbline.Problems) {
	problems.Sort()
	for _, x := range problems {
		fmt.Fprintln(p.errs, x)
	}
}
