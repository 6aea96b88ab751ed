package profiles

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Category is one value of a categorical feature and how often it occurred.
type Category struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// values counts categories by their text: those a baseline never saw, or all of them where there is no baseline. It keeps at
// most a bounded number of texts; the caller counts the rest.
type values struct {
	list  []Category
	index map[string]int32 // only once the list is long
}

// add counts n more of text and reports false if there is no room for a new one. It keeps a copy of text.
func (v *values) add(text string, n int64, room int) bool {
	if v.index != nil {
		if i, ok := v.index[text]; ok {
			v.list[i].Count += n
			return true
		}
	} else {
		for i := range v.list {
			if v.list[i].Value == text {
				v.list[i].Count += n
				return true
			}
		}
	}
	if len(v.list) >= room {
		return false
	}
	text = strings.Clone(text)
	v.list = append(v.list, Category{text, n})
	if v.index != nil {
		v.index[text] = int32(len(v.list) - 1)
	} else if len(v.list) > 12 {
		v.index = make(map[string]int32, 2*len(v.list))
		for i, c := range v.list {
			v.index[c.Value] = int32(i)
		}
	}
	return true
}

func (v *values) reset() {
	clear(v.list) // let go of the texts
	v.list, v.index = v.list[:0], nil
}

func (v *values) clone() *values {
	if v == nil {
		return nil
	}
	c := &values{list: slices.Clone(v.list)}
	if len(c.list) > 12 {
		c.index = make(map[string]int32, len(c.list))
		for i, e := range c.list {
			c.index[e.Value] = int32(i)
		}
	}
	return c
}

// ByCount orders categories for slices.SortFunc: by count, the largest first, then by value.
func ByCount(a, b Category) int {
	if a.Count != b.Count {
		if a.Count > b.Count {
			return -1
		}
		return 1
	}
	return strings.Compare(a.Value, b.Value)
}

func byValue(a, b Category) int { return strings.Compare(a.Value, b.Value) }

// maxText is the longest category text kept as it is, in bytes.
const maxText = 200

// Shorten bounds a category's text to 200 bytes: a longer one becomes its beginning and a hash of all of it.
func Shorten(s string) string {
	if len(s) <= maxText {
		return s
	}
	cut := maxText - 24
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…#" + hexHash(s)
}

// hash64 is FNV-1a over the bytes of s.
func hash64(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func hexHash(s string) string {
	h := strconv.FormatUint(hash64(s), 16)
	return strings.Repeat("0", 16-len(h)) + h
}

// Decimal is the shortest decimal text of x that reads back as x, in the form JSON writers use: 1, 0.25, 1e+21.
func Decimal(x float64) string {
	if x == 0 {
		return "0"
	}
	if a := math.Abs(x); a < 1e-6 || a >= 1e21 {
		return strconv.FormatFloat(x, 'e', -1, 64)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
