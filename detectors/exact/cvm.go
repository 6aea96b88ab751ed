package exact

import (
	"fmt"
	"math"

	"plumbline/detectors"
)

// exactCvM is the largest side for which SciPy counts the law of T.
const exactCvM = 20

// CramerVonMises is the two-sample Cramér-von Mises criterion T of Anderson (1962) as scipy.stats.cramervonmises_2samp computes it, from
// midranks: U/(nm(n+m)) - (4nm-1)/(6(n+m)). It is in (0, nm/(n+m)) without ties. Ties enlarge it without any drift, beyond
// that too: each group of k equal values of one side adds to U as k values in a row do, (k^3-k)/12 times the size of the side.
//
// P of values without ties is SciPy's: exact where neither side has more than 20, else the limiting law ([detectors.CramerVonMisesTail]),
// here also far out, where SciPy's series is wrong by 1e-7. With ties, SciPy holds the enlarged T against the law without, which
// says 1e-7 of whole numbers without drift; P is then that of the midrank statistic of [detectors.CramerVonMises] under its own law given the
// ties, and Note gives SciPy's where it is another. Effect, the integral freed of noise, and SD are of the midrank statistic as well.
func CramerVonMises(ref, cur []float64) detectors.Result {
	p, reason := sorted(ref, cur, 2)
	res := result(ref, cur, reason)
	if reason != "" {
		return res
	}
	n, m := p.sizes()
	x, y := float64(n), float64(m)
	all := x + y
	// Within a group of ties, midranks are apart from the rank in the own sample by the other's midrank; the ranks of the group around
	// their middle add (k^3-k)/12.
	u, integral, mean := 0.0, 0.0, 0.0
	var below, belowR, belowC float64
	var ties []int64
	tied := false
	p.each(func(_ float64, dr, dc int64) {
		r, c := float64(dr), float64(dc)
		otherR, otherC := belowR+r/2, belowC+c/2
		u += x*(c*otherR*otherR+c*(c*c-1)/12) + y*(r*otherC*otherC+r*(r*r-1)/12)
		l, mid := (r+c)/all, (below+(r+c)/2)/all
		d := otherR/y - otherC/x
		integral += l * d * d
		mean += l * (mid*(1-mid) - l/4)
		below, belowR, belowC = below+r+c, belowR+r, belowC+c
		ties, tied = append(ties, dr+dc), tied || dr+dc > 1
	})
	value := u/(x*y*all) - (4*x*y-1)/(6*all)
	tail := detectors.CramerVonMisesTail(value, n, m, nil)
	if max(n, m) <= exactCvM {
		tail = criterionTail(u, int(n), int(m))
	}
	noise := all / (x * y)
	effect := math.Max(0, integral-noise*mean)
	res.Value, res.Effect, res.P = number(value), number(effect), number(tail)
	res.SD = number(detectors.ShiftOfCvM(effect, x/all))
	if !tied {
		return res
	}
	own := detectors.CramerVonMisesTail(integral/noise, n, m, ties)
	if res.P = number(own); math.Abs(own-tail) > 0.01*own {
		res.Note = fmt.Sprintf("given the ties; SciPy's p, which takes values as untied, is %s", spelled(tail))
	}
	return res
}

// spelled is a p-value as far as SciPy knows it.
func spelled(p float64) string {
	if p < 1e-6 {
		return "below 1e-6"
	}
	return fmt.Sprintf("%.3g", p)
}

// criterionTail returns P(U' >= u) over all orders of n and m values without ties, by counting lattice paths by their sum of
// (m' i - n' j)^2 (Xiao, Gordon and Yakovlev 2006). Counts below 2^53 are exact.
func criterionTail(u float64, n, m int) float64 {
	g := gcd(n, m)
	a, b := int64(m/g), int64(n/g)
	lcm := float64(n) * float64(m) / float64(g)
	// The sum over the pooled ranks that belongs to u, of which anything at least as large counts.
	nm, all := float64(n)*float64(m), float64(n+m)
	least := int64(math.Floor(lcm * lcm * all * (6*u - nm*(4*nm-1)) / (6 * nm * nm)))
	row := make([]map[int64]float64, m+1)
	for i := 0; i <= n; i++ {
		for j := 0; j <= m; j++ {
			paths := map[int64]float64{}
			d := int64(i)*a - int64(j)*b
			if i == 0 && j == 0 {
				paths[0] = 1
			}
			if i > 0 {
				for sum, k := range row[j] {
					paths[sum+d*d] += k
				}
			}
			if j > 0 {
				for sum, k := range row[j-1] {
					paths[sum+d*d] += k
				}
			}
			row[j] = paths
		}
	}
	tail, total := 0.0, 0.0
	for sum, k := range row[m] {
		total += k
		if sum >= least {
			tail += k
		}
	}
	return tail / total
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
