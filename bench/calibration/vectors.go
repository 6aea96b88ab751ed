package main

import (
	"fmt"
	"math/rand/v2"

	"plumbline/detectors/mmd"
)

// vectors measures the test of embeddings: random Fourier features and the law of their mean's distance.
type vectors struct{ rows []vectorRow }

type vectorRow struct {
	kind  string
	n     int
	still rejections
	moved rejections // one of the coordinates by half a standard deviation
}

const vectorBaseline = 5000

var vectorKinds = []struct {
	name string
	draw func(rng *rand.Rand) []float64
}{
	{"32 independent normal coordinates", func(rng *rand.Rand) []float64 {
		v := make([]float64, 32)
		for j := range v {
			v[j] = rng.NormFloat64()
		}
		return v
	}},
	{"16 coordinates, correlated 0.67", func(rng *rand.Rand) []float64 {
		v, common := make([]float64, 16), rng.NormFloat64()
		for j := range v {
			v[j] = common + 0.7*rng.NormFloat64()
		}
		return v
	}},
	{"8 coordinates, Student t3", func(rng *rand.Rand) []float64 {
		v := make([]float64, 8)
		for j := range v {
			v[j] = studentT3(rng)
		}
		return v
	}},
}

func (s *vectors) measure(l *lab) error {
	for k, kind := range vectorKinds {
		if l.Quick && k != 1 {
			continue
		}
		sizes := []int{100, 500}
		refs, reps := l.rounds(60, 3), 300
		if l.Quick {
			sizes, reps = sizes[:1], 60
		}
		parts := make([][]vectorRow, refs)
		var failed error
		l.each(kind.name, refs, func(i int, rng *rand.Rand) {
			ref := make([][]float64, vectorBaseline)
			for r := range ref {
				ref[r] = kind.draw(rng)
			}
			p, err := mmd.Fit(ref, mmd.Options{Seed: uint64(i)})
			if err != nil {
				failed = err
				return
			}
			whole := mmd.NewCounter(p)
			for _, v := range ref {
				whole.Add(v)
			}
			parts[i] = make([]vectorRow, len(sizes))
			for range reps {
				for j, n := range sizes {
					still, moved := mmd.NewCounter(p), mmd.NewCounter(p)
					for range n {
						v := kind.draw(rng)
						still.Add(v)
						v[3] += 0.5
						moved.Add(v)
					}
					parts[i][j].still.count(orOne(mmd.Compare(p, whole.Sketch(), still.Sketch(), 1).P))
					parts[i][j].moved.count(orOne(mmd.Compare(p, whole.Sketch(), moved.Sketch(), 1).P))
				}
			}
		})
		if failed != nil {
			return failed
		}
		for j, n := range sizes {
			row := vectorRow{kind: kind.name, n: n}
			for _, p := range parts {
				row.still.add(p[j].still)
				row.moved.add(p[j].moved)
			}
			s.rows = append(s.rows, row)
		}
	}
	return nil
}

func (s *vectors) promises() []promise {
	var out []promise
	for _, r := range s.rows {
		what := fmt.Sprintf("%s, n = %d", r.kind, r.n)
		out = append(out, sized("size of MMD at 0.05, "+what, r.still.at(0), 0.05, 0.04, 0.065))
		out = append(out, sized("size of MMD at 0.001, "+what, r.still.at(2), 0.001, 0, 0.002))
	}
	return out
}

func (s *vectors) write(p *page) {
	p.heading("Embeddings")
	p.say("The squared distance of the mean random Fourier features of a window and of a baseline of %s vectors (MMD), %s windows a line. The last columns: power at 0.05 and 0.001 where one coordinate moves by half a standard deviation.", grouped(vectorBaseline), grouped(int64(s.rows[0].still.N)))
	rows := [][]string{}
	for _, r := range s.rows {
		rows = append(rows, append(append([]string{r.kind, fmt.Sprint(r.n)}, r.still.cells()...), fixed(r.moved.at(0).rate(), 2), fixed(r.moved.at(2).rate(), 2)))
	}
	p.table([]string{"vectors", "n", "size at 0.05", "at 0.01", "at 0.001", "at 0.0001", "power at 0.05", "at 0.001"}, rows)
}
