package main

import (
	"math"
	"sync"

	"plumbline/detectors"
)

// The levels at which sizes are measured.
var alphas = []float64{0.05, 0.01, 0.001, 0.0001}

// rejections counts how often p-values reach each of the levels.
type rejections struct {
	N    int
	Hits [4]int
}

// count takes a p-value; NaN is no verdict and does not count.
func (r *rejections) count(p float64) {
	if p != p {
		return
	}
	r.N++
	for i, a := range alphas {
		if p <= a {
			r.Hits[i]++
		}
	}
}

func (r *rejections) add(s rejections) {
	r.N += s.N
	for i := range r.Hits {
		r.Hits[i] += s.Hits[i]
	}
}

func (r rejections) at(i int) share { return share{r.Hits[i], r.N} }

// cells writes the measured sizes as table cells.
func (r rejections) cells() []string {
	out := make([]string, len(alphas))
	for i := range alphas {
		out[i] = r.cell(i)
	}
	return out
}

func (r rejections) cell(i int) string {
	if float64(r.N)*alphas[i] < 5 { // too few to tell
		return "–"
	}
	switch x := r.at(i).rate(); {
	case x == 0:
		return "0"
	case x < 0.0095:
		return digits2(x)
	default:
		return fixed(x, 3)
	}
}

// rates are the measured sizes; NaN where there are too few repetitions to draw.
func (r rejections) rates() []float64 {
	out := make([]float64, len(alphas))
	for i := range out {
		if out[i] = r.at(i).rate(); r.Hits[i] < 2 {
			out[i] = math.NaN()
		}
	}
	return out
}

// orOne is a p-value; without one there is no rejection.
func orOne(p *float64) float64 {
	if p == nil {
		return 1
	}
	return *p
}

// pOfPSI is the p-value of PSI by its own law.
func pOfPSI(ref, cur []int64) float64 {
	if p, ok := detectors.PSIRelevance(ref, cur, 0); ok {
		return p
	}
	return 1
}

// kolmogorov remembers p-values of the Kolmogorov-Smirnov distance, which is a whole multiple of 1/lcm(n, m): counting lattice paths
// anew for each of a hundred thousand windows would take days.
var kolmogorov sync.Map

type kolmogorovKey struct {
	d    float64
	n, m int
}

func pOfKS(ref, cur []int64) float64 {
	m, n := sum(ref), sum(cur)
	d := distance(ref, cur)
	key := kolmogorovKey{math.Round(d*float64(n)*float64(m)) / float64(n) / float64(m), n, m}
	if p, ok := kolmogorov.Load(key); ok {
		return p.(float64)
	}
	p := detectors.KSTail(key.d, int64(n), int64(m))
	kolmogorov.Store(key, p)
	return p
}

// distance is that of the cumulative shares.
func distance(ref, cur []int64) float64 {
	m, n := float64(sum(ref)), float64(sum(cur))
	var r, c int64
	d := 0.0
	for j := range ref {
		r, c = r+ref[j], c+cur[j]
		d = math.Max(d, math.Abs(float64(r)/m-float64(c)/n))
	}
	return d
}

func sum(counts []int64) int {
	var s int64
	for _, k := range counts {
		s += k
	}
	return int(s)
}

// pOfAD is the p-value of the Anderson-Darling statistic. The law for these very cells takes most of its time, so it is asked only
// where that without ties, from which it differs little, is not far above the levels.
func pOfAD(ref, cur []int64) float64 {
	r, c := occupied(ref, cur)
	a2, sigma := detectors.AndersonDarlingStatistic(r, c)
	n, m := int64(sum(cur)), int64(sum(ref))
	p := detectors.AndersonDarlingTail((a2-1)/sigma, n, m, nil)
	if p > 0.2 {
		return p
	}
	for j := range r {
		r[j] += c[j]
	}
	return detectors.AndersonDarlingTail((a2-1)/sigma, n, m, r)
}

// occupied leaves out cells that are empty on both sides; the slices are new.
func occupied(ref, cur []int64) (r, c []int64) {
	r, c = make([]int64, 0, len(ref)), make([]int64, 0, len(ref))
	for j := range ref {
		if ref[j] != 0 || cur[j] != 0 {
			r, c = append(r, ref[j]), append(c, cur[j])
		}
	}
	return r, c
}
