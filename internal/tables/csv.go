package tables

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"plumbline"
)

// csvReader reads comma-separated values with a header.
type csvReader struct {
	*stream
	csv         *csv.Reader
	limited     *limited
	header      []string
	path, model string
	row         int64
}

// limited bounds what is read for one row.
type limited struct {
	r    io.Reader
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("it is longer than %d bytes; is a quote open?", mostBytes)
	}
	n, err := l.r.Read(p)
	l.left -= n
	return n, err
}

func newCSV(s *stream, path, model string) (*csvReader, error) {
	limited := &limited{r: s, left: mostBytes}
	c := csv.NewReader(limited)
	header, err := c.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty; a CSV file begins with a header")
	case err != nil:
		return nil, fmt.Errorf("read the header: %w", err)
	}
	place := map[string]int{}
	for i := range header {
		name := strings.TrimPrefix(strings.TrimSpace(header[i]), "\ufeff")
		if name == "" { // as data frames write their index
			name = fmt.Sprintf("column %d", i+1)
		}
		if k := place[name]; k > 0 {
			return nil, fmt.Errorf("columns %d and %d of the header are both %q; rename one", k, i+1, name)
		}
		header[i], place[name] = name, i+1
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t|") {
		return nil, errors.New("the header is one column with semicolons, tabs or bars in its name; columns are separated by commas")
	}
	return &csvReader{stream: s, csv: c, limited: limited, header: header, path: path, model: model}, nil
}

func (c *csvReader) Next(r *plumbline.Record) error {
	c.limited.left = mostBytes
	cells, err := c.csv.Read()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	c.row++
	var malformed *csv.ParseError
	switch {
	case errors.As(err, &malformed):
		return &RowError{c.path, c.row, err}
	case err != nil: // the file can't be read on
		return fmt.Errorf("%s: row %d: %w", c.path, c.row, err)
	}
	r.Reset()
	r.Model, r.Time = c.model, noTime
	for i, s := range cells {
		if err := assign(r, c.header[i], cell(s)); err != nil {
			return &RowError{c.path, c.row, err}
		}
	}
	return nil
}
