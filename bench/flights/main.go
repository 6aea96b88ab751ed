package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// sections of the page, in the order in which they are made.
var sections = []struct {
	name string
	make func(ctx context.Context, l *lab) (map[string]string, error)
}{
	{"watch", watchSection},
	{"incumbents", incumbentsSection},
	{"still", stillSection},
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	folder := flag.String("log", cmp.Or(os.Getenv("PLUMBLINE_FLIGHTS"), filepath.Join("examples", "flights")), "folder of the log")
	page := flag.String("o", "", "put the tables between the marks of this page")
	data := flag.String("data", "", "keep what the pipeline stores in this folder; a second run reads nothing anew")
	only := flag.String("sections", strings.Join(names, ","), "what to make")
	flag.Parse()
	dir := *data
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "plumbline-flights-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	l := &lab{log: *folder, dir: dir, began: time.Now()}
	tables := map[string]string{}
	for _, s := range sections {
		if !slices.Contains(strings.Split(*only, ","), s.name) {
			continue
		}
		made, err := s.make(ctx, l)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		for name, text := range made {
			tables[name] = text
		}
		fmt.Fprintf(os.Stderr, "%s: done after %s\n", s.name, time.Since(l.began).Round(time.Second))
	}
	if *page == "" {
		for _, name := range sorted(tables) {
			fmt.Printf("## %s\n\n%s\n", name, tables[name])
		}
		return nil
	}
	old, err := os.ReadFile(*page)
	if err != nil {
		return err
	}
	text, err := fill(string(old), tables)
	if err != nil {
		return fmt.Errorf("%s: %w", *page, err)
	}
	return os.WriteFile(*page, []byte(text), 0o644)
}
