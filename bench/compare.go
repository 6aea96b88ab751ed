package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/parquet-go/parquet-go"
)

// benchCompare measures plumbline compare on two Parquet files, at two sizes, beside two floors that read both files, as many columns at a
// time: one decodes every page and looks at no value, the other takes every value from the reader and does nothing with it.
func benchCompare(r *report, o options) error {
	d, err := newDaemon(o)
	if err != nil {
		return err
	}
	for _, size := range []int{100_000, 1_000_000} {
		n := o.scaled(size)
		files := [2]string{filepath.Join(o.Dir, fmt.Sprintf("reference-%d.parquet", size)), filepath.Join(o.Dir, fmt.Sprintf("current-%d.parquet", size))}
		for i, f := range files {
			if err := writeTable(f, n, uint64(i+1), i == 1); err != nil {
				return err
			}
		}
		var runs []ended
		taken, err := byTurns(max(o.Rounds, 9), // both move by a fifth
			func() error { return errors.Join(readPages(files[0], skip), readPages(files[1], skip)) },
			func() error { return errors.Join(readPages(files[0], hand), readPages(files[1], hand)) },
			func() error {
				e, err := d.compare(files)
				runs = append(runs, e)
				return err
			},
		)
		if err != nil {
			return err
		}
		r.add(compareRows(fmt.Sprintf("2 × %s rows × %d columns", thousands(int64(n)), tableNumbers+tableTexts), size == 1_000_000 && o.Scale == 1, taken, runs)...)
		for _, f := range files {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareRows are the lines about one size; the targets are those of the large one.
func compareRows(what string, targets bool, floors [][]usage, runs []ended) []row {
	line := func(name, unit string, s spread) row {
		return row{Part: "compare", Name: what + name, Unit: unit, spread: s}
	}
	cpu := func(u usage) float64 { return u.cpu.Seconds() }
	wall := func(u usage) float64 { return u.wall.Seconds() }
	own := make([]usage, len(runs))
	for i, e := range runs {
		own[i] = e.usage
	}
	pagesCPU, pagesWall := line(", pages read only", "CPU s", spreadOf(floors[0], cpu)), line(", pages read only", "s", spreadOf(floors[0], wall))
	readCPU, readWall := line(", values read only", "CPU s", spreadOf(floors[1], cpu)), line(", values read only", "s", spreadOf(floors[1], wall))
	ownCPU, ownWall := line("", "CPU s", spreadOf(own, cpu)).than(readCPU), line("", "s", spreadOf(own, wall)).than(readWall)
	ownCPU.Floor, ownWall.Floor = "values read only", "values read only"
	memory := line("", "MB at peak", spreadOf(runs, func(e ended) float64 { return float64(e.rss) / 1e6 }))
	if targets {
		ownCPU.Most, ownWall.Most, memory.Most = 9, 2*readWall.Median, 256
	}
	return []row{pagesCPU, readCPU, ownCPU, pagesWall, readWall, ownWall, memory}
}

// compare runs the built binary and checks what it found: the nine columns that drifted, and no other.
func (d *daemon) compare(files [2]string) (ended, error) {
	var out, errs bytes.Buffer
	cmd := exec.Command(d.binary, "compare", files[0], files[1], "--format", "json")
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", cores))
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return ended{}, err
	}
	peak := make(chan int64)
	go func() { // ends with the process
		most := int64(0)
		for at, ok := peakRSS(cmd.Process.Pid); ok; at, ok = peakRSS(cmd.Process.Pid) {
			most = at
			time.Sleep(20 * time.Millisecond)
		}
		peak <- most
	}()
	err := cmd.Wait()
	e := ended{usage: usage{wall: time.Since(began)}, rss: <-peak}
	if cmd.ProcessState.ExitCode() != 2 { // drift
		return e, fmt.Errorf("plumbline compare: %w\n%s", err, errs.Bytes())
	}
	e.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	var report struct {
		Features []struct{ Name, Verdict string }
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		return e, fmt.Errorf("plumbline compare: %w", err)
	}
	for _, f := range report.Features {
		if f.Name == "(rows)" { // drifted too
			continue
		}
		var i int
		want := false
		if _, err := fmt.Sscanf(f.Name, "n%d", &i); err == nil {
			want = driftedNumber(i)
		} else if _, err := fmt.Sscanf(f.Name, "t%d", &i); err == nil {
			want = driftedText(i)
		}
		if want != (f.Verdict == "drift") {
			return e, fmt.Errorf("plumbline compare calls %s %q", f.Name, f.Verdict)
		}
	}
	return e, nil
}

// skip and hand are what is done with a page: nothing, or all its values are taken from it.
func skip(parquet.Page, []parquet.Value) error { return nil }

func hand(page parquet.Page, into []parquet.Value) error {
	values := page.Values()
	for {
		if _, err := values.ReadValues(into); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// readPages reads and decodes all pages of a file, a column for each core at a time.
func readPages(path string, do func(parquet.Page, []parquet.Value) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	p, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<18))
	if err != nil {
		return err
	}
	columns := make(chan int)
	errs := make([]error, cores)
	var wg sync.WaitGroup
	for k := range cores {
		wg.Go(func() {
			into := make([]parquet.Value, 1024)
			for c := range columns {
				for _, g := range p.RowGroups() {
					errs[k] = errors.Join(errs[k], readChunk(g.ColumnChunks()[c], into, do))
				}
			}
		})
	}
	for c := range p.Root().Columns() {
		columns <- c
	}
	close(columns)
	wg.Wait()
	return errors.Join(errs...)
}

func readChunk(c parquet.ColumnChunk, into []parquet.Value, do func(parquet.Page, []parquet.Value) error) error {
	pages := c.Pages()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return pages.Close()
		}
		if err == nil {
			err = do(page, into)
			parquet.Release(page)
		}
		if err != nil {
			return errors.Join(err, pages.Close())
		}
	}
}
