package profiles

import (
	"strconv"
	"strings"

	"plumbline"
)

// AppendSlices appends the canonical slices of a record, one for each set of names the model slices by: carrier=UA, or
// carrier=UA,origin=EWR in the manifest's (sorted) order. A name is looked up among the segments, then among the features
// that are texts or booleans; where it has no value the record is in no such slice.
func AppendSlices(dst []string, m *plumbline.Model, r *plumbline.Record) []string {
	var buf [128]byte
	for _, names := range m.Slices {
		if b, ok := AppendSlice(buf[:0], names, r); ok {
			dst = append(dst, string(b))
		}
	}
	return dst
}

// AppendSlice appends the text of the record's slice by one set of names; false if it is in no such slice.
func AppendSlice(dst []byte, names []string, r *plumbline.Record) ([]byte, bool) {
	b := dst
	for i, name := range names {
		text, ok := segment(r, name)
		if !ok {
			return dst, false
		}
		b = appendPair(b, i, name, text)
	}
	return b, len(b) > len(dst)
}

func segment(r *plumbline.Record, name string) (string, bool) {
	for i := range r.Segments {
		if r.Segments[i].Name == name {
			return r.Segments[i].Value, true
		}
	}
	for i := range r.Features {
		if v := &r.Features[i].Value; r.Features[i].Name == name {
			switch v.Kind {
			case plumbline.String:
				return v.Str, true
			case plumbline.Bool:
				return strconv.FormatBool(v.Num != 0), true
			}
			return "", false
		}
	}
	return "", false
}

// Text is the canonical text of a value as a category: a string as it is (a very long one shortened), a number as its
// shortest decimal, true or false; false if it has none.
func Text(v plumbline.Value) (string, bool) {
	switch v.Kind {
	case plumbline.String:
		return Shorten(v.Str), true
	case plumbline.Number:
		return Decimal(v.Num), true
	case plumbline.Bool:
		return strconv.FormatBool(v.Num != 0), true
	}
	return "", false
}

var (
	escaper   = strings.NewReplacer("%", "%25", ",", "%2C", "=", "%3D")
	unescaper = strings.NewReplacer("%25", "%", "%2C", ",", "%3D", "=")
)

func appendPair(b []byte, i int, name, value string) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	b = append(append(b, escaper.Replace(name)...), '=')
	return append(b, escaper.Replace(value)...)
}

// ParseSlice takes a canonical slice apart; false if it is malformed. The empty slice is the empty map.
func ParseSlice(s string) (map[string]string, bool) {
	out := map[string]string{}
	if s == "" {
		return out, true
	}
	for part := range strings.SplitSeq(s, ",") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || name == "" || strings.Contains(value, "=") {
			return nil, false
		}
		out[unescaper.Replace(name)] = unescaper.Replace(value)
	}
	return out, true
}
