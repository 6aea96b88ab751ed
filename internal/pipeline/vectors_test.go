package pipeline

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors/decode"
	"plumbline/profiles"
	"plumbline/store"
)

// TestEmbeddingsFromSamplesToPanes: a baseline made of stored records sums embeddings as a baseline of the records themselves does,
// also where features were left out of what is stored, and live records are summed by it.
func TestEmbeddingsFromSamplesToPanes(t *testing.T) {
	m := &plumbline.Model{Name: "m"}
	rng := rand.New(rand.NewPCG(1, 1))
	d := decode.New(decode.DefaultLimits())
	direct := profiles.NewBuilder(m)
	var samples []store.Sample
	var last plumbline.Record
	for i := range 80 {
		msg := fmt.Appendf(nil, `{"model":"m","id":"%d","ts":%d,"features":{"secret":"s","v":[ %v,%v , %v]}}`, i, 1_700_000_000+i, rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64())
		if reject := d.Decode(&last, msg, time.Time{}); reject != nil {
			t.Fatal(reject)
		}
		body := decode.AppendRecord(nil, &last, func(name string) bool { return name == "secret" })
		samples = append(samples, store.Sample{Offset: int64(i), Record: body})
		last.Features = last.Features[1:]
		direct.Add(&last)
	}
	want, err := direct.Build(time.Unix(0, 0), "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := BuildFromSamples(m, "", samples, time.Unix(0, 0), "")
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash() != want.Hash() {
		t.Error("the baseline of the stored records is another one than that of the records")
	}
	l := profiles.NewLayout(m, got)
	p := l.NewProfile()
	profiles.NewFolder(l).Fold(&last, false, p)
	f := p.Feature(profiles.Key{Role: profiles.Input, Name: "v"})
	if f.Projection() == nil || f.Sketch() == nil || f.Sketch().N != 1 {
		t.Errorf("an embedding was not summed: %+v", f)
	}
}
