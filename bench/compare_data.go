package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"

	"github.com/parquet-go/parquet-go"
)

// What two tables to compare are made of: numbers of five shapes and texts of 5 to 1,000 levels, in nullable columns compressed by
// snappy, as data frames are written.
const (
	tableNumbers = 80
	tableTexts   = 20
	tableGroup   = 1 << 17 // rows of a row group
)

// driftedNumber and driftedText are the columns that differ in the second table: eight numbers, by 0.3 standard deviations, and one
// text, three tenths of whose rows have another level.
func driftedNumber(i int) bool { return i%10 == 3 }
func driftedText(i int) bool   { return i == 7 }

func textLevels(i int) int { return []int{5, 10, 20, 50, 100, 200, 500, 1000}[i%8] }

// writeTable writes one table.
func writeTable(path string, rows int, seed uint64, drifted bool) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	schema := parquet.Group{}
	for i := range tableNumbers {
		schema[fmt.Sprintf("n%02d", i)] = parquet.Compressed(parquet.Optional(parquet.Leaf(parquet.DoubleType)), &parquet.Snappy)
	}
	words := make([][]parquet.Value, tableTexts)
	for i := range tableTexts {
		schema[fmt.Sprintf("t%02d", i)] = parquet.Compressed(parquet.Encoded(parquet.Optional(parquet.String()), &parquet.RLEDictionary), &parquet.Snappy)
		for k := range textLevels(i) {
			words[i] = append(words[i], parquet.ValueOf(fmt.Sprintf("level-%02d-%04d", i, k)))
		}
	}
	w := parquet.NewWriter(f, parquet.NewSchema("table", schema))
	r := rand.New(rand.NewPCG(seed, 4))
	batch := make([]parquet.Row, 0, 512)
	for row := range rows {
		values := make(parquet.Row, 0, tableNumbers+tableTexts)
		for i := range tableNumbers {
			values = append(values, parquet.DoubleValue(tableNumber(r, i, drifted)).Level(0, 1, i))
		}
		for i := range tableTexts {
			k := int(float64(textLevels(i)) * math.Pow(r.Float64(), 1.5))
			if drifted && driftedText(i) && r.Float64() < .3 {
				k = textLevels(i) - 1 - k
			}
			values = append(values, words[i][k].Level(0, 1, tableNumbers+i))
		}
		if batch = append(batch, values); len(batch) == cap(batch) || row == rows-1 {
			if _, err := w.WriteRows(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
		if (row+1)%tableGroup == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return w.Close()
}

// tableNumber draws a value of column i; each shape has about one standard deviation of 1.
func tableNumber(r *rand.Rand, i int, drifted bool) float64 {
	var x float64
	switch z := r.NormFloat64(); i % 5 {
	case 0, 3:
		x = z
	case 1:
		x = math.Exp(z) / 2.16
	case 2:
		x = (r.Float64() - .5) * math.Sqrt(12)
	default: // Student's t with 3 degrees of freedom
		a, b, c := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		x = z / math.Sqrt(a*a+b*b+c*c)
	}
	if drifted && driftedNumber(i) {
		x += .3
	}
	return x
}
