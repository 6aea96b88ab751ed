package detectors

import (
	"math/rand/v2"
	"testing"
)

func benchCounts(m, n, cells int) (r, c []int64) {
	rng := rand.New(rand.NewPCG(1, uint64(cells)))
	r, c = make([]int64, cells), make([]int64, cells)
	for range m {
		r[rng.IntN(cells)]++
	}
	for range n {
		c[min(rng.IntN(cells)+rng.IntN(2), cells-1)]++
	}
	return r, c
}

func BenchmarkPSI256(b *testing.B) {
	r, c := benchCounts(100_000, 20_000, 256)
	for b.Loop() {
		PSI(r, c)
	}
}

func BenchmarkPSI10(b *testing.B) {
	r, c := benchCounts(100_000, 20_000, 10)
	for b.Loop() {
		PSI(r, c)
	}
}

func BenchmarkKS256(b *testing.B) {
	r, c := benchCounts(100_000, 20_000, 256)
	for b.Loop() {
		KS(r, c)
	}
}

func BenchmarkKS256Exact(b *testing.B) { // 1e7 steps: the most the exact law may cost
	r, c := benchCounts(10_000, 1000, 256)
	for b.Loop() {
		KS(r, c)
	}
}

func BenchmarkAndersonDarling256(b *testing.B) {
	r, c := benchCounts(100_000, 20_000, 256)
	for b.Loop() {
		AndersonDarling(r, c)
	}
}

func BenchmarkCategoryShift50(b *testing.B) {
	r, c := benchCounts(100_000, 20_000, 50)
	for b.Loop() {
		CategoryShift(r, c)
	}
}

func BenchmarkWasserstein256(b *testing.B) {
	r, c := benchCounts(100_000, 20_000, 256)
	for b.Loop() {
		w1OfCells(r, c)
	}
}
