package decode

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline"
)

// seeds are messages that between them have something of everything.
func seeds(t testing.TB) [][]byte {
	all := append(flights(t), wide(3)...)
	for _, s := range []string{
		`{"model":"m","prediction":1}`,
		` { "model" : "m" , "prediction" : [ 1 , 2.5e-3 ] , "ts" : 1777636800.25 } `,
		`{"model":"m","features":{"a":NaN,"b":[NaN,-Infinity,1],"c":inf,"d":"NaN","e":1e400,"a":null},"ts":"2026-05-01t12:00:00.123+01:30"}`,
		`{"model":"m","kind":"response","runtime":{"status":"error","latency_ms":"nan","x":{"y":[1,"z"]},"status":3},"id":7}`,
		`{"kind":"label","model":"m","id":"\u00e4\ud83d\ude00\ud800","label":"\"\\\/\b\f\n\r\t","ts":1777636800123,"weight":2.5}`,
		`{"model":"m","scores":{"a":0.1,"b":"inf","b":9007199254740993},"score":-0,"segments":{"x":1.50,"y":true,"z":null,"w":NaN},"deployment":"canary"}`,
		`{"unknown":[[],{},{"a":[{"b":null}]},"é",-1.5E+7],"model":"m","features":{"a\"b":1,"a":[[1],[2]]},"session":3,"version":2.0,"label":false}`,
		`{"model":"m","features":{"x":[1e200,1e-200,0]},"ts":1.7776368e18}`,
		`{"model":"m","features":{"x":123456789012345678901234567890,"y":0.000000000000000000000012345678901234567},"version":null}`,
	} {
		all = append(all, []byte(s))
	}
	return all
}

// differ compares the decoder with the reference.
func differ(t *testing.T, d *Decoder, msg []byte, fallback time.Time) {
	t.Helper()
	var got plumbline.Record
	reject := d.Decode(&got, msg, fallback)
	want := refer(msg, fallback)
	if reject != nil {
		if !want.reasons[reject.Reason] && !(want.reasons[plumbline.ReasonSyntax]) {
			t.Errorf("%q\nrefused: %v; the reference has %v", msg, reject, want.reasons)
		}
		return
	}
	if len(want.reasons) > 0 {
		t.Errorf("%q\ntaken; the reference has %v", msg, want.reasons)
		return
	}
	if want.inexact && got.Time.Sub(want.r.Time).Abs() < time.Millisecond {
		got.Time = want.r.Time
	}
	// Norms are summed in another way, and the reference keeps no text.
	settle := func(got, want *plumbline.Value) {
		if got.Kind == plumbline.Vector && want.Kind == plumbline.Vector && math.Abs(got.Num-want.Num) <= 1e-9*want.Num {
			got.Num = want.Num
			if isArray(got.Str, got.Len) {
				want.Str = got.Str
			}
		}
	}
	settle(&got.Prediction, &want.r.Prediction)
	settle(&got.Label, &want.r.Label)
	for i := range min(len(got.Features), len(want.r.Features)) {
		settle(&got.Features[i].Value, &want.r.Features[i].Value)
	}
	if diff := cmp.Diff(want.r, got, same); diff != "" {
		t.Errorf("%q\n-reference +decoder\n%s", msg, diff)
	}
	again(t, &got, msg)
}

// isArray reports whether text is a JSON array of n numbers.
func isArray(text string, n int32) bool {
	var numbers []float64
	return json.Unmarshal([]byte(text), &numbers) == nil && len(numbers) == int(n)
}

// again writes a record and reads it back.
func again(t *testing.T, r *plumbline.Record, msg []byte) {
	t.Helper()
	r.Duplicates = 0
	line := AppendRecord(nil, r, nil)
	var got plumbline.Record
	lim := DefaultLimits()
	lim.MaxBytes *= 8 // escapes, and exponents written out
	if reject := New(lim).Decode(&got, line, time.Time{}); reject != nil {
		t.Errorf("%q\nwas written as %q\nwhich is refused: %v", msg, line, reject)
		return
	}
	settle := func(v, w *plumbline.Value) {
		switch v.Kind {
		case plumbline.NaN:
			*v = plumbline.Value{Kind: plumbline.String, Str: "NaN"}
		case plumbline.Vector: // written without white space; its norm may be the reference's
			v.Str = strings.Join(strings.Fields(v.Str), "")
			if math.Abs(v.Num-w.Num) <= 1e-9*w.Num {
				v.Num = w.Num
			}
		}
	}
	settle(&r.Prediction, &got.Prediction)
	settle(&r.Label, &got.Label)
	for i := range min(len(r.Features), len(got.Features)) {
		settle(&r.Features[i].Value, &got.Features[i].Value)
	}
	if diff := cmp.Diff(*r, got, same); diff != "" {
		t.Errorf("%q\nwas written as %q\n-before +after\n%s", msg, line, diff)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	d := New(DefaultLimits())
	f.Fuzz(func(t *testing.T, msg []byte) { differ(t, d, msg, noon) })
}

// TestReference compares on mutations of good messages: pieces cut out, doubled, exchanged, and single bytes changed.
func TestReference(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	d, all := New(DefaultLimits()), seeds(t)
	tokens := strings.Fields(`{ } [ ] , : " \ null true false NaN -Infinity nan 0 -1 1.5 1e400 1e-400 1E5 "a" "model" "features" "ts" "id" "\u0041" {} [] é ` + "\x00 \xff")
	taken := 0
	for range 8_000 {
		msg := append([]byte(nil), all[rng.IntN(len(all))]...)
		for range rng.IntN(4) {
			i := rng.IntN(len(msg) + 1)
			j := min(len(msg), i+rng.IntN(1+rng.IntN(60)))
			var piece []byte
			switch rng.IntN(5) {
			case 0:
			case 1:
				piece = append(append(piece, msg[i:j]...), msg[i:j]...)
			case 2:
				other := all[rng.IntN(len(all))]
				from := rng.IntN(len(other))
				piece = other[from:min(len(other), from+rng.IntN(60))]
			case 3:
				j, piece = min(len(msg), i+1), []byte{byte(rng.UintN(256))}
			default:
				j, piece = min(len(msg), i+rng.IntN(2)), []byte(tokens[rng.IntN(len(tokens))])
			}
			msg = append(msg[:i:i], append(piece[:len(piece):len(piece)], msg[j:]...)...)
		}
		differ(t, d, msg, noon)
		var r plumbline.Record
		if d.Decode(&r, msg, noon) == nil {
			taken++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of 8000 were taken", taken)
}
