package compare

import (
	"math"

	"plumbline"
)

// infer is the type most values speak for, as for a baseline; TypeAuto if there are none.
func (h *held) infer(name string) plumbline.FeatureType {
	var of [plumbline.Vector + 1]int
	nan := map[int32]bool{} // spellings of NaN and infinity speak for no type
	for s, i := range h.index {
		if plumbline.SpellsNaN(s) || plumbline.SpellsInf(s) {
			nan[i] = true
		}
	}
	distinct := map[float64]bool{}
	small := true // numbers look like classes
	for i, k := range h.kinds {
		x := h.nums[i]
		switch {
		case k == plumbline.String && nan[int32(x)], k == plumbline.Number && x-x != 0:
			continue
		case k == plumbline.Number && small:
			distinct[x] = true
			small = x >= 0 && x < 1000 && x == math.Trunc(x) && len(distinct) <= 100
		}
		of[k]++
	}
	numbers, texts, bools, vectors := of[plumbline.Number], of[plumbline.String], of[plumbline.Bool], of[plumbline.Vector]
	switch most := max(numbers, texts, bools, vectors); {
	case most == 0 && len(h.texts) > 0:
		return plumbline.TypeCategory
	case most == 0:
		return plumbline.TypeAuto
	case most == numbers:
		if small && (name == "prediction" || name == "label") {
			return plumbline.TypeCategory
		}
		return plumbline.TypeNumber
	case most == texts:
		if h.bytes > 48*texts || len(h.texts) > 1000 && len(h.texts) > texts/2 {
			return plumbline.TypeText
		}
		return plumbline.TypeCategory
	case most == bools:
		return plumbline.TypeBoolean
	}
	return plumbline.TypeEmbedding
}

// spoken is the type most of all values speak for, whatever they were counted as.
func (c *column) spoken() plumbline.FeatureType {
	numbers, texts, bools, vectors := c.kinds[plumbline.Number]-c.nan, c.kinds[plumbline.String], c.kinds[plumbline.Bool], c.kinds[plumbline.Vector]
	if c.nums != nil {
		numbers -= c.nums.nan
	}
	switch most := max(numbers, texts, bools, vectors); {
	case most <= 0:
		return plumbline.TypeAuto
	case most == numbers:
		return plumbline.TypeNumber
	case most == texts:
		return plumbline.TypeCategory
	case most == bools:
		return plumbline.TypeBoolean
	}
	return plumbline.TypeEmbedding
}
