package http

import (
	"bytes"
	"testing"
	"time"
)

// A body of 1000 records of 900 bytes: cut, made durable, answered.
func BenchmarkPost(b *testing.B) {
	record := append(append([]byte(`{"pad":"`), bytes.Repeat([]byte("x"), 889)...), "\"}\n"...)
	body := string(bytes.Repeat(record, 1000))
	for name, clients := range map[string]int{"one client": 1, "eight clients": 8} {
		b.Run(name, func(b *testing.B) {
			s := source(b, Config{MaxSpool: 1 << 40})
			b.SetBytes(int64(len(body)))
			b.SetParallelism(clients) // per processor
			begin := time.Now()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if w := post(s, body); w.Code != 202 {
						b.Error(w.Code)
					}
					s.spool.ack(s.spool.durable())
					s.spool.prune()
				}
			})
			b.ReportMetric(float64(b.N)*1000/time.Since(begin).Seconds(), "records/s")
		})
	}
}
