package sequential

import (
	"context"
	"math/rand/v2"
	"testing"
)

func BenchmarkQTEWMAEvent(b *testing.B) {
	c := mustChart(b, cells(16, 1000), 0.03, 1)
	c.Limits = Limits{Final: 1e9}
	var s QTEWMAState
	for i := 0; b.Loop(); i++ {
		c.Event(&s, i&15)
	}
}

func BenchmarkQTEWMAPane(b *testing.B) {
	c := mustChart(b, cells(16, 1000), 0.03, 100)
	c.Limits = Limits{Final: 1e9}
	var s QTEWMAState
	counts := cells(16, 6)
	for b.Loop() {
		c.Pane(&s, counts)
	}
}

func BenchmarkCalibrate(b *testing.B) {
	for _, p := range []struct {
		name       string
		rows, arl0 float64
	}{{"events-1e3", 1, 1e3}, {"events-1e6", 1, 1e6}, {"panes-1e3", 100, 1e3}, {"panes-1e6", 100, 1e6}} {
		b.Run(p.name, func(b *testing.B) {
			c := mustChart(b, cells(16, 1<<16), 0.05, p.rows)
			for b.Loop() {
				if _, err := Calibrate(context.Background(), c, p.arl0, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchmark[S any](b *testing.B, step func(*S, float64) Status) {
	rng := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, 1024)
	for i := range values {
		values[i] = rng.Float64()
	}
	var s S
	for i := 0; b.Loop(); i++ {
		step(&s, values[i&1023])
	}
}

func BenchmarkCUSUM(b *testing.B) { benchmark(b, CUSUM{Mean: 0.5, SD: 0.3, K: 0.5, H: 10}.Step) }

func BenchmarkECUSUM(b *testing.B) { benchmark(b, ECUSUM{Tolerated: 0.6, ARL0: 1e9}.Step) }

func BenchmarkConfidence(b *testing.B) {
	benchmark(b, func(s *ConfidenceState, x float64) Status {
		return Status{Value: Confidence{Alpha: 0.05}.Step(s, x).Lower}
	})
}

func BenchmarkPageHinkley(b *testing.B) { benchmark(b, NewPageHinkley().Step) }

func BenchmarkADWIN(b *testing.B) { benchmark(b, NewADWIN().Step) }

func BenchmarkKSWIN(b *testing.B) { benchmark(b, NewKSWIN(1).Step) }

func BenchmarkDDM(b *testing.B) { benchmark(b, NewDDM().Step) }
