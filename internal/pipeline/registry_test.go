package pipeline

import (
	"testing"

	"plumbline"
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
