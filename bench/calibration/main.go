package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// section is one part of the page.
type section interface {
	measure(l *lab) error
	promises() []promise
	write(p *page)
}

// sections in the order of the page.
func sections(o options) []named {
	return []named{
		{"sizes", &sizes{}},
		{"relevance", &relevance{}},
		{"dependence", &dependence{}},
		{"bursts", &bursts{}},
		{"power", &power{}},
		{"budget", &budget{}},
		{"grid", &grid{}},
		{"streams", &streams{}},
		{"vectors", &vectors{}},
		{"thresholds", &thresholds{}},
		{"flights", &flights{}},
	}
}

type named struct {
	name string
	section
}

// options are what the command line says.
type options struct {
	Seed    uint64
	Scale   float64 // share of the usual number of repetitions
	Quick   bool    // some per cent of the repetitions: what the test runs
	Flights string  // folder with the flights log
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	o := options{Flights: flightsFolder()}
	var names []string
	for _, s := range sections(o) {
		names = append(names, s.name)
	}
	out := flag.String("o", "", "write the page to this file, and pictures to images/calibration beside it")
	only := flag.String("sections", strings.Join(names, ","), "what to measure")
	flag.Uint64Var(&o.Seed, "seed", 2013, "of everything random")
	flag.Float64Var(&o.Scale, "scale", 1, "share of the usual number of repetitions")
	flag.BoolVar(&o.Quick, "quick", false, "the few repetitions of the test")
	flag.Parse()
	chosen := strings.Split(*only, ",")
	for _, name := range chosen {
		if !slices.Contains(names, name) {
			return fmt.Errorf("-sections %s: there are %s", name, strings.Join(names, ", "))
		}
	}
	l := newLab(o)
	p := &page{lab: l}
	var kept []promise
	for _, s := range sections(o) {
		if !slices.Contains(chosen, s.name) {
			continue
		}
		l.begin(s.name)
		if err := s.measure(l); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		l.end()
		s.write(p)
		kept = append(kept, s.promises()...)
	}
	misses := 0
	for _, k := range kept {
		if !k.kept() {
			misses++
			fmt.Fprintln(os.Stderr, "missed:", k)
		}
	}
	fmt.Fprintf(os.Stderr, "%d of %d promises kept, %s\n", len(kept)-misses, len(kept), l.elapsed())
	text := p.text(kept)
	if *out == "" {
		fmt.Print(text)
		return nil
	}
	return p.save(*out, filepath.Join(filepath.Dir(*out), "images", "calibration"), text)
}
