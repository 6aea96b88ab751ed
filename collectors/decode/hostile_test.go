package decode

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"plumbline"
)

// hostile makes one line that tries to do harm, or is just broken, out of a good one.
func hostile(rng *rand.Rand, good string) string {
	member := func(s string) string { return strings.Replace(good, "{", "{"+s+",", 1) }
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	n := 1 + rng.IntN(6000)
	switch rng.IntN(20) {
	case 0:
		return good[:rng.IntN(len(good))]
	case 1: // huge
		return good + strings.Repeat(" ", 1<<20-len(good)+rng.IntN(2))
	case 2: // deep, balanced or not
		return member(`"deep":` + strings.Repeat(pick("[", `{"a":`), n) + pick("", strings.Repeat("]", n)))
	case 3:
		name := pick("id", "model", "version", "ts", "kind", "deployment", "features", "prediction", "score", "scores", "label", "segments", "runtime", "session", "weight")
		return strings.TrimSuffix(good, "}") + `,"` + name + `":` + pick("1", `"x"`, "true", "null", "[]", "{}", "[1]", `{"a":{}}`, "-1", `""`) + "}"
	case 4:
		return member(`"features":{"a":` + pick("NaN", "-nan", "Infinity", "-Infinity", "inf", "1e400", "-1e400", "1e-400", `"NaN"`, "NULL", "undefined", "0x10", "1_000", ".5", "+1") + `}`)
	case 5: // duplicates, few or many
		return member(strings.TrimSuffix(strings.Repeat(`"score":0.5,`, n/2), ","))
	case 6:
		return member(`"features":{` + strings.TrimSuffix(strings.Repeat(`"a":1,`, n/2), ",") + `}`)
	case 7: // control characters, raw and escaped
		return strings.Replace(good, `"flights-delay"`, `"flights`+pick("\x00", "\n", "\x1b[31m", `\u0000`, `\u001b[31m`, `\u0085`)+`"`, 1)
	case 8: // the far future, the far past, no time at all
		return strings.TrimSuffix(good, "}") + `,"ts":` + pick(`"9999-12-31T23:59:59Z"`, `"2200-01-01T00:00:00Z"`, "253402300799", "9223372036854775807", "18446744073709551616", "1e308", "-62135596800", `"0000-00-00T00:00:00Z"`, `"2013-02-30T00:00:00Z"`, `"now"`) + "}"
	case 9: // binary
		b := make([]byte, rng.IntN(1000))
		for i := range b {
			b[i] = byte(rng.UintN(256))
		}
		return string(b)
	case 10: // single bits
		b := []byte(good)
		for range 1 + rng.IntN(5) {
			b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
		}
		return string(b)
	case 11:
		return member(`"u":"` + pick("\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", `\ud800`, `\uDEAD\uD800`, `\x`, `\u00`, "\u202e") + `"`)
	case 12:
		return member(`"features":{"a":` + strings.Repeat("9", n/50+1) + pick("", ".5", "e5", "e-99999999999999999999") + `}`)
	case 13: // many features with names nobody saw before
		var b strings.Builder
		for k := range n / 3 {
			fmt.Fprintf(&b, `"%x":%d,`, rng.Uint64(), k)
		}
		return member(`"features":{` + b.String() + `"a":1}`)
	case 14:
		return member(`"features":{"` + strings.Repeat("n", n/10) + `":1}`)
	case 15:
		return pick("", " ", "null", "true", "[]", "{}", `"x"`, "1", "[1,2,3]", "}", "\xef\xbb\xbf"+good, good+good, good+",", "["+good+"]", "'"+good+"'")
	case 16:
		return member(`"features":{"v":[` + strings.Repeat("1e300,", n) + pick("1", "null", "[]", "1e308", "") + `]}`)
	case 17:
		return strings.ReplaceAll(good, pick(`"model"`, `"features"`, `"label"`, `"id"`, `:`, `,`, `"`), pick(`"other"`, "", "\x00"))
	case 18:
		return member(`"` + strings.Repeat(`\u0041`, n) + `":1`)
	default:
		return good
	}
}

// TestHostileLines sends 10,000 lines made to do harm through one decoder, with good ones in between: nothing panics, every
// line is either taken or refused by a reason, and no line changes how the next good one is read.
func TestHostileLines(t *testing.T) {
	const lines = 10_000
	rng := rand.New(rand.NewPCG(9, 10))
	good := flights(t)
	d := New(DefaultLimits())
	var r, want plumbline.Record
	taken, refused, reasons := 0, 0, map[plumbline.Reason]int{}
	for i := range lines {
		line := good[rng.IntN(len(good))]
		if reject := d.Decode(&r, []byte(hostile(rng, string(line))), noon); reject == nil {
			taken++
			if r.Model == "" || r.Time.IsZero() || r.Time.Before(time.Unix(0, 0)) {
				t.Fatalf("line %d: was taken with model %q, time %v", i, r.Model, r.Time)
			}
		} else {
			refused++
			reasons[reject.Reason]++
		}
		if i%100 == 0 {
			if reject := d.Decode(&r, line, noon); reject != nil {
				t.Fatalf("line %d: the good line after it: %v", i, reject)
			}
			if reject := New(DefaultLimits()).Decode(&want, line, noon); reject != nil {
				t.Fatal(reject)
			}
			assertSame(t, &want, &r)
		}
	}
	t.Logf("%d taken, %d refused: %v", taken, refused, reasons)
	if taken+refused != lines || taken < lines/20 {
		t.Errorf("%d taken and %d refused of %d", taken, refused, lines)
	}
	for _, reason := range []plumbline.Reason{plumbline.ReasonSyntax, plumbline.ReasonTooLarge, plumbline.ReasonTooDeep, plumbline.ReasonTooManyKeys, plumbline.ReasonStringLength,
		plumbline.ReasonNumberLength, plumbline.ReasonUTF8, plumbline.ReasonType, plumbline.ReasonKind, plumbline.ReasonNoModel, plumbline.ReasonEmpty,
		plumbline.ReasonLabelID, plumbline.ReasonTimestamp, plumbline.ReasonTombstone} {
		if reasons[reason] == 0 {
			t.Errorf("no line was refused as %s", reason)
		}
	}
	if reasons[plumbline.ReasonNone] > 0 {
		t.Error("a line was refused without a reason")
	}
}
