package decode

import (
	"strconv"
	"time"
	"unicode/utf8"

	"plumbline"
)

// AppendRecord appends r to dst as one line of the native format, without the line's end. Features and segments for whose
// name exclude is true are left out; exclude may be nil. What it writes is JSON to any reader, and decodes to r again, but
// for this: NaN as a feature, prediction or label comes back as the string "NaN", and a vector whose text is not
// known as another one of the same norm and dimension.
func AppendRecord(dst []byte, r *plumbline.Record, exclude func(feature string) bool) []byte {
	w := writer{dst: append(dst, '{')}
	if r.Kind != plumbline.Whole {
		w.text("kind", r.Kind.String())
	}
	if r.ID != "" {
		w.text("id", r.ID)
	}
	w.text("model", r.Model)
	if r.Version != "" {
		w.text("version", r.Version)
	}
	if r.Deployment != plumbline.Live {
		w.text("deployment", r.Deployment.String())
	}
	if !r.Time.IsZero() {
		w.name("ts")
		w.dst = append(w.dst, '"')
		w.dst = r.Time.UTC().AppendFormat(w.dst, time.RFC3339Nano)
		w.dst = append(w.dst, '"')
	}
	if len(r.Features) > 0 {
		w.open("features")
		for _, f := range r.Features {
			if exclude == nil || !exclude(f.Name) {
				w.value(f.Name, f.Value)
			}
		}
		w.close()
	}
	if r.Prediction.Kind != plumbline.Missing {
		w.value("prediction", r.Prediction)
	}
	if r.Score.Kind != plumbline.Missing {
		w.value("score", r.Score)
	}
	if len(r.Scores) > 0 {
		w.open("scores")
		for _, s := range r.Scores {
			w.value(s.Class, plumbline.Value{Kind: plumbline.Number, Num: s.Value})
		}
		w.close()
	}
	if r.Label.Kind != plumbline.Missing {
		w.value("label", r.Label)
	}
	if len(r.Segments) > 0 {
		w.open("segments")
		for _, s := range r.Segments {
			if exclude == nil || !exclude(s.Name) {
				w.text(s.Name, s.Value)
			}
		}
		w.close()
	}
	if r.Runtime.Status != "" || len(r.Runtime.Facts) > 0 {
		w.open("runtime")
		if r.Runtime.Status != "" {
			w.text("status", r.Runtime.Status)
		}
		for _, f := range r.Runtime.Facts {
			w.value(f.Name, f.Value)
		}
		w.close()
	}
	if r.Session != "" {
		w.text("session", r.Session)
	}
	if r.Weight != 1 {
		w.value("weight", plumbline.Value{Kind: plumbline.Number, Num: r.Weight})
	}
	return append(w.dst, '}')
}

// writer appends members to an object that is open.
type writer struct{ dst []byte }

func (w *writer) name(name string) {
	if w.dst[len(w.dst)-1] != '{' {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(appendString(w.dst, name), ':')
}

func (w *writer) open(name string) {
	w.name(name)
	w.dst = append(w.dst, '{')
}

func (w *writer) close() { w.dst = append(w.dst, '}') }

func (w *writer) text(name, s string) {
	w.name(name)
	w.dst = appendString(w.dst, s)
}

// array appends an array of numbers without its white space, which may hold the ends of lines.
func (w *writer) array(s string) {
	for i := range len(s) {
		if s[i] > ' ' {
			w.dst = append(w.dst, s[i])
		}
	}
}

// invalid is a number in JSON's grammar, but beyond a double.
const invalid = "1e999"

func (w *writer) value(name string, v plumbline.Value) {
	w.name(name)
	switch v.Kind {
	case plumbline.Number:
		w.dst = appendNumber(w.dst, v.Num)
	case plumbline.String:
		w.dst = appendString(w.dst, v.Str)
	case plumbline.Bool:
		w.dst = strconv.AppendBool(w.dst, v.Num != 0)
	case plumbline.Vector:
		if v.Str != "" {
			w.array(v.Str)
			break
		}
		w.dst = appendNumber(append(w.dst, '['), v.Num)
		for range v.Len - 1 {
			w.dst = append(w.dst, ",0"...)
		}
		w.dst = append(w.dst, ']')
	case plumbline.NaN:
		w.dst = append(w.dst, `"NaN"`...)
	case plumbline.Invalid:
		w.dst = append(w.dst, invalid...)
	default:
		w.dst = append(w.dst, "null"...)
	}
}

func appendNumber(dst []byte, f float64) []byte {
	if f != f {
		return append(dst, `"NaN"`...)
	}
	if f-f != 0 {
		return append(dst, invalid...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c, size := s[i], 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		} else if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			if c >= utf8.RuneSelf {
				dst = append(dst, string(utf8.RuneError)...)
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
		}
		i += size
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}
