package detectors

import (
	"fmt"
	"strings"

	"plumbline"
	"plumbline/profiles"
)

// Scope says what a test reads.
type Scope string

const (
	FeatureScope Scope = "feature" // one feature: an input, or an output or runtime fact by its name
	ModelScope   Scope = "model"   // the whole profile
)

// Kind says which features a test applies to.
type Kind string

const (
	AnyKind     Kind = ""
	Numeric     Kind = "number"   // numbers, lengths of texts, norms of embeddings
	Categorical Kind = "category" // categories and booleans
	Text        Kind = "text"
	Embedding   Kind = "embedding"
)

// Test is one statistic by name.
type Test struct {
	Name     string // also the rule function's name
	Scope    Scope
	Kind     Kind   // of the feature, for FeatureScope
	Baseline bool   // whether there is no value without a baseline
	Unit     string // of the value: share, sd, ms, …; 1 is a pure number
	Doc      string // one line
	Guard    bool   // it says whether there is enough to judge, not what moved
	Rows     bool   // of ModelScope: it reads the derived feature of whole rows, profiles.WholeRow

	run func(in Input) outcome
}

// Input is what a test may read. Of a feature or a profile that doesn't exist the pointer is nil.
type Input struct {
	Baseline, Current               *profiles.Feature
	BaselineProfile, CurrentProfile *profiles.Profile
	Window                          plumbline.Window

	// Category is what category_share and positive_share count; for the latter it is the manifest's positive class.
	Category string
	// Alpha is the level of the verdict; 0 asks for none, unless a drift is tolerated: then it is 0.05.
	Alpha float64
	// Tolerated is the largest true drift that is no drift: a shift in standard deviations of the baseline, for every test.
	Tolerated float64
	// Calibration is what the baseline's own windows tell of this test; nil takes rows as independent.
	Calibration *Calibration

	scoring bool // only the score is asked for
}

// outcome is what a test found.
type outcome struct {
	Result
	bins  *plumbline.Bins
	score *Score // nil: made from P
	isP   bool   // the value is the p-value
}

func noOutcome(format string, args ...any) outcome {
	return outcome{Result: none(0, 0, format, args...)}
}

// Applies reports whether the test is meant for features of a type. A type not known yet is left to the data.
func (t Test) Applies(typ plumbline.FeatureType) bool {
	if typ == plumbline.TypeAuto {
		return true
	}
	switch t.Kind {
	case Numeric:
		return typ.Numeric()
	case Categorical:
		return typ == plumbline.TypeCategory || typ == plumbline.TypeBoolean
	case Text:
		return typ == plumbline.TypeText
	case Embedding:
		return typ == plumbline.TypeEmbedding
	}
	return typ != plumbline.TypeIgnore
}

// Run computes the finding. Model, Version and Slice are the caller's to fill in. It never panics on data; a value that can't be
// computed is nil and has a Reason. Of the 95 % bounds each holds alone unless the test's function says otherwise.
//
// The verdict is drift if both the chance of such a window without drift and, where a drift is tolerated, that of one with just
// so much are at most Alpha.
func (t Test) Run(in Input) plumbline.Finding {
	out := t.outcome(in)
	f := plumbline.Finding{
		Test: t.Name, Window: in.Window,
		Value: out.Value, Effect: out.Effect, P: out.P, Lower: out.Lower, Upper: out.Upper, SD: out.SD,
		N: float64(out.N), M: float64(out.M), Reason: out.Reason, Note: out.Note, Bins: out.bins,
	}
	if t.Scope == FeatureScope {
		switch {
		case in.Current != nil:
			f.Feature = in.Current.Key.Name
		case in.Baseline != nil:
			f.Feature = in.Baseline.Key.Name
		}
	}
	alpha := in.Alpha
	if alpha == 0 && in.Tolerated > 0 {
		alpha = 0.05
	}
	s, scored := out.scored()
	judged, reason := known, ""
	if in.Calibration != nil && scored {
		var p float64
		var note string
		p, note, judged = in.Calibration.tail(s)
		switch judged {
		case known:
			f.P = probability(p)
			f.Note = joinNotes(f.Note, note)
		case bounded:
			f.P, reason = probability(p), note
			f.Note = joinNotes(f.Note, "p is an upper bound, by shorter windows of the baseline")
		case unknown:
			reason, f.P, f.Lower, f.Upper = note, nil, nil, nil
			f.Note = joinNotes(f.Note, "no p-value: "+note)
		}
		if n := in.Calibration.null(); n != nil && f.P != nil {
			f.Windows, f.NEffective = n.K, float64(out.N)/in.Calibration.phi(s.Rows)
		}
		if out.isP {
			f.Value = f.P
			if f.P == nil {
				f.Reason = reason
			}
		}
	}
	if alpha <= 0 {
		return f
	}
	switch {
	case f.Value == nil || judged == unknown || !scored:
		f.Verdict = plumbline.NoVerdict
		if f.Reason == "" {
			f.Reason = "it has no p-value to judge it by"
			if reason != "" {
				f.Reason = reason
			}
		}
	case *f.P > alpha && judged == bounded:
		f.Verdict, f.Reason = plumbline.NoVerdict, reason
	case *f.P > alpha:
		f.Verdict = plumbline.NoDrift
	default:
		p, ok := s.relevance(in.Tolerated, in.Calibration)
		switch {
		case !ok:
			f.Verdict, f.Reason = plumbline.NoVerdict, "this test can't tell a tolerated drift from a larger one"
		case p <= alpha:
			f.Verdict = plumbline.Drift
		default:
			f.Verdict = plumbline.NoDrift
		}
	}
	return f
}

// scored returns the statistic as a score; not ok if it has no p-value.
func (o outcome) scored() (Score, bool) {
	switch {
	case o.Value == nil || o.P == nil:
		return Score{}, false
	case o.score != nil:
		return *o.score, true
	}
	return scoreOfP(*o.P), true
}

// Score is the statistic of a window in the form in which windows are compared with each other; not ok if it can't be computed.
func (t Test) Score(in Input) (s Score, ok bool) {
	in.scoring = true
	return t.outcome(in).scored()
}

func joinNotes(notes ...string) string {
	kept := notes[:0]
	for _, n := range notes {
		if n != "" {
			kept = append(kept, n)
		}
	}
	return strings.Join(kept, "; ")
}

// outcome answers what needs no arithmetic and runs the test.
func (t Test) outcome(in Input) outcome {
	if t.Scope == ModelScope {
		return t.run(in)
	}
	cur, ref := in.Current, in.Baseline
	switch {
	case cur == nil && ref == nil:
		return noOutcome("the feature does not occur")
	case t.Baseline && ref == nil:
		out := noOutcome("no baseline")
		out.N = cur.N
		return out
	case cur == nil:
		out := noOutcome("no rows in the window")
		out.M = ref.N
		return out
	case cur.N > 0 && !t.Applies(cur.Type):
		return noOutcome("%s needs a %s feature, this is a %s", t.Name, t.Kind, cur.Type)
	case t.Baseline && cur.N > 0 && ref.N > 0 && cur.Type.Numeric() != ref.Type.Numeric():
		return noOutcome("the feature is a %s in the baseline and a %s in the window", ref.Type, cur.Type)
	}
	return t.run(in)
}

// ByName returns a built-in test.
func ByName(name string) (Test, error) {
	for _, t := range Builtin() {
		if t.Name == name {
			return t, nil
		}
	}
	return Test{}, fmt.Errorf("no test is called %q", name)
}
