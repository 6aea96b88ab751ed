package profiles

import (
	"iter"

	"plumbline"
)

// A column of texts is a text, not a category, if they are long on average, or if many of them differ.
const (
	longText     = 48   // bytes, of all texts on average: more make a text
	manyTexts    = 1000 // different texts: more make a text if they are also more than half of those that speak
	mostClasses  = 100  // different numbers among answers that are classes
	classesBelow = 1000
)

// Votes count what the values of one column say about its type. NaN, infinities and values of no type say nothing.
type Votes struct {
	Numbers  int64 // finite ones
	Booleans int64
	Vectors  int64

	Texts    int64 // without those that spell NaN or an infinity
	Distinct int64 // different ones among Texts
	Spelled  int64 // texts that spell NaN or an infinity
	Bytes    int64 // of all texts together, also those that are spelled
}

// Text counts a text that occurs n times; each different text is to be passed once. It leaves Bytes to the caller, who may know
// only the beginning of a long text.
func (v *Votes) Text(s string, n int64) {
	switch {
	case n <= 0:
	case plumbline.SpellsNaN(s) || plumbline.SpellsInf(s):
		v.Spelled += n
	default:
		v.Texts += n
		v.Distinct++
	}
}

// Type is the type most values speak for; of equally many, number comes before text, that before boolean, that before embedding.
// Texts are of type text if they have more than 48 bytes on average, or if more than 1000 of them differ and that is more than half
// of them; else they are categories. So is a column that has nothing but spellings of NaN and infinity. A column in which nothing
// speaks is TypeAuto.
func (v Votes) Type() plumbline.FeatureType {
	switch most := max(v.Numbers, v.Texts, v.Booleans, v.Vectors); {
	case most <= 0 && v.Spelled > 0:
		return plumbline.TypeCategory
	case most <= 0:
		return plumbline.TypeAuto
	case most == v.Numbers:
		return plumbline.TypeNumber
	case most == v.Texts:
		if v.Bytes > longText*(v.Texts+v.Spelled) || v.Distinct > manyTexts && v.Distinct > v.Texts/2 {
			return plumbline.TypeText
		}
		return plumbline.TypeCategory
	case most == v.Booleans:
		return plumbline.TypeBoolean
	}
	return plumbline.TypeEmbedding
}

// InferType is the type of a column that nobody declared: of inputs what their values vote for. [Prediction] is a category if its
// numbers look like classes: at least one, all whole, from 0 to 999, and at most 100 different ones. [Score], [Confidence] and runtime
// facts are numbers if they have one, else TypeAuto; [Status] is a category. Numbers are the column's, NaN and infinities among them
// are passed over.
func InferType(k Key, v Votes, numbers iter.Seq[float64]) plumbline.FeatureType {
	switch {
	case k == Prediction && classes(numbers):
		return plumbline.TypeCategory
	case k == Status:
		return plumbline.TypeCategory
	case k.Role == Runtime || k == Score || k == Confidence:
		if v.Numbers == 0 {
			return plumbline.TypeAuto
		}
		return plumbline.TypeNumber
	}
	return v.Type()
}

func classes(numbers iter.Seq[float64]) bool {
	distinct := map[float64]bool{}
	for x := range numbers {
		if !finite(x) {
			continue
		}
		if distinct[x] = true; !isClass(x) || len(distinct) > mostClasses {
			return false
		}
	}
	return len(distinct) > 0
}

// isClass reports whether a number may be the name of a class.
func isClass(x float64) bool { return x >= 0 && x < classesBelow && x == float64(int(x)) }
