package detectors

import (
	"fmt"
	"math"
)

// atomShare is the share of one cell above which the Kolmogorov-Smirnov p-value is called out as conservative.
const atomShare = 0.1

// KS is the two-sample Kolmogorov-Smirnov distance from counts on a grid of ordered cells, such as 256 quantile cells of the
// baseline. Within a cell the order of values is lost, so the distance of the raw values, max_x |F(x) - G(x)|, is only bounded:
//
//	Value = max_j |F_j - G_j|  <=  D  <=  Upper = max_j max(F_j - G_{j-1}, G_j - F_{j-1})
//
// F_j and G_j being the cumulative shares at the end of cell j. These bounds are of this sample, not of what it was drawn from. On
// 256 cells they are 0.002 apart for continuous data. P is [KSTail] of Value: conservative; where that of Upper is at most 0.05 and P is
// not, Note says that the grid leaves it open. Effect is Value; SD is [ShiftOfKS]. Reasons as for [ChiSquare], but cells aren't merged.
func KS(ref, cur []int64) Result {
	t, reason := newTable(ref, cur)
	if reason != "" {
		return none(t.n, t.m, "%s", reason)
	}
	grid, upper := ksBounds(t)
	res := Result{Value: number(grid), Effect: number(grid), P: probability(KSTail(grid, t.n, t.m)), Lower: number(grid), Upper: number(upper),
		SD: number(ShiftOfKS(grid)), N: t.n, M: t.m}
	var atom, open string
	if share := largestShare(t); share > atomShare {
		atom = fmt.Sprintf("one cell holds %.0f %% of the rows: the p-value is conservative, chi2 is sharper", 100*share)
	}
	if ksUndecided(*res.P, upper, t) {
		open = fmt.Sprintf("undecided at 5 %%: the grid leaves the distance between %.3g and %.3g", grid, upper)
	}
	res.Note = joinNotes(atom, open)
	return res
}

// ksUndecided reports whether the distance of the raw values may be significant at 5 % though that on the grid is not. The
// asymptotic law tells the clear cases, which are nearly all, at a small part of the cost of the exact one.
func ksUndecided(p, upper float64, t table) bool {
	const level = 0.05
	return p > level && KSAsymptoticTail(upper, t.n, t.m) <= 2*level && KSTail(upper, t.n, t.m) <= level
}

// KSRelevance tests whether the true distance is at most tolerated. By the Dvoretzky-Kiefer-Wolfowitz inequality with Massart's
// constant and the triangle inequality, p = 2 exp(-2 n s^2) + 2 exp(-2 m t^2) with s + t = D - tolerated, s and t in proportion to
// 1/sqrt(n) and 1/sqrt(m). Conservative: it holds for every distribution and sample size.
func KSRelevance(ref, cur []int64, tolerated float64) (p float64, ok bool) {
	t, reason := newTable(ref, cur)
	if reason != "" || !(tolerated >= 0 && tolerated <= 1) {
		return 0, false
	}
	grid, _ := ksBounds(t)
	excess := grid - tolerated
	if excess <= 0 {
		return 1, true
	}
	// Both exponents are equal: s sqrt(n) = t sqrt(m) = excess / (1/sqrt n + 1/sqrt m).
	x := excess / (1/math.Sqrt(float64(t.n)) + 1/math.Sqrt(float64(t.m)))
	return math.Min(1, 4*math.Exp(-2*x*x)), true
}

// ksBounds returns the distance on the grid and the largest one the raw values can have.
func ksBounds(t table) (grid, upper float64) {
	m, n := float64(t.m), float64(t.n)
	var r, c int64
	for j := range t.r {
		f0, g0 := float64(r)/m, float64(c)/n
		r, c = r+t.r[j], c+t.c[j]
		f, g := float64(r)/m, float64(c)/n
		grid = math.Max(grid, math.Abs(f-g))
		upper = math.Max(upper, math.Max(f-g0, g-f0))
	}
	return grid, math.Max(upper, grid)
}

// largestShare is the largest share of the pooled rows in one cell.
func largestShare(t table) float64 {
	var top int64
	for j := range t.r {
		top = max(top, t.r[j]+t.c[j])
	}
	return float64(top) / (float64(t.n) + float64(t.m))
}
