// Package rules compiles YAML rule files into rules and runs each as a state machine: pending, firing, resolved, no data. It
// knows functions only by their catalogue and time only as an argument.
package rules

import (
	"context"
	"errors"
	"fmt"
	"time"

	"plumbline"
)

// Scope says what must be bound before a function can be called.
type Scope string

const (
	ModelScope   Scope = "model"   // needs a model: latency_p99("1h"), volume("1h")
	FeatureScope Scope = "feature" // needs a feature too, bound by for_each or given as the first argument: psi("age", "1h")
)

// Function is one statistic a rule can read. Its first argument is the feature (optional when bound), its last the window.
type Function struct {
	Name  string
	Scope Scope
	Unit  string   // of the value: share, ms, 1, …
	Doc   string   // one line
	Args  []string // names of further literal texts, between the feature and the window: class_share("1", "1h")
	Guard bool     // it says whether there is enough to judge; its findings are told where a rule asks for nothing else
	// Windows are at least Least long, and multiples of Step; 0 is a minute.
	Least, Step time.Duration
	// Spends says that the function judges windows by itself, and spends the rule's budget of false alarms on it: at most one in
	// Every(window). What it takes for tolerate is below Tolerates; 0 is 10 standard deviations.
	Spends    bool
	Every     func(window time.Duration) time.Duration
	Tolerates float64
}

// Query is one call of a function with everything bound.
type Query struct {
	Func    string
	Model   string
	Version string // "" is the version with the newest records
	Slice   string
	Feature string
	Args    []string      // in the order of Function.Args
	Window  time.Duration // the window [at-Window, at)
	Against string        // one of References; "" is AgainstTraining
	// Of a function that spends a budget: how many false alarms it may expect, and the drift, as a shift in standard deviations,
	// that is none.
	Budget   plumbline.Budget
	Tolerate float64
	Shared   bool // its feature is bound by for_each: the features of the model share the budget
}

// ErrNoData says that a statistic can't be computed; the finding's Reason says why.
var ErrNoData = errors.New("no data")

// ErrNotApplicable says that a statistic has no meaning for its target, such as the share of unseen categories of a number or
// the latency of a model whose log never carries one. It is ErrNoData, but the rule simply has no instance for that target.
var ErrNotApplicable = fmt.Errorf("not applicable: %w", ErrNoData)

// Source answers queries at an instant of event time. When the value can't be computed it returns the finding with its Reason
// and an error that wraps ErrNoData.
type Source interface {
	Finding(ctx context.Context, q Query, at time.Time) (plumbline.Finding, error)
	// Targets lists what exists at an instant: one label set (model, version, and feature and slice where asked) for each
	// combination. A selector's value is a name or a glob; keys are model, version, feature, slice.
	Targets(ctx context.Context, selector map[string]string, at time.Time) ([]map[string]string, error)
}
