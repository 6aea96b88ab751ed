package plumbline

// Verdict is what a finding concludes.
type Verdict string

const (
	Drift     Verdict = "drift"
	NoDrift   Verdict = "no drift"
	NoVerdict Verdict = "no verdict" // see Reason
)

// Finding is one statistic with everything needed to believe it. No field is ever NaN or infinite: what can't be computed is
// absent (nil), and Reason says why.
type Finding struct {
	Model   string   `json:"model,omitempty"`
	Version string   `json:"version,omitempty"`
	Slice   string   `json:"slice,omitempty"`
	Feature string   `json:"feature,omitempty"`
	Test    string   `json:"test"`           // psi, ks, missing, latency_p99, …: also the rule function's name
	Args    []string `json:"args,omitempty"` // what the function was asked beside the feature and the window: a category
	Window  Window   `json:"window"`         // the current window

	Value  *float64 `json:"value"`   // the statistic, in the unit the test's documentation states
	Effect *float64 `json:"effect"`  // size of the difference, comparable across sample sizes
	P      *float64 `json:"p_value"` // in [0, 1]
	Lower  *float64 `json:"lower"`   // 95 % bounds of Value, where the test has them
	Upper  *float64 `json:"upper"`
	SD     *float64 `json:"sd_shift"` // the effect as a shift in standard deviations of the baseline
	N      float64  `json:"n"`        // rows of the window used
	M      float64  `json:"m"`        // rows of the baseline used, 0 if the test has none
	// Where rows depend on each other: how many independent ones would carry as much information as the N rows do, and how many
	// of the baseline's own windows the p-value was learned from.
	NEffective float64 `json:"n_effective,omitempty"`
	Windows    int     `json:"windows,omitempty"`

	Verdict Verdict `json:"verdict,omitempty"`
	Reason  string  `json:"reason,omitempty"` // why there is no value or no verdict
	Note    string  `json:"note,omitempty"`   // a caveat to print beside the number
	// Guard marks a number that says whether there is enough to judge, not what moved: records, labels, days lived through.
	Guard bool `json:"guard,omitempty"`

	// Counted are the findings behind a number that counts some.
	Counted []Finding `json:"counted,omitempty"`

	// Evidence for pictures: the same cells in both windows. Shares sum to 1 unless empty.
	Bins *Bins `json:"bins,omitempty"`
}

// Bins is a histogram of the baseline and the window side by side.
type Bins struct {
	Labels   []string  `json:"labels"` // one per cell: "≤ 24.1", "UA", "missing"
	Baseline []float64 `json:"baseline"`
	Current  []float64 `json:"current"`
}

// Extrapolated reports whether the p-value is smaller than its windows can show.
func (f Finding) Extrapolated() bool {
	return f.Windows > 0 && f.P != nil && *f.P*float64(f.Windows+1) < 1
}

// Finite returns a pointer to v, or nil if v is NaN or infinite.
func Finite(v float64) *float64 {
	if v-v != 0 {
		return nil
	}
	return &v
}
