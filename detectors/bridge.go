package detectors

import (
	"math"
	"math/cmplx"
)

// The statistics of Cramér-von Mises and Anderson-Darling are, without drift and for many rows, integrals of the square of a
// Brownian bridge: sums of lambda_j X_j^2 with X_j independent standard normal.

// continuousAD is the law without ties: lambda_j = 1/(j (j+1)), exp(K) = sqrt(-2 pi s / cos(pi/2 sqrt(1+8s))) (Anderson and Darling
// 1952).
var continuousAD = quadratic{end: 1, log: func(s complex128) complex128 {
	z := math.Pi / 2 * cmplx.Sqrt(1+8*s)
	// cos z = exp(-iz) (1 + exp(2iz))/2, and -s = s exp(-i pi) from above: no branch is crossed.
	return (cmplx.Log(2*math.Pi*s) - complex(0, math.Pi) + 1i*z + math.Ln2 - cmplx.Log(1+cmplx.Exp(2i*z))) / 2
}}

// continuousCvM is the law without ties: lambda_j = 1/(j pi)^2, exp(K) = sqrt(sqrt(2s)/sin sqrt(2s)) (Smirnov 1936; Anderson and
// Darling 1952).
var continuousCvM = quadratic{end: math.Pi * math.Pi / 2, log: func(s complex128) complex128 {
	z := cmplx.Sqrt(2 * s)
	return (cmplx.Log(z) + 1i*z - complex(0, math.Pi/2) + math.Ln2 - cmplx.Log(1-cmplx.Exp(2i*z))) / 2
}}

// bridge is a quadratic form in a Brownian bridge that is seen only at the ends of cells with shares l_1, …, l_B: with b_j its
// value at the end of cell j, Q = sum_j w_j ((b_{j-1} + b_j)/2)^2. Both the inverse of the covariance of b and the matrix of the form
// are tridiagonal, so K(s) = -1/2 log(det(T - 2sC)/det T) takes B steps and no eigenvalues.
type bridge struct {
	diagT, offT, diagC, offC []float64 // off[j] couples j and j+1
}

func newBridge(shares, weights []float64) bridge {
	n := len(shares) - 1
	b := bridge{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)}
	for j := range n {
		b.diagT[j] = 1/shares[j] + 1/shares[j+1]
		b.offT[j] = -1 / shares[j+1]
		b.diagC[j] = (weights[j] + weights[j+1]) / 4
		b.offC[j] = weights[j+1] / 4
	}
	return b
}

func (b bridge) law() quadratic {
	// T - 2sC is positive definite up to the end of the law.
	lo, hi := 0.0, 1.0
	for b.positive(hi) && hi < 1e300 {
		lo, hi = hi, 2*hi
	}
	for range 60 {
		if mid := (lo + hi) / 2; b.positive(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	whole := b.logDet(0)
	return quadratic{end: lo, log: func(s complex128) complex128 { return (whole - b.logDet(s)) / 2 }}
}

func (b bridge) positive(s float64) bool {
	pivot := 1.0
	for j := range b.diagT {
		next := b.diagT[j] - 2*s*b.diagC[j]
		if j > 0 {
			off := b.offT[j-1] - 2*s*b.offC[j-1]
			next -= off * off / pivot
		}
		if !(next > 0) {
			return false
		}
		pivot = next
	}
	return true
}

// logDet returns log det(T - 2sC) for Im s >= 0 as the sum of the logarithms of its pivots. Above the real axis the imaginary part of
// T - 2sC is negative definite, hence of every pivot negative: no principal logarithm crosses its cut.
func (b bridge) logDet(s complex128) complex128 {
	x, y := 2*real(s), 2*imag(s)
	// The pivots are multiplied up, their turns beyond a half circle counted and their magnitude taken out now and then: a
	// logarithm for each would cost several times as much.
	re, im, turns, exponent := 1.0, 0.0, 0, 0
	var pr, pi float64
	for j := range b.diagT {
		nr, ni := b.diagT[j]-x*b.diagC[j], -y*b.diagC[j]
		if j > 0 {
			or, oi := b.offT[j-1]-x*b.offC[j-1], -y*b.offC[j-1]
			or, oi = or*or-oi*oi, 2*or*oi
			size := pr*pr + pi*pi
			nr -= (or*pr + oi*pi) / size
			ni -= (oi*pr - or*pi) / size
		}
		pr, pi = nr, ni
		before := im
		re, im = re*pr-im*pi, re*pi+im*pr
		if before < 0 && im >= 0 && y != 0 { // clockwise through the negative real axis
			turns++
		}
		if j%4 == 3 {
			_, e := math.Frexp(math.Abs(re) + math.Abs(im))
			re, im = math.Ldexp(re, -e), math.Ldexp(im, -e)
			exponent += e
		}
	}
	return complex(0.5*math.Log(re*re+im*im)+float64(exponent)*math.Ln2, math.Atan2(im, re)-2*math.Pi*float64(turns))
}

// lawCells is the number of cells up to which a law is computed as it is; of more, neighbours below an even share are joined, which
// changes p by less than 1 %.
const lawCells = 512

// pooledShares returns the shares of the pooled rows per cell: if there are many, of neighbours joined to about 1/lawCells, while a cell
// with more than that stays alone.
func pooledShares(ties []int64) []float64 {
	total := 0.0
	for _, k := range ties {
		total += float64(k)
	}
	least := 0.0
	if len(ties) > lawCells {
		least = total / lawCells
	}
	var shares []float64
	sum := 0.0
	flush := func() {
		if sum > 0 {
			shares, sum = append(shares, sum/total), 0
		}
	}
	for _, k := range ties {
		if float64(k) >= least {
			flush()
		}
		if sum += float64(k); sum >= least {
			flush()
		}
	}
	flush()
	return shares
}

// eachCell walks cells with these pooled shares: mid is the share below the middle of a cell, variance that of the mean of a Brownian
// bridge over the two ends of the cell.
func eachCell(shares []float64, f func(j int, l, mid, variance float64)) {
	below := 0.0
	for j, l := range shares {
		mid := below + l/2
		f(j, l, mid, math.Max(mid*(1-mid)-l/4, 1e-300))
		below += l
	}
}

// tiedLaw returns the law of sum_j l_j weight_j ((b_{j-1} + b_j)/2)^2, which midrank statistics have on cells with these pooled shares. Fewer than
// two cells have no law: its tail is 1.
func tiedLaw(shares []float64, weight func(mid, variance float64) float64) quadratic {
	if len(shares) < 2 {
		return quadratic{log: func(complex128) complex128 { return 0 }}
	}
	weights := make([]float64, len(shares))
	eachCell(shares, func(j int, l, mid, variance float64) { weights[j] = l * weight(mid, variance) })
	return newBridge(shares, weights).law()
}
