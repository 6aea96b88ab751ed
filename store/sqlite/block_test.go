package sqlite

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/store"
)

func TestBlockRoundTrip(t *testing.T) {
	want := []store.Sample{
		{Offset: -5, Time: time.UnixMicro(-1).UTC(), ID: "", Record: []byte{}},
		{Offset: 1 << 62, Time: time.UnixMicro(1372636800000001).UTC(), ID: "a\x00", Record: []byte(`{"id":"a"}`)},
		{Offset: 1<<62 + 1, Time: time.UnixMicro(0).UTC(), ID: "b", Record: bytes.Repeat([]byte{0xff}, 1000)},
	}
	got, err := decodeSamples(appendSamples(nil, want))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("(-want +got):\n%s", d)
	}
}

// Whatever decodes is the same after another round, and nothing panics.
func FuzzDecodeSamples(f *testing.F) {
	b := batch(0, 0, 5)
	whole := appendSamples(nil, b.Samples)
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add([]byte{blockFormat, 2, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		samples, err := decodeSamples(b)
		if err != nil {
			return
		}
		again, err := decodeSamples(appendSamples(nil, samples))
		if err != nil {
			t.Fatalf("what was encoded can't be decoded: %v", err)
		}
		if len(again) != len(samples) {
			t.Fatalf("%d samples, then %d", len(samples), len(again))
		}
		for i := range samples {
			a, b := samples[i], again[i]
			if a.Offset != b.Offset || a.ID != b.ID || a.Time.UnixMicro() != b.Time.UnixMicro() || !bytes.Equal(a.Record, b.Record) {
				t.Fatalf("sample %d: %+v, then %+v", i, a, b)
			}
		}
	})
}
