package sequential

import (
	"context"
	"math"
	"testing"

	"plumbline/detectors/detectorstest"
)

// What somebody might pass, or have stored, by mistake. No exported function may panic on it or answer with a number that is none.
var oddNumbers = []float64{math.NaN(), math.Inf(-1), math.Inf(1), -math.MaxFloat64, -1, 0, math.SmallestNonzeroFloat64, 1e-9, 0.3, 1, 3, 1e9, math.MaxFloat64}

func isStatus(t *testing.T, what string, s Status, args ...any) {
	t.Helper()
	if !finite(s.Value) {
		t.Errorf("%s%v: %+v", what, args, s)
	}
}

func TestConstructorsSurvive(t *testing.T) {
	for _, a := range oddNumbers {
		for _, b := range oddNumbers {
			detectorstest.Survives(t, "of two numbers", func() {
				NewECUSUM(a, b)
				NewConfidence(a)
				ManyRowsLimit(int(math.Max(-1, math.Min(b, 3))), a, b)
				CUSUMLimit(a, b)
				Lag1([]float64{a, b, a, b, b, a, a, b, a, b, b})
			}, a, b)
			for _, c := range oddNumbers {
				detectorstest.Survives(t, "TailDesign", func() {
					for _, d := range oddNumbers {
						if design, ok := TailDesign(a, b, c, d); ok && !(design >= 1 && finite(design)) {
							t.Errorf("TailDesign(%v, %v, %v, %v) = %v", a, b, c, d, design)
						}
					}
				}, a, b, c)
			}
			for _, ref := range [][]int64{nil, {}, {1}, {0, 1}, {-1, 5}, {100, 100}, {math.MaxInt64, math.MaxInt64}} {
				detectorstest.Survives(t, "QTEWMA", func() {
					chart, err := NewQTEWMA(ref, a, b)
					if err != nil {
						return
					}
					SkewedLimit(chart, a)
					ended, cancel := context.WithCancel(context.Background())
					cancel()
					Calibrate(ended, chart, a, 1)
					var s QTEWMAState
					isStatus(t, "Event", chart.Event(&s, -1))
					isStatus(t, "Event", chart.Event(&s, 7))
					isStatus(t, "Event", chart.Event(&s, 1))
					for _, counts := range [][]int64{nil, {1}, {-1, 2}, {5, 5}, {math.MaxInt64, math.MaxInt64}} {
						isStatus(t, "Pane", chart.Pane(&s, counts), ref, a, b, counts)
					}
				}, ref, a, b)
			}
		}
		chart, err := NewQTEWMA([]int64{100, 100}, 0.1, 1)
		if err != nil {
			t.Fatal(err)
		}
		detectorstest.Survives(t, "SkewedLimit", func() { SkewedLimit(chart, a) }, a)
	}
	for _, ref := range [][]int64{nil, {}, {1}, {0, 0}, {-1, 5}, {3, 4, 5}, {math.MaxInt64, math.MaxInt64}} {
		for _, groups := range []int{-1, 0, 1, 2, 100} {
			detectorstest.Survives(t, "Coarsen", func() {
				group, cells := Coarsen(ref, groups)
				Regroup(ref, group, cells)
				Regroup(nil, group, cells)
				Regroup([]int64{1, 2, 3, 4, 5, 6, 7}, group, cells)
				Regroup(ref, group, -1)
			}, ref, groups)
		}
	}
}

// A chart without its constructor's check may alarm at nonsense, but must not break the stream.
func TestChartsSurvive(t *testing.T) {
	stream := []float64{0, 1, math.NaN(), 1, 0, math.Inf(1), 1e99, -1e99, 0.5, math.MaxFloat64, 0.5}
	for i := range 200 {
		stream = append(stream, float64(i%2), 1000*float64(i%3))
	}
	for _, a := range oddNumbers {
		for _, b := range oddNumbers {
			detectorstest.Survives(t, "charts", func() {
				n := int(math.Max(-1, math.Min(b, 5)))
				var adwin ADWINState
				var average AverageState
				var confidence ConfidenceState
				var cusum CUSUMState
				var ddm DDMState
				var eddm EDDMState
				var ecusum ECUSUMState
				var kswin KSWINState
				var page PageHinkleyState
				for _, x := range stream {
					isStatus(t, "ADWIN", ADWIN{Delta: a, Clock: 1, MaxBuckets: n, MinWindow: b, Grace: a}.Step(&adwin, x), a, b, x)
					Average{Alpha: a}.Step(&average, x)
					Average{Alpha: a}.Lower(&average)
					Confidence{Alpha: a}.Step(&confidence, x)
					CUSUM{Mean: a, SD: b, K: a, H: b, Phi: a}.Step(&cusum, x)
					DDM{WarmStart: int64(n), Warning: a, Drift: b}.Step(&ddm, x)
					EDDM{WarmStart: int64(n), Alpha: a, Beta: b}.Step(&eddm, x)
					ECUSUM{Tolerated: a, ARL0: b}.Step(&ecusum, x)
					KSWIN{Alpha: a, Window: n, Stat: n / 2}.Step(&kswin, x)
					PageHinkley{MinInstances: int64(n), Delta: a, Threshold: b, Alpha: a}.Step(&page, x)
				}
			}, a, b)
		}
	}
	if st := (ADWIN{Delta: 0.002, Clock: 32}).Step(new(ADWINState), 1); st.Reason == "" || st.Step != 0 {
		t.Errorf("a histogram without buckets: %+v", st)
	}
	// With one bucket a row, rows below the last are often empty when that is dropped.
	c, s := ADWIN{Delta: 0.002, Clock: 1, MaxBuckets: 1, MinWindow: 1}, ADWINState{}
	for i := range 5000 {
		c.Step(&s, float64(i/50%2)*1000)
	}
}
