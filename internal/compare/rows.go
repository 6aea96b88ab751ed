package compare

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"plumbline"
	"plumbline/internal/tables"
)

// columnSet is what one pass over a file fills: a column for each name, made when the name is first met.
type columnSet struct {
	make  func(name string) *column // nil of a name that is not asked for
	list  []*column
	place map[string]*column
	rows  int64
	// carrying and answers are the rows that could have carried features, and an answer.
	carrying, answers int64
	// skipped counts rows that can't be read; first is the first of them.
	skipped int64
	first   error
	// left names columns that are not compared, and why.
	left  map[string]string
	guess []*column
}

func newColumnSet(make func(name string) *column) *columnSet {
	return &columnSet{make: make, place: map[string]*column{}, left: map[string]string{}}
}

// column finds a column or makes it; nil if it is not asked for.
func (s *columnSet) column(name string) *column {
	c, ok := s.place[name]
	if !ok {
		if len(s.place) >= mostColumns {
			s.left["…"] = fmt.Sprintf("there are more than %d columns", mostColumns)
			return nil
		}
		c = s.make(name)
		s.place[name] = c
		if c != nil {
			s.list = append(s.list, c)
		}
	}
	return c
}

// at is column for the i-th name of a row, which mostly is the one that stood there in the row before.
func (s *columnSet) at(i int, name string) *column {
	if i < len(s.guess) && s.guess[i] != nil && s.guess[i].name == name {
		return s.guess[i]
	}
	c := s.column(name)
	for len(s.guess) <= i && i < mostColumns {
		s.guess = append(s.guess, nil)
	}
	if i < len(s.guess) {
		s.guess[i] = c
	}
	return c
}

// mostColumns bounds the columns of a file.
const mostColumns = 5000

// Bad rows: a file with more of them than this share is not the one that was meant.
const mostBad = 0.01

// scanRows reads a file row by row.
func scanRows(path, format string, s *columnSet, step func(text string, done, total int64), visit func(r *plumbline.Record) error) (err error) {
	r, err := tables.Open(path, format, "m")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	var rec plumbline.Record
	for n := int64(1); ; n++ {
		err := r.Next(&rec)
		var bad *tables.RowError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			if s.skipped++; s.first == nil {
				s.first = err
			}
			continue
		case err != nil:
			return err
		}
		if n%4096 == 0 {
			done, total := r.Progress()
			step("reading "+filepath.Base(path), done, total)
		}
		if err := visit(&rec); err != nil {
			return err
		}
	}
}

// fold counts one record in its columns. Those it could have carried and did not are behind until they are met again, or the file
// ends.
func (s *columnSet) fold(r *plumbline.Record) {
	if r.Kind == plumbline.Label {
		return
	}
	s.rows++
	if r.Kind != plumbline.Response {
		s.carrying++
		for i := range r.Features {
			f := &r.Features[i]
			if c := s.at(i, f.Name); c != nil {
				c.upTo(s.carrying - 1)
				c.value(&f.Value)
			}
		}
	}
	if r.Kind == plumbline.Request {
		return
	}
	s.answers++
	put := func(name string, v *plumbline.Value) {
		if v.Kind == plumbline.Missing && s.place[name] == nil {
			return
		}
		if c := s.column(name); c != nil {
			c.upTo(s.answers - 1)
			c.value(v)
		}
	}
	put("prediction", &r.Prediction)
	put("score", &r.Score)
	put("label", &r.Label)
}

// upTo counts rows that did not name the column.
func (c *column) upTo(row int64) {
	if k := row - c.rows; k > 0 {
		c.none(int(k))
	}
}

// absent is the number of rows at the end that did not name a column.
func (s *columnSet) absent(c *column) int64 {
	if answers[c.name] {
		return max(s.answers-c.rows, 0)
	}
	return max(s.carrying-c.rows, 0)
}
