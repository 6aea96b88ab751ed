package pipeline

import (
	"context"
	"testing"

	"plumbline"
	"plumbline/collectors"
	"plumbline/store"
	"plumbline/store/storetest"
)

// Registration may be turned off while the store holds undeclared models. Reading what is stored of them does not register them.
func TestReadingRegistersNobody(t *testing.T) {
	s := storetest.Memory()
	feed(t, NewCollector(s, NewRegistry(s, nil, testRegistryOptions(), quiet), testOptions(), quiet), part(0), steps(0, 5))
	panes := must(s.Window(t.Context(), zero, Day, allTime))
	if len(panes) == 0 {
		t.Fatal("no panes")
	}
	o := testRegistryOptions()
	o.AutoRegister = false
	r := NewRegistry(s, nil, o, quiet)
	if p := must(r.Decode(t.Context(), panes[0])); p.Records() != 5 {
		t.Errorf("%d records", p.Records())
	}
	c := NewCollector(s, r, testOptions(), quiet)
	feed(t, c, part(1), steps(5, 3))
	equal(t, "rejected", c.Totals().Rejected[plumbline.ReasonModelLimit], int64(3))
}

// sampleless is a store whose samples have expired.
type sampleless struct {
	store.Store
	asked int
}

func (s *sampleless) Samples(context.Context, string, string, plumbline.Window, int) ([]store.Sample, error) {
	s.asked++
	return nil, nil
}

// The samples of a model that is seldom asked expire before there are enough for a baseline. They are not read at every flush.
func TestExpiredSamplesAreNotAwaitedByReading(t *testing.T) {
	s := &sampleless{Store: storetest.Memory()}
	feed(t, NewCollector(s, NewRegistry(s, nil, auto(1000), quiet), testOptions(), quiet), part(0), steps(0, 30))
	r := NewRegistry(s, nil, auto(20), quiet)
	c := NewCollector(s, r, testOptions(), quiet)
	feed(t, c, part(1), steps(30, 1))
	if s.asked != 1 {
		t.Fatalf("asked %d times", s.asked)
	}
	for i := range 50 { // flushes of nothing new of this model
		feed(t, c, part(2), []collectors.Message{{Offset: int64(i), Value: []byte("no record")}})
	}
	v, _, err := r.Version(t.Context(), zero.Model, zero.Version)
	if err != nil {
		t.Fatal(err)
	}
	if r.enoughSamples(t.Context(), v) {
		t.Error("samples that are not there are counted")
	}
	feed(t, c, part(3), steps(31, 1))
	if s.asked != 2 {
		t.Errorf("asked %d times after another sample", s.asked)
	}
}
