package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// row is one line of the report.
type row struct {
	Part string `json:"part"`
	Name string `json:"name"`
	Unit string `json:"unit"`
	spread
	Ratio  float64 `json:"ratio,omitempty"` // of the medians, this to that of its floor
	Floor  string  `json:"floor,omitempty"`
	Target float64 `json:"target,omitempty"` // the least the median is meant to be; 0: none
	Most   float64 `json:"most,omitempty"`   // the most it is meant to be; 0: none
}

// report collects rows and prints them as they come.
type report struct {
	Date      string  `json:"date"`
	CPU       string  `json:"cpu"`
	CPUs      int     `json:"cpus"`
	GoVersion string  `json:"go"`
	OS        string  `json:"os"`
	Rounds    int     `json:"rounds"`
	Scale     float64 `json:"scale"`
	Load      string  `json:"load"` // of the machine before and after the run
	Rows      []row   `json:"rows"`
}

func newReport(o options) *report {
	return &report{Date: time.Now().UTC().Format(time.DateOnly), CPU: cpuModel(), CPUs: runtime.NumCPU(), GoVersion: runtime.Version(),
		OS: runtime.GOOS + "/" + runtime.GOARCH, Rounds: o.Rounds, Scale: o.Scale, Load: load()}
}

func (r *report) begin(part string) { fmt.Fprintf(os.Stderr, "measuring %s …\n", part) }

func (r *report) end() { r.Load = strings.Trim(r.Load+" before, "+load()+" after", " ,") }

func (r *report) add(rows ...row) {
	for _, x := range rows {
		fmt.Fprintf(os.Stderr, "  %s: %s %s (%s to %s)\n", x.Name, figure(x.Median), x.Unit, figure(x.Min), figure(x.Max))
	}
	r.Rows = append(r.Rows, rows...)
}

// than makes x a row that is compared with floor.
func (x row) than(floor row) row {
	x.Ratio, x.Floor = x.Median/floor.Median, floor.Name
	return x
}

// print writes the machine and a Markdown table.
func (r *report) print(w io.Writer) {
	name := r.CPU
	if name == "" {
		name = "unknown processor"
	}
	fmt.Fprintf(w, "%s: %s, %d cores, of which a measured process uses %d at most; %s, %s. Load of the machine: %s.", r.Date, name, r.CPUs, min(cores, r.CPUs), r.GoVersion, r.OS, r.Load)
	fmt.Fprintf(w, " Each figure is the median of %d rounds (of 3 from `file` on).", r.Rounds)
	if r.Scale != 1 {
		fmt.Fprintf(w, " Only %s of the usual number of records.", figure(r.Scale))
	}
	fmt.Fprint(w, "\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| part\t| measured\t| median\t| min – max\t| unit\t| to its floor\t| target\t|")
	fmt.Fprintln(t, "|---\t|---\t|--:\t|--:\t|---\t|---\t|---\t|")
	for _, x := range r.Rows {
		ratio, target := "", ""
		if x.Ratio > 0 {
			ratio = fmt.Sprintf("%s × %s", figure(x.Ratio), x.Floor)
		}
		if x.Target > 0 {
			verdict := "met"
			if x.Median < x.Target {
				verdict = "missed"
			}
			target = fmt.Sprintf("%s: %s", figure(x.Target), verdict)
		}
		if x.Most > 0 {
			verdict := "met"
			if x.Median > x.Most {
				verdict = "missed"
			}
			target = fmt.Sprintf("at most %s: %s", figure(x.Most), verdict)
		}
		fmt.Fprintf(t, "| %s\t| %s\t| %s\t| %s – %s\t| %s\t| %s\t| %s\t|\n", x.Part, x.Name, figure(x.Median), figure(x.Min), figure(x.Max), x.Unit, ratio, target)
	}
	t.Flush()
}

// figure shows three digits that count.
func figure(x float64) string {
	switch a := math.Abs(x); {
	case a == 0:
		return "0"
	case a >= 1000:
		unit := math.Pow(10, math.Floor(math.Log10(a))-2)
		return thousands(int64(math.Round(x/unit) * unit))
	case a >= 100:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return fmt.Sprintf("%.1f", x)
	case a >= .1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.2g", x)
}

func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

func (r *report) writeJSON(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// The marks between which writePage writes.
const (
	beginMark = "<!-- begin: written by ./bench/run -write -->\n"
	endMark   = "<!-- end -->"
)

// writePage puts the report between the marks of a Markdown file and leaves the rest as it is.
func (r *report) writePage(path string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	r.print(&b)
	page, err := between(string(old), b.String())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(page), 0o644)
}

// between replaces what is between the marks.
func between(page, text string) (string, error) {
	before, rest, ok := strings.Cut(page, beginMark)
	_, after, closed := strings.Cut(rest, endMark)
	if !ok || !closed {
		return "", errors.New("the marks between which the table goes are missing")
	}
	return before + beginMark + "\n" + text + "\n" + endMark + after, nil
}
