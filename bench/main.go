package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
)

// cores is how many of them a measured process may use.
const cores = 2

// page is where -write puts the table.
const page = "docs/performance.md"

// options are what the command line says.
type options struct {
	Rounds  int
	Scale   float64
	Profile string // prefix of CPU profiles; empty: none
	Dir     string // for what a run leaves behind; removed at its end
}

// scaled is a number of records for this run.
func (o options) scaled(n int) int { return max(1000, int(float64(n)*o.Scale)) }

// parts in the order in which they run.
var parts = []struct {
	name string
	run  func(*report, options) error
}{
	{"decode", benchDecode},
	{"fold", benchFold},
	{"flush", benchFlush},
	{"file", benchFile},
	{"compare", benchCompare},
	{"kafka", benchKafka},
	{"clickhouse", benchClickHouse},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	var o options
	only := flag.String("parts", strings.Join(names, ","), "which parts to measure")
	asJSON := flag.String("json", "", "also write the figures to this file")
	write := flag.Bool("write", false, "also write the table into "+page)
	flag.IntVar(&o.Rounds, "rounds", 5, "how often each measurement is repeated, at least 3")
	flag.Float64Var(&o.Scale, "scale", 1, "share of the usual number of records")
	flag.StringVar(&o.Profile, "profile", "", "write CPU profiles, also of the daemon, to files of this prefix")
	flag.Parse()
	chosen := strings.Split(*only, ",")
	for _, name := range chosen {
		if !slices.Contains(names, name) {
			return fmt.Errorf("-parts %s: there are %s", name, strings.Join(names, ", "))
		}
	}
	runtime.GOMAXPROCS(min(cores, runtime.NumCPU()))
	o.Rounds = max(3, o.Rounds)
	if o.Profile != "" {
		if o.Profile, err = filepath.Abs(o.Profile); err != nil {
			return err
		}
	}
	if o.Dir, err = os.MkdirTemp("", "plumbline-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	r := newReport(o)
	for _, p := range parts {
		if !slices.Contains(chosen, p.name) {
			continue
		}
		r.begin(p.name)
		if err := profiled(o, p.name, func() error { return p.run(r, o) }); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	r.end()
	fmt.Println()
	r.print(os.Stdout)
	if *asJSON != "" {
		if err := r.writeJSON(*asJSON); err != nil {
			return err
		}
	}
	if *write {
		return r.writePage(page)
	}
	return nil
}

// profiled runs f and, if asked, writes a CPU profile of this process.
func profiled(o options, part string, f func() error) (err error) {
	if o.Profile == "" {
		return f()
	}
	out, err := os.Create(fmt.Sprintf("%s-%s.pprof", o.Profile, part))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}
