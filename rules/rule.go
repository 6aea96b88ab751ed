package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"plumbline"
)

// Catalogue is what rules are checked against.
type Catalogue struct {
	Functions       []Function
	Models          []plumbline.Model   // nil: names of models and features are not checked
	Open            bool                // models that nobody declared may come with their records
	Features        map[string]Features // by model: what its baselines hold
	Triggers        []string            // nil: names of triggers are not checked
	Retention       time.Duration       // longest window the store can answer; 0 is not checked
	DefaultInterval time.Duration       // of groups that name none; 0 is a minute
}

// Features are the names in the baselines of a model.
type Features struct{ Inputs, Others []string }

// Group is a list of rules that are evaluated at the same instants.
type Group struct {
	Name     string
	Interval time.Duration
	Offset   *time.Duration    // query_offset: how long after an instant its windows are read; nil is the evaluation's own
	Limit    int               // most alerts a rule may have pending or firing at once; 0 is no limit
	Labels   map[string]string // already part of every rule's labels
	Rules    []*Rule
	File     string
}

// What a rule does with instances whose expression can't be computed.
const (
	NoDataKeep  = "keep"  // the state freezes
	NoDataOK    = "ok"    // as if the expression were false
	NoDataAlert = "alert" // as if it were true
)

// What the windows of a rule are compared with.
const (
	AgainstTraining = "training" // the baseline
	AgainstSeason   = "season"   // the baseline's same hours of the week
	AgainstTrailing = "trailing" // the same hours of the four weeks before
	AgainstPrevious = "previous" // the window just before
)

// References are all that rules can be compared with.
var References = []string{AgainstTraining, AgainstSeason, AgainstTrailing, AgainstPrevious}

// reach is how far back a window and what it is compared with go.
func reach(against string, window time.Duration) time.Duration {
	const week = 7 * 24 * time.Hour
	switch against {
	case AgainstTrailing:
		return window + 4*max(1, (window+week-1)/week)*week
	case AgainstPrevious:
		return 2 * window
	}
	return window
}

// Rule is one compiled alerting rule.
type Rule struct {
	ID            string            // hash of group, name, expression, for_each, labels and against
	Group         string            // the group's name
	Alert         string            // the alert's name
	Expr          string            //
	ForEach       map[string]string // model, version, feature, slice: a name or a glob; model is always there
	Against       string            // training, season, trailing or previous
	Budget        plumbline.Budget  // of the functions that spend one, shared equally between their calls
	Tolerate      float64           // the drift they take for none, as a shift in standard deviations
	Clear         string            // a firing alert resolves only when this is true; "" is as soon as Expr is false
	For           time.Duration
	KeepFiringFor time.Duration
	NoData        string
	Labels        map[string]string // templates, the group's included
	Annotations   map[string]string // templates
	Trigger       string
	File          string
	Line          int

	budget      string // as written
	cond, clear *condition
	labels      map[string]*text
	annotations map[string]*text
}

// Call is one reading of a statistic in a rule's expressions.
type Call struct {
	Func    string
	Args    []string
	Feature string // "" is the feature for_each binds, or none
	Window  time.Duration
	scope   Scope
	spends  bool
	offset  int // of the call in its expression, in bytes
}

// Calls lists what the rule's expressions may read, in order of appearance, so that it can be fetched in one go. The expression
// clear is included.
func (r *Rule) Calls() []Call {
	calls := append([]Call(nil), r.cond.calls...)
	if r.clear != nil {
		calls = append(calls, r.clear.calls...)
	}
	return calls
}

// spending is the budget of one call: each window a rule judges by has an equal part of it.
func (r *Rule) spending() plumbline.Budget {
	calls := map[string]bool{}
	for _, c := range r.Calls() {
		if c.spends {
			calls[fmt.Sprint(c.Func, c.Args, c.Feature, c.Window)] = true
		}
	}
	b := r.Budget
	b.Alarms /= float64(max(len(calls), 1))
	return b
}

// source is where the rule stands.
func (r *Rule) source() string {
	if r.Line == 0 {
		return r.File
	}
	return r.File + ":" + strconv.Itoa(r.Line)
}

// identify gives every rule of a group its identity. Rules that are equal in all that counts are told apart by their order.
func identify(group string, rules []*Rule) {
	seen := map[string]int{}
	for _, r := range rules {
		parts := []any{group, r.Alert, r.Expr, r.ForEach, r.Labels}
		if r.Against != AgainstTraining {
			parts = append(parts, r.Against)
		}
		what, err := json.Marshal(parts) // map keys are sorted
		if err != nil {
			what = []byte(group + "\x00" + r.Alert + "\x00" + r.Expr) // unreachable: texts always marshal
		}
		sum := sha256.Sum256(what)
		r.Group, r.ID = group, hex.EncodeToString(sum[:8])
		if seen[r.ID]++; seen[r.ID] > 1 {
			r.ID += "-" + strconv.Itoa(seen[r.ID])
		}
	}
}
