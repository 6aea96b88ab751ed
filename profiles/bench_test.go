package profiles

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"plumbline"
)

// wideRecords are records of 24 numbers and 8 categories, lognormal and Zipf-like, with a prediction, score and latency.
func wideRecords(n int, seed uint64) []plumbline.Record {
	rng := rand.New(rand.NewPCG(seed, 2))
	out := make([]plumbline.Record, n)
	for i := range out {
		r := &out[i]
		r.Kind, r.Model, r.Version, r.Time = plumbline.Whole, "wide", "1", time.Unix(int64(i), 0).UTC()
		for j := range 24 {
			x := rng.NormFloat64()
			if j%3 == 0 {
				x = 100 + 20*x
			}
			r.Features = append(r.Features, plumbline.Field{Name: fmt.Sprintf("number_%02d", j), Value: plumbline.Value{Kind: plumbline.Number, Num: x}})
		}
		for j := range 8 {
			s := fmt.Sprintf("value-%d", int(20*rng.Float64()*rng.Float64()))
			r.Features = append(r.Features, plumbline.Field{Name: fmt.Sprintf("category_%d", j), Value: plumbline.Value{Kind: plumbline.String, Str: s}})
		}
	}
	return out
}

func wideLayout(tb testing.TB) *Layout {
	tb.Helper()
	m := &plumbline.Model{Name: "wide"}
	b := NewBuilder(m)
	records := wideRecords(20000, 1)
	for i := range records {
		b.Add(&records[i])
	}
	base, err := b.Build(time.Unix(0, 0), "random")
	if err != nil {
		tb.Fatal(err)
	}
	return NewLayout(m, base)
}

func BenchmarkFold32(b *testing.B) {
	for _, n := range []int{1, 3} {
		b.Run(fmt.Sprintf("targets=%d", n), func(b *testing.B) {
			l := wideLayout(b)
			f := NewFolder(l)
			records := wideRecords(4096, 3)
			targets := make([]*Profile, n)
			for i := range targets {
				targets[i] = l.NewProfile()
			}
			for i := range records {
				f.Fold(&records[i], false, targets...)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				f.Fold(&records[i&4095], false, targets...)
				i++
			}
		})
	}
}

func filled(l *Layout, records []plumbline.Record) *Profile {
	p := l.NewProfile()
	f := NewFolder(l)
	for i := range records {
		f.Fold(&records[i], false, p)
	}
	return p
}

func BenchmarkEncode(b *testing.B) {
	l := wideLayout(b)
	for _, n := range []int{1, 10, 1000, 100000} {
		p := filled(l, wideRecords(n, 4))
		body := p.AppendBinary(nil)
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(len(body)), "bytes")
			for b.Loop() {
				body = p.AppendBinary(body[:0])
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	l := wideLayout(b)
	for _, n := range []int{1, 1000} {
		body := filled(l, wideRecords(n, 4)).AppendBinary(nil)
		p := l.NewProfile()
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := l.DecodeInto(p, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMerge(b *testing.B) {
	l := wideLayout(b)
	for _, n := range []int{1, 1000} {
		p, q := l.NewProfile(), filled(l, wideRecords(n, 4))
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Merge(q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCell(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 4096)
	for i := range values {
		values[i] = rng.NormFloat64()
	}
	l := wideLayout(b)
	g := l.slots[1].grid
	sum, i := 0, 0
	for b.Loop() {
		sum += g.Cell(values[i&4095])
		i++
	}
	_ = sum
}
