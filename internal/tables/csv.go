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
	header      []string
	path, model string
	row         int64
}

func newCSV(s *stream, path, model string) (*csvReader, error) {
	c := csv.NewReader(s)
	header, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("read the header: %w", err)
	}
	seen := map[string]bool{}
	for i := range header {
		header[i] = strings.TrimPrefix(strings.TrimSpace(header[i]), "\ufeff")
		if header[i] == "" || seen[header[i]] {
			return nil, fmt.Errorf("column %d of the header is empty or named twice", i+1)
		}
		seen[header[i]] = true
	}
	return &csvReader{stream: s, csv: c, header: header, path: path, model: model}, nil
}

func (c *csvReader) Next(r *plumbline.Record) error {
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
	r.Model, r.Time = c.model, epoch
	for i, s := range cells {
		if err := assign(r, c.header[i], cell(s)); err != nil {
			return &RowError{c.path, c.row, err}
		}
	}
	return nil
}
