package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"plumbline"
	"plumbline/collectors/decode"
)

// wire is the record as encoding/json would read it.
type wire struct {
	ID, Model, Version string
	TS                 time.Time
	Features           map[string]any
	Prediction         any
	Score              float64
	Segments           map[string]string
	Runtime            map[string]any
}

// benchDecode measures the decoder between encoding/json and a pass over the same bytes that counts one of them.
func benchDecode(r *report, o options) error {
	list, size := lines(5000, 1)
	n := o.scaled(200_000)
	each := func(f func([]byte) error) func() error {
		return func() error {
			for i := range n {
				if err := f(list[i%len(list)]); err != nil {
					return err
				}
			}
			return nil
		}
	}
	d := decode.New(decode.DefaultLimits())
	var rec plumbline.Record
	quotes := 0
	taken, err := byTurns(o.Rounds,
		each(func(b []byte) error { quotes += bytes.Count(b, []byte{'"'}); return nil }),
		each(func(b []byte) error {
			if !json.Valid(b) {
				return fmt.Errorf("the generator made no JSON: %s", b)
			}
			return nil
		}),
		each(func(b []byte) error {
			if reject := d.Decode(&rec, b, time.Time{}); reject != nil {
				return reject
			}
			return nil
		}),
		each(func(b []byte) error { var w wire; return json.Unmarshal(b, &w) }),
	)
	if err != nil {
		return err
	}
	rate := func(name string, u []usage) row {
		return row{Part: "decode", Name: name, Unit: "records/s per core", spread: spreadOf(u, perCPU(n))}
	}
	scan, valid := rate("bytes.Count of the same bytes", taken[0]), rate("json.Valid", taken[1])
	full := rate("encoding/json, a struct with maps", taken[3])
	own := rate("decode.Decode", taken[2]).than(full)
	r.add(scan, valid, full, own,
		row{Part: "decode", Name: "decode.Decode", Unit: "MB/s per core", Ratio: own.Median / valid.Median, Floor: valid.Name,
			spread: spreadOf(taken[2], func(u usage) float64 { return float64(n*size) / 1e6 / u.cpu.Seconds() })},
		row{Part: "decode", Name: "decode.Decode", Unit: "µs/record", Ratio: scan.Median / own.Median, Floor: "the time of bytes.Count",
			spread: spreadOf(taken[2], func(u usage) float64 { return float64(u.cpu.Nanoseconds()) / 1e3 / float64(n) })},
		row{Part: "decode", Name: "decode.Decode", Unit: "allocations/record", spread: spreadOf(taken[2], allocsPer(n))},
	)
	return nil
}
