package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"plumbline"
	"plumbline/collectors/decode"
	"plumbline/profiles"
)

const (
	model   = "credit-default"
	version = "2024-11-3"
	density = 2000 // records a second of event time: how fast the records happened, not how fast they are read
)

// start is the event time of the first record.
var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// generator makes records of 0.9 KB with 24 numbers, 8 categories and 9 other members, one of them an id. A third each of the
// numbers are counts, amounts with two decimals, and doubles with all their digits.
type generator struct {
	*rand.Rand
	record plumbline.Record
	n      int
}

func newGenerator(seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 2))}
	r := &g.record
	r.Kind, r.Model, r.Version, r.Weight = plumbline.Whole, model, version, 1
	for k := range 24 {
		r.Features = append(r.Features, plumbline.Field{Name: fmt.Sprintf("input_%d", k)})
	}
	for k := range 8 {
		r.Features = append(r.Features, plumbline.Field{Name: fmt.Sprintf("kind_%d", k)})
	}
	r.Segments = []plumbline.Segment{{Name: "country"}}
	r.Runtime = plumbline.Runtime{Status: "ok", Facts: []plumbline.Field{{Name: "latency_ms"}}}
	return g
}

func number(x float64) plumbline.Value {
	return plumbline.Value{Kind: plumbline.Number, Num: x}
}

// next fills in the next record and returns it; it is valid until the next call.
func (g *generator) next() *plumbline.Record {
	r := &g.record
	r.ID = fmt.Sprintf("%08x-7b1a-4c55-9e0e-%012d", g.Uint32(), g.n)
	r.Time = start.Add(time.Duration(g.n) * time.Second / density)
	g.n++
	for k := range 24 {
		x := g.NormFloat64() * 100
		switch k % 3 {
		case 0:
			x = math.Trunc(x)
		case 1:
			x = math.Trunc(x*100) / 100
		}
		r.Features[k].Value = number(x)
	}
	for k := range 8 {
		r.Features[24+k].Value = plumbline.Value{Kind: plumbline.String, Str: values[int(20*g.Float64()*g.Float64())]}
	}
	score := g.Float64()
	r.Score = number(score)
	r.Prediction = plumbline.Value{Kind: plumbline.Bool}
	if score > .5 {
		r.Prediction.Num = 1
	}
	r.Segments[0].Value = countries[g.IntN(len(countries))]
	r.Runtime.Facts[0].Value = number(math.Trunc(1000*g.ExpFloat64()*3.25) / 1000)
	return r
}

var countries = []string{"de", "fr", "it", "es", "nl"}

var values = func() (v [20]string) {
	for i := range v {
		v[i] = fmt.Sprintf("value-%d", i)
	}
	return v
}()

// lines returns n records as they are on the wire, and their mean size.
func lines(n int, seed uint64) (list [][]byte, size int) {
	g := newGenerator(seed)
	for range n {
		list = append(list, decode.AppendRecord(nil, g.next(), nil))
		size += len(list[len(list)-1])
	}
	return list, size / n
}

// writeBaseline makes the model's baseline from 20,000 records of its own and writes it to path.
func writeBaseline(path string, m *plumbline.Model) error {
	b := profiles.NewBuilder(m)
	g := newGenerator(99)
	for range 20_000 {
		b.Add(g.next())
	}
	base, err := b.Build(start, "generated records")
	if err != nil {
		return err
	}
	base.Version = version
	body, err := base.Write()
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o644)
}
