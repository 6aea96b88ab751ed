// Package tables reads training data row by row, as records: NDJSON (native records or flat objects), CSV with a header, Parquet.
// It owns file formats; what the rows mean for a baseline is not its affair.
package tables

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"plumbline"
)

// Formats a file can have; auto goes by the file's name.
const (
	Auto    = "auto"
	NDJSON  = "ndjson"
	CSV     = "csv"
	Parquet = "parquet"
)

// Reader yields records. Next fills r, reusing its slices, and returns io.EOF after the last row; a row that can't be read is a
// *RowError, after which reading goes on.
type Reader interface {
	Next(r *plumbline.Record) error
	// Progress is how much of the file was read, in the file's own bytes or rows.
	Progress() (done, total int64)
	// Left names the columns that are not read, and why; it may be nil.
	Left() map[string]string
	Close() error
}

// RowError is a row that can't be read.
type RowError struct {
	File string
	Row  int64 // from 1
	Err  error
}

func (e *RowError) Error() string { return fmt.Sprintf("%s: row %d: %v", e.File, e.Row, e.Err) }
func (e *RowError) Unwrap() error { return e.Err }

// Open opens a file. model names records of files that don't name one.
func Open(path, format, model string) (Reader, error) {
	if format == "" || format == Auto {
		var err error
		if format, err = Guess(path); err != nil {
			return nil, err
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a folder; name a file in it", path)
	}
	r, err := open(f, info.Size(), path, format, model)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func open(f *os.File, size int64, path, format, model string) (Reader, error) {
	if format == Parquet {
		return newParquet(f, size, path, model)
	}
	s, err := newStream(f, size)
	if err != nil {
		return nil, err
	}
	switch format {
	case NDJSON:
		return newNDJSON(s, path, model), nil
	case CSV:
		return newCSV(s, path, model)
	}
	return nil, fmt.Errorf("format %q: use ndjson, csv or parquet", format)
}

// Guess tells a file's format by its name.
func Guess(path string) (string, error) {
	switch ext := filepath.Ext(strings.TrimSuffix(strings.TrimSuffix(path, ".gz"), ".zst")); ext {
	case ".ndjson", ".jsonl", ".json":
		return NDJSON, nil
	case ".csv":
		return CSV, nil
	case ".parquet", ".pq":
		return Parquet, nil
	}
	return "", fmt.Errorf("%s: the format can't be told from the name; say --format ndjson, csv or parquet", path)
}

// stream is a file, decompressed if its first bytes say gzip or zstd, that counts what it reads.
type stream struct {
	*bufio.Reader
	zstd *zstd.Decoder
	file *os.File
	read counter
	size int64
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func newStream(f *os.File, size int64) (*stream, error) {
	s := &stream{file: f, size: size, read: counter{r: f}}
	plain := bufio.NewReaderSize(&s.read, 1<<16)
	s.Reader = plain
	magic, _ := plain.Peek(4) // a file may be shorter
	switch {
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		s.Reader, s.zstd = bufio.NewReaderSize(z, 1<<16), z
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(plain)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		s.Reader = bufio.NewReaderSize(z, 1<<16)
	}
	return s, nil
}

func (s *stream) Left() map[string]string { return nil }

func (s *stream) Progress() (done, total int64) { return s.read.n, s.size }

func (s *stream) Close() error {
	if s.zstd != nil {
		s.zstd.Close()
	}
	return s.file.Close()
}

// assign puts a cell where it belongs: columns named like members of the native record are those, all others are features.
func assign(r *plumbline.Record, column string, v plumbline.Value) error {
	switch column {
	case "id":
		r.ID = text(v)
	case "version":
		r.Version = text(v)
	case "session":
		r.Session = text(v)
	case "ts":
		t, err := instant(v)
		if err != nil {
			return err
		}
		r.Time = t
	case "prediction":
		r.Prediction = v
	case "score":
		r.Score = v
	case "label":
		r.Label = v
	case "model":
		if s := text(v); s != "" {
			r.Model = s
		}
	default:
		r.Features = append(r.Features, plumbline.Field{Name: column, Value: v})
	}
	return nil
}

func text(v plumbline.Value) string {
	switch v.Kind {
	case plumbline.String:
		return v.Str
	case plumbline.Number:
		return strconv.FormatFloat(v.Num, 'f', -1, 64)
	case plumbline.Bool:
		return strconv.FormatBool(v.Num != 0)
	}
	return ""
}

var layouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", time.DateOnly}

// instant reads a time as the native record has it: text, or Unix seconds, milliseconds, microseconds or nanoseconds, told apart
// by size. A row without one has the time that stands for none.
func instant(v plumbline.Value) (time.Time, error) {
	switch v.Kind {
	case plumbline.Missing, plumbline.NaN:
		return noTime, nil
	case plumbline.Number:
		unit := 1.0 // nanoseconds
		switch x := v.Num; {
		case !(x >= 0) || x >= math.MaxInt64:
			return time.Time{}, errNoTime
		case x < 1e10:
			unit = 1e9
		case x < 1e13:
			unit = 1e6
		case x < 1e16:
			unit = 1e3
		}
		if v.Num*unit >= math.MaxInt64 {
			return time.Time{}, errNoTime
		}
		return time.Unix(0, int64(v.Num*unit)).UTC(), nil
	case plumbline.String:
		for _, l := range layouts {
			if t, err := time.Parse(l, v.Str); err == nil {
				return t.UTC(), nil
			}
		}
	}
	return time.Time{}, errNoTime
}

var errNoTime = errors.New("ts is not a time")

// cell reads a text cell: empty is missing, what parses as a number is one, true and false are booleans.
func cell(s string) plumbline.Value {
	switch {
	case s == "":
		return plumbline.Value{}
	case plumbline.SpellsNaN(s):
		return plumbline.Value{Kind: plumbline.NaN}
	case slices.Contains([]string{"true", "True", "TRUE"}, s):
		return plumbline.Value{Kind: plumbline.Bool, Num: 1}
	case slices.Contains([]string{"false", "False", "FALSE"}, s):
		return plumbline.Value{Kind: plumbline.Bool}
	}
	if x, err := strconv.ParseFloat(s, 64); !plumbline.SpellsInf(s) && !strings.ContainsAny(s, "xX_") {
		switch {
		case err == nil:
			return plumbline.Value{Kind: plumbline.Number, Num: x}
		case errors.Is(err, strconv.ErrRange): // beyond a double, as in the native record
			return plumbline.Value{Kind: plumbline.Invalid}
		}
	}
	return plumbline.Value{Kind: plumbline.String, Str: s}
}
