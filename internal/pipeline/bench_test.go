package pipeline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/store/storetest"
)

// BenchmarkCollect decodes, folds and flushes records of a model with six features, a baseline and two slicings into a store in
// memory: a busy model of a thousand records a second, and a quiet one of one a minute, each record of which opens a pane.
func BenchmarkCollect(b *testing.B) {
	for name, every := range map[string]time.Duration{"busy": time.Millisecond, "quiet": time.Minute} {
		b.Run(name, func(b *testing.B) {
			m := testModels(b)[0]
			g := newGenerator(1)
			const batch = 1000
			bodies := make([]string, batch)
			for i := range bodies {
				bodies[i] = g.whole(m.Name, "1", t0)
			}
			o := testOptions()
			o.FlushRecords, o.Samples.Rate = 50_000, 0 // as the daemon does by default
			o.Now = func() time.Time { return EndOfTime }
			c := NewCollector(storetest.Memory(), NewRegistry(storetest.Memory(), []plumbline.Model{m}, testRegistryOptions(), quiet), o, quiet)
			must(c.Open(b.Context(), part(0), nil))
			messages := make([]collectors.Message, b.N)
			for i := range messages {
				at := t0.Add(time.Duration(i) * every)
				messages[i] = collectors.Message{Offset: int64(i), Value: []byte(strings.Replace(bodies[i%batch], t0.Format(time.RFC3339Nano), at.Format(time.RFC3339Nano), 1))}
			}
			b.ReportAllocs()
			b.ResetTimer()
			for chunk := range slices.Chunk(messages, batch) {
				next := chunk[len(chunk)-1].Offset + 1
				if err := c.Handle(b.Context(), collectors.Batch{Partition: part(0), Messages: chunk, Next: next, End: -1}); err != nil {
					b.Fatal(err)
				}
			}
			if err := c.Close(b.Context(), part(0)); err != nil {
				b.Fatal(err)
			}
		})
	}
}
