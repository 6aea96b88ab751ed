package decode

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"plumbline"
)

// wide builds records of about 0.9 KB: 24 numbers, 8 categories and 9 other members. The numbers are what models are asked:
// counts, amounts with two decimals, and doubles with all their digits.
func wide(n int) [][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var lines [][]byte
	for i := range n {
		r := plumbline.Record{ID: "2f6c1d9e-7b1a-4c55-9e0e-" + strconv.Itoa(100000000000+i), Model: "credit-default", Version: "2024-11-3",
			Time: time.Unix(1767000000+int64(i), 123e6), Weight: 1, Session: "s-" + strconv.Itoa(rng.IntN(1e6))}
		for k := range 24 {
			x := rng.NormFloat64() * 100
			switch k % 3 {
			case 0:
				x = float64(int(x))
			case 1:
				x = float64(int(x*100)) / 100
			}
			r.Features = append(r.Features, plumbline.Field{Name: "input_" + strconv.Itoa(k), Value: plumbline.Value{Kind: plumbline.Number, Num: x}})
		}
		for k := range 8 {
			r.Features = append(r.Features, plumbline.Field{Name: "kind_" + strconv.Itoa(k), Value: plumbline.Value{Kind: plumbline.String, Str: "value-" + strconv.Itoa(rng.IntN(20))}})
		}
		r.Prediction = plumbline.Value{Kind: plumbline.Bool, Num: 1}
		r.Score = plumbline.Value{Kind: plumbline.Number, Num: rng.Float64()}
		r.Segments = []plumbline.Segment{{Name: "country", Value: "de"}}
		r.Runtime = plumbline.Runtime{Status: "ok", Facts: []plumbline.Field{{Name: "latency_ms", Value: plumbline.Value{Kind: plumbline.Number, Num: 3.25}}}}
		lines = append(lines, AppendRecord(nil, &r, nil))
	}
	return lines
}

func flights(t testing.TB) [][]byte {
	t.Helper()
	data, err := os.ReadFile("testdata/flights.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(data), []byte("\n"))
}

func benchmark(b *testing.B, lines [][]byte) {
	d := New(DefaultLimits())
	var r plumbline.Record
	size, k := 0, 0
	for _, line := range lines {
		size += len(line)
	}
	b.SetBytes(int64(size / len(lines)))
	b.ReportAllocs()
	for b.Loop() {
		if reject := d.Decode(&r, lines[k], time.Time{}); reject != nil {
			b.Fatal(reject)
		}
		if k++; k == len(lines) {
			k = 0
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkDecode(b *testing.B) { benchmark(b, wide(1000)) }

func BenchmarkDecodeFlights(b *testing.B) { benchmark(b, flights(b)) }

// BenchmarkDecodeMixed decodes the records of two producers by turns, as one partition may hold them.
func BenchmarkDecodeMixed(b *testing.B) {
	var lines [][]byte
	others := wide(50)
	for i, line := range flights(b) {
		lines = append(lines, line, others[i])
	}
	benchmark(b, lines)
}
