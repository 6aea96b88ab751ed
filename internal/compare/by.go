package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"plumbline"
	"plumbline/profiles"
)

// Bounds on groups: each keeps a summary of every column.
const (
	mostGroups    = 30
	leastOfGroup  = 100 // rows of the reference in a group that is worth comparing
	mostSummaries = 3000
)

// chooseGroups counts the values of the column in the reference and takes the most frequent.
func (r *runner) chooseGroups() error {
	values := newLevels()
	named, columns := false, map[string]bool{}
	err := scanRows(r.Reference, r.Input, newColumnSet(nil), r.Step, func(rec *plumbline.Record) error {
		for i := range rec.Features {
			name := rec.Features[i].Name
			if len(columns) < mostColumns {
				if !columns[name] {
					columns[strings.Clone(name)] = true
				}
			}
			named = named || name == r.By
		}
		if v, ok := valueOf(rec, r.By); ok && rec.Kind != plumbline.Label {
			values.add(v, 1)
		}
		return r.ctx.Err()
	})
	switch {
	case err != nil:
		return err
	case !named && values.n == 0:
		return &UnknownColumnError{r.Reference, r.By, slices.Sorted(maps.Keys(columns))}
	}
	most := max(1, min(mostGroups, mostSummaries/max(1, len(columns))))
	for _, c := range values.list(0) {
		if len(r.groups) < most && c.Count >= leastOfGroup {
			r.groups = append(r.groups, c.Value)
		}
	}
	if len(r.groups) == 0 {
		return fmt.Errorf("no value of %q has %d rows in %s", r.By, leastOfGroup, r.Reference)
	}
	slices.Sort(r.groups)
	return nil
}

// valueOf is a row's value of a column as a category; false if it has none.
func valueOf(r *plumbline.Record, column string) (string, bool) {
	var v *plumbline.Value
	for i := range r.Features {
		if r.Features[i].Name == column {
			v = &r.Features[i].Value
		}
	}
	switch {
	case v != nil:
	case column == "prediction":
		v = &r.Prediction
	case column == "label":
		v = &r.Label
	default:
		for _, s := range r.Segments {
			if s.Name == column {
				return s.Value, true
			}
		}
		return "", false
	}
	return profiles.Text(*v)
}
