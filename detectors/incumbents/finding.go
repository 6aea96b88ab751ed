package incumbents

import "math"

// A Finding is what a tool says of one column, or of one chunk of it.
type Finding struct {
	Name string `json:"name"` // the column
	// Test is the tool's own name of its test: jensenshannon, wasserstein, ks, chisquare, z, psi, jensen_shannon, …
	Test string `json:"test"`
	// Value is what the tool prints: a p-value if the test is ks, chisquare or z, else a distance or a statistic.
	Value float64 `json:"value"`
	// Threshold is what the tool compares it with; which side is drift depends on the test.
	Threshold float64 `json:"threshold"`
	Drift     bool    `json:"drift"`
	// Chunk counts the chunks of a tool that splits the current rows, from 1; 0 where it doesn't.
	Chunk int `json:"chunk,omitempty"`
	// Rows is the number of current rows with a value that the finding is about.
	Rows int `json:"rows"`
	// Reason says why there is no number; Value, Threshold and Drift are then meaningless zeros.
	Reason string `json:"reason,omitempty"`
}

// OK says whether the finding has a number.
func (f Finding) OK() bool { return f.Reason == "" }

// none returns the finding without its numbers.
func (f Finding) none(reason string) Finding {
	f.Value, f.Threshold, f.Drift, f.Reason = 0, 0, false, reason
	return f
}

// checked turns a number that isn't one into a reason.
func (f Finding) checked() Finding {
	switch {
	case f.Reason != "":
	case math.IsNaN(f.Value) || math.IsNaN(f.Threshold):
		return f.none("the tool's formula is undefined here")
	case math.IsInf(f.Value, 0) || math.IsInf(f.Threshold, 0):
		return f.none("the tool's formula is infinite here")
	}
	return f
}

const (
	reasonEmptyReference = "the reference has no values"
	reasonEmptyCurrent   = "the current data has no values"
	reasonTypes          = "the column is numeric in one data set and not in the other"
)
