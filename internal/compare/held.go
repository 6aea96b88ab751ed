package compare

import (
	"slices"
	"strings"
	"unicode/utf8"

	"plumbline"
	"plumbline/profiles"
)

// held are the first rows of a reference's column.
type held struct {
	most  int // rows to hold back
	kinds []plumbline.ValueKind
	nums  []float64 // of a string its place in texts
	texts []string
	index map[string]int32
	bytes int64 // of all texts
}

// firstRows is how many rows decide a column's type and cells.
const firstRows = 16384

// mostHeld is about how many values may be held back altogether.
const mostHeld = 2 << 20

// first is how many rows decide the cells of the n-th column that is open: many columns share what a few may hold back.
func first(n int, group string) int {
	if group == "" && n <= mostHeld/firstRows {
		return firstRows
	}
	return max(mostHeld/n, 1024) / 1024 * 1024
}

// blocks is how many of them the order of rows is followed in.
func (h *held) blocks() int {
	if h.most < firstRows {
		return coarseBlocks
	}
	return fineBlocks
}

func (h *held) put(k plumbline.ValueKind, x float64, s string) {
	if k == plumbline.String {
		i, ok := h.index[s]
		if !ok {
			i = int32(len(h.texts))
			s = strings.Clone(s)
			h.texts, h.index[s] = append(h.texts, s), i
		}
		x = float64(i)
		h.bytes += int64(len(s))
	}
	h.kinds, h.nums = append(h.kinds, k), append(h.nums, x)
}

func (c *column) hold(k plumbline.ValueKind, x float64, s string) {
	c.held.put(k, x, s)
	if len(c.held.kinds) >= c.held.most {
		c.decide()
	}
}

// holdNumbers is hold of the first of a stretch of numbers, as many as there is room for.
func (c *column) holdNumbers(xs []float64) (rest []float64) {
	h := c.held
	k := min(len(xs), h.most-len(h.kinds))
	h.nums = append(h.nums, xs[:k]...)
	for range k {
		h.kinds = append(h.kinds, plumbline.Number)
	}
	if len(h.kinds) >= h.most {
		c.decide()
	}
	return xs[k:]
}

// decide fixes the type and the cells by the rows held back, and counts them. Rows without any value decide nothing.
func (c *column) decide() {
	h := c.held
	c.typ, c.held = h.infer(c.name), nil
	switch {
	case c.typ == plumbline.TypeAuto:
		c.held = &held{most: h.most, index: map[string]int32{}}
	case c.typ.Numeric():
		sorted := h.sorted(c.typ)
		c.nums = newNumbers(frameOf(sorted))
		c.nums.order = newOrder(h.blocks())
		c.nums.openFor(sorted)
	default:
		c.names = newLevels()
		for i, k := range h.kinds { // the most frequent get classes of their own
			if s, ok := h.category(i, k); ok {
				if at := c.names.place(s); at >= 0 {
					c.names.counts[at]++
				}
			}
		}
		c.names.follow(h.blocks())
		clear(c.names.counts)
	}
	for i := 0; i < len(h.kinds); i++ {
		switch x := h.nums[i]; h.kinds[i] {
		case plumbline.Number:
			from := i
			for i+1 < len(h.kinds) && h.kinds[i+1] == plumbline.Number {
				i++
			}
			c.countNumbers(h.nums[from : i+1])
		case plumbline.String:
			c.countText(h.texts[int(x)])
		case plumbline.Bool:
			c.countBool(x)
		case plumbline.Vector:
			c.countVector(x)
		case plumbline.Missing:
			c.lose(&c.missing, 1)
		default:
			c.lose(&c.invalid, 1)
		}
	}
}

// category is a row held back as a category; false if it is none.
func (h *held) category(row int, k plumbline.ValueKind) (string, bool) {
	v := plumbline.Value{Kind: k, Num: h.nums[row]}
	switch {
	case k == plumbline.Number && v.Num-v.Num != 0:
		return "", false
	case k == plumbline.String:
		v.Str = h.texts[int(v.Num)]
	}
	return profiles.Text(v)
}

// mostSorted of the rows held back are enough to say how fine cells must be.
const mostSorted = 4096

// sorted returns numbers that a type counts, ascending, of evenly spread rows.
func (h *held) sorted(t plumbline.FeatureType) []float64 {
	stride := (len(h.kinds) + mostSorted - 1) / mostSorted
	out := make([]float64, 0, mostSorted)
	for i := 0; i < len(h.kinds); i += stride {
		k, x := h.kinds[i], h.nums[i]
		switch {
		case t == plumbline.TypeNumber && k == plumbline.Number, t == plumbline.TypeEmbedding && k == plumbline.Vector:
		case t == plumbline.TypeText && k == plumbline.String:
			x = float64(utf8.RuneCountInString(h.texts[int(x)]))
		default:
			continue
		}
		if x-x == 0 {
			out = append(out, x)
		}
	}
	slices.Sort(out)
	return out
}
