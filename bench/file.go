package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"plumbline/collectors/decode"
	"plumbline/collectors/file"
)

// benchFile measures the daemon from one NDJSON file, which one worker folds, and from two of them.
func benchFile(r *report, o options) error {
	d, err := newDaemon(o)
	if err != nil {
		return err
	}
	for _, files := range []int{1, 2} {
		n := o.scaled(500_000)
		pattern, err := writeFiles(filepath.Join(o.Dir, fmt.Sprintf("files-%d", files)), files, n)
		if err != nil {
			return err
		}
		var runs []ended
		taken, err := byTurns(min(o.Rounds, 3),
			func() error {
				s, err := file.New("bench", file.Config{Paths: []string{pattern}}, quiet)
				if err != nil {
					return err
				}
				return readAlone(s, n)
			},
			func() error {
				e, err := d.run(o, job{name: "file", source: "file: {paths: ['" + pattern + "']}", records: n})
				runs = append(runs, e)
				return err
			},
		)
		if err != nil {
			return err
		}
		what := "one NDJSON file → SQLite"
		if files > 1 {
			what = fmt.Sprintf("%d NDJSON files → SQLite", files)
		}
		r.add(d.rows("file", what, n, taken[0], what[:len(what)-len(" → SQLite")]+", read only", runs, 0)...)
	}
	return nil
}

// writeFiles writes n records to files by turns and returns a pattern for their names.
func writeFiles(dir string, files, n int) (pattern string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	outs := make([]*bufio.Writer, files)
	for i := range outs {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.ndjson", i)))
		if err != nil {
			return "", err
		}
		defer f.Close()
		outs[i] = bufio.NewWriterSize(f, 1<<20)
	}
	g := newGenerator(1)
	var b []byte
	for i := range n {
		b = append(decode.AppendRecord(b[:0], g.next(), nil), '\n')
		if _, err := outs[i%files].Write(b); err != nil {
			return "", err
		}
	}
	for _, w := range outs {
		err = errors.Join(err, w.Flush())
	}
	return filepath.Join(dir, "*.ndjson"), err
}
