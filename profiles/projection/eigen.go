package projection

import (
	"math"
	"sort"
)

// symmetricEigen returns the eigenvalues of the symmetric d×d matrix a, descending, and if asked for the eigenvectors, one after
// the other in the same order. It is Jacobi's method in cyclic order; a is overwritten.
func symmetricEigen(a []float64, d int, wanted bool) (values, vectors []float64) {
	var v []float64 // the k-th row becomes the k-th eigenvector
	if wanted {
		v = make([]float64, d*d)
		for i := range d {
			v[i*d+i] = 1
		}
	}
	total := 0.0
	for _, x := range a {
		total += x * x
	}
	for sweep := 0; sweep < 60; sweep++ {
		off := 0.0
		for i := range d {
			for j := range i {
				off += 2 * a[i*d+j] * a[i*d+j]
			}
		}
		if off <= 1e-22*total {
			break
		}
		skip := 1e-26 * total / float64(d*d)
		for p := range d {
			for q := p + 1; q < d; q++ {
				if x := a[p*d+q]; x*x > skip {
					rotate(a, v, d, p, q)
				}
			}
		}
	}
	order := make([]int, d)
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return a[order[i]*d+order[i]] > a[order[j]*d+order[j]] })
	for _, k := range order {
		values = append(values, a[k*d+k])
		if wanted {
			vectors = append(vectors, v[k*d:(k+1)*d]...)
		}
	}
	return values, vectors
}

// rotate makes a[p][q] zero by a rotation in the plane of p and q.
func rotate(a, v []float64, d, p, q int) {
	apq := a[p*d+q]
	theta := (a[q*d+q] - a[p*d+p]) / (2 * apq)
	t := 1 / (math.Abs(theta) + math.Hypot(theta, 1))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Hypot(t, 1)
	s := t * c
	app, aqq := a[p*d+p]-t*apq, a[q*d+q]+t*apq
	rp, rq := a[p*d:p*d+d], a[q*d:q*d+d]
	for k, x := range rp {
		y := rq[k]
		rp[k], rq[k] = c*x-s*y, s*x+c*y
	}
	rp[p], rq[q], rp[q], rq[p] = app, aqq, 0, 0
	for k := range d {
		if k != p && k != q {
			a[k*d+p], a[k*d+q] = rp[k], rq[k]
		}
	}
	if v == nil {
		return
	}
	vp, vq := v[p*d:p*d+d], v[q*d:q*d+d]
	for k, x := range vp {
		y := vq[k]
		vp[k], vq[k] = c*x-s*y, s*x+c*y
	}
}
