package profiles

import "plumbline"

// Kinds of values that can stand where another type is asked for. A category takes numbers and booleans too, as their texts.
const (
	kindNumber = iota
	kindText
	kindBoolean
	kindVector
	kinds
)

// TypeCount says how many values were of a type.
type TypeCount struct {
	Type  plumbline.FeatureType
	Count int64
}

// OtherTypes says of what type the feature's values of another type were, the most frequent first. What it leaves of Invalid is
// infinite or of no type any feature has, like an object.
func (f *Feature) OtherTypes() []TypeCount {
	var out []TypeCount
	for k, n := range f.kinds {
		if n == 0 {
			continue
		}
		c := TypeCount{[kinds]plumbline.FeatureType{plumbline.TypeNumber, plumbline.TypeText, plumbline.TypeBoolean, plumbline.TypeEmbedding}[k], n}
		at := len(out)
		for at > 0 && out[at-1].Count < n {
			at--
		}
		out = append(out[:at], append([]TypeCount{c}, out[at:]...)...)
	}
	return out
}

// kindOf is what an invalid value was; false if it was of no type at all.
func kindOf(v *plumbline.Value) (kind int, ok bool) {
	switch v.Kind {
	case plumbline.Number:
		return kindNumber, finite(v.Num)
	case plumbline.String:
		return kindText, !plumbline.SpellsInf(v.Str)
	case plumbline.Bool:
		return kindBoolean, true
	case plumbline.Vector:
		return kindVector, true
	}
	return 0, false
}

// kindOfType is what a whole feature's values are to one of another type.
func kindOfType(t plumbline.FeatureType) int {
	switch t {
	case plumbline.TypeNumber:
		return kindNumber
	case plumbline.TypeBoolean:
		return kindBoolean
	case plumbline.TypeEmbedding:
		return kindVector
	}
	return kindText
}
