package compare

import (
	"plumbline"
	"plumbline/profiles"
)

// infer is the type that a baseline of the rows held back would give the column; TypeAuto if nothing in them speaks for one. A
// baseline has no label, which is of a prediction's kind, and no score of another type than number, which is compared as what it is.
func (h *held) infer(name string) plumbline.FeatureType {
	k, v := profiles.Key{Role: profiles.Input, Name: name}, h.votes()
	switch {
	case name == "prediction" || name == "label":
		k = profiles.Prediction
	case name == "score" && v.Numbers > 0:
		k = profiles.Score
	}
	return profiles.InferType(k, v, h.numbers)
}

func (h *held) votes() profiles.Votes {
	v := profiles.Votes{Bytes: h.bytes}
	texts := make([]int64, len(h.texts))
	for i, k := range h.kinds {
		switch x := h.nums[i]; {
		case k == plumbline.Number && x-x == 0:
			v.Numbers++
		case k == plumbline.String:
			texts[int(x)]++
		case k == plumbline.Bool:
			v.Booleans++
		case k == plumbline.Vector:
			v.Vectors++
		}
	}
	for i, s := range h.texts {
		v.Text(s, texts[i])
	}
	return v
}

// numbers passes the numbers in the order of their rows.
func (h *held) numbers(yield func(float64) bool) {
	for i, k := range h.kinds {
		if k == plumbline.Number && !yield(h.nums[i]) {
			return
		}
	}
}

// spoken is the type most of all values speak for, whatever they were counted as, texts being categories. A spelling of NaN among
// numbers is a number that is missing, so a column of numbers that has nothing else speaks for no type.
func (c *column) spoken() plumbline.FeatureType {
	v := c.votes
	v.Bytes, v.Distinct = 0, 0 // nobody told different texts apart
	switch {
	case c.typ == plumbline.TypeNumber:
		v.Numbers, v.Spelled = c.nums.n, 0
	case c.typ == plumbline.TypeEmbedding:
		v.Vectors = c.nums.n
	case c.names != nil:
		v.Spelled = c.names.spelled()
		v.Texts = c.names.n - v.Numbers - v.Booleans - v.Spelled
	}
	return v.Type()
}
