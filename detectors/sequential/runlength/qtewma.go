package runlength

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"

	"plumbline/detectors/sequential"
)

// Distribution is a law of a feature.
type Distribution struct {
	Name string
	Draw func(*rand.Rand) float64
	CDF  func(float64) float64
	SD   float64
}

// The distributions of the acceptance experiments.
var (
	Normal = Distribution{Name: "normal", SD: 1,
		Draw: func(r *rand.Rand) float64 { return r.NormFloat64() }, CDF: distuv.UnitNormal.CDF}
	Exponential = Distribution{Name: "exponential", SD: 1,
		Draw: func(r *rand.Rand) float64 { return r.ExpFloat64() }, CDF: distuv.Exponential{Rate: 1}.CDF}
	StudentT3 = Distribution{Name: "t3", SD: math.Sqrt(3), CDF: distuv.StudentsT{Sigma: 1, Nu: 3}.CDF,
		Draw: func(r *rand.Rand) float64 {
			square := 0.0
			for range 3 {
				z := r.NormFloat64()
				square += z * z
			}
			return r.NormFloat64() / math.Sqrt(square/3)
		}}
)

// QTEWMA is an experiment with [sequential.QTEWMA]: every replicate draws a baseline of M values, cuts it into Cells cells of equal
// counts and watches a stream of the same law with its limits.
type QTEWMA struct {
	Law        Distribution
	Categories []float64 // true shares of categories, sum 1: there is no Law and Cells is their number; the baseline is a sample of M rows
	Cells      int
	M          int // rows of the baseline, at least Cells
	Lambda     float64
	Rows       float64 // rows expected in a pane; 1 for single events
	Design     float64 // design effect given to the chart; 0 for 1
	Limits     sequential.Limits
	Sizes      func(r *rand.Rand, step int) int64 // rows of a pane, if Rows is not 1; nil for Poisson with mean Rows
	Shift      float64                            // added to the values after Quiet steps, in SD of the law
	Scale      float64                            // and they are multiplied by it; 0 for 1
	Quiet      int                                // steps before the change; streams that alarm in them are drawn anew
	Rho        float64                            // values follow a normal AR(1) with this coefficient (Law is then Normal, single events)
	Replicates int
	Limit      int // steps after the quiet ones at which a replicate is cut
	Seed       uint64
}

// Run plays the experiment. Lengths count from the change.
func (e QTEWMA) Run() Runs {
	if e.Scale == 0 {
		e.Scale = 1
	}
	return Measure(e.Replicates, e.Limit, func(replicate int) Player {
		r := rand.New(rand.NewPCG(e.Seed, uint64(replicate)))
		for {
			play := e.stream(r)
			if play.quiet(e.Quiet) {
				return play.step
			}
		}
	})
}

type qtStream struct {
	e       QTEWMA
	r       *rand.Rand
	chart   *sequential.QTEWMA
	state   sequential.QTEWMAState
	edges   []float64
	before  []float64 // true shares of the cells
	after   []float64
	counts  []int64
	played  int
	last    float64
	changed bool
}

func (e QTEWMA) stream(r *rand.Rand) *qtStream {
	if len(e.Categories) > 0 {
		return e.categorical(r)
	}
	values := make([]float64, e.M)
	for i := range values {
		values[i] = e.Law.Draw(r)
	}
	sort.Float64s(values)
	ref := make([]int64, e.Cells)
	var edges []float64 // the largest value of each cell but the last
	done := 0
	for j := range ref {
		end := (j + 1) * e.M / e.Cells
		ref[j] = int64(end - done)
		done = end
		if j < e.Cells-1 {
			edges = append(edges, values[end-1])
		}
	}
	s := &qtStream{e: e, r: r, chart: e.chart(ref), edges: edges, last: r.NormFloat64()}
	s.chart.Ordered = true
	if e.Rows != 1 {
		s.before = e.shares(edges, 0, 1)
		s.after = e.shares(edges, e.Shift, e.Scale)
	}
	return s
}

func (e QTEWMA) chart(ref []int64) *sequential.QTEWMA {
	chart, err := sequential.NewQTEWMA(ref, e.Lambda, e.Rows)
	if err != nil {
		panic(err) // an experiment that makes no sense
	}
	chart.Limits = e.Limits
	if e.Design > 0 {
		chart.Design = e.Design
	}
	return chart
}

// categorical draws a baseline in which every category occurs.
func (e QTEWMA) categorical(r *rand.Rand) *qtStream {
	for {
		ref := Multinomial(r, int64(e.M), e.Categories, nil)
		if slices.Min(ref) > 0 {
			return &qtStream{e: e, r: r, chart: e.chart(ref), before: e.Categories, after: e.Categories}
		}
	}
}

// shares are the probabilities of the cells for values x scale + shift.
func (e QTEWMA) shares(edges []float64, shift, scale float64) []float64 {
	out := make([]float64, len(edges)+1)
	below := 0.0
	for j, x := range edges {
		p := e.Law.CDF((x - shift*e.Law.SD) / scale)
		out[j] = p - below
		below = p
	}
	out[len(edges)] = 1 - below
	return out
}

func (s *qtStream) quiet(steps int) bool {
	for range steps {
		if s.step().Alarm {
			return false
		}
	}
	s.changed = true
	return true
}

func (s *qtStream) step() sequential.Status {
	s.played++
	if s.e.Rows == 1 && s.e.Categories == nil {
		var x float64
		if s.e.Rho != 0 {
			s.last = s.e.Rho*s.last + math.Sqrt(1-s.e.Rho*s.e.Rho)*s.r.NormFloat64()
			x = s.last
		} else {
			x = s.e.Law.Draw(s.r)
		}
		if s.changed {
			x = x*s.e.Scale + s.e.Shift*s.e.Law.SD
		}
		return s.chart.Event(&s.state, sort.SearchFloat64s(s.edges, x))
	}
	var n int64
	if s.e.Sizes != nil {
		n = s.e.Sizes(s.r, s.played)
	} else if n = 1; s.e.Rows != 1 {
		n = Poisson(s.r, s.e.Rows)
	}
	shares := s.before
	if s.changed {
		shares = s.after
	}
	s.counts = Multinomial(s.r, n, shares, s.counts)
	return s.chart.Pane(&s.state, s.counts)
}
