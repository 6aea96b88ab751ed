package compare

import (
	"hash/maphash"
	"slices"
	"strings"

	"plumbline/profiles"
)

// levels counts categories by name: up to maxLevels of them, on the current side those of the reference first.
type levels struct {
	index  map[string]int32
	names  []string
	counts []int64
	known  int                 // the first so many names are the reference's
	beyond map[uint64]struct{} // hashes of the reference's further categories
	full   bool                // even those are not all
	n      int64
	other  int64 // in categories without a name here that the reference has, or on its own side those beyond maxLevels
	lost   int64 // in categories the reference does not have, without a name here
	class  []uint8
	order  *order
}

// Bounds on categories of one column.
const (
	maxLevels = 10_000
	maxBeyond = 200_000
)

var seed = maphash.MakeSeed()

func newLevels() *levels { return &levels{index: map[string]int32{}} }

// like makes the current side's levels; r stays as it is.
func (r *levels) like() *levels {
	l := &levels{index: make(map[string]int32, len(r.names)), names: slices.Clone(r.names), known: len(r.names), beyond: r.beyond, full: r.full}
	for i, s := range l.names {
		l.index[s] = int32(i)
	}
	l.counts = make([]int64, len(l.names))
	return l
}

// The places of categories that are not kept by name.
const (
	placeOther = -1
	placeLost  = -2
)

// place finds a category, or makes room for it; negative if it is not kept by name.
func (l *levels) place(s string) int32 {
	s = profiles.Shorten(s)
	if i, ok := l.index[s]; ok {
		return i
	}
	if l.known > 0 && (l.full || len(l.beyond) > 0) {
		if _, ok := l.beyond[maphash.String(seed, s)]; ok || l.full {
			return placeOther
		}
	}
	if len(l.names)-l.known < maxLevels {
		s = strings.Clone(s)
		i := int32(len(l.names))
		l.index[s] = i
		l.names, l.counts = append(l.names, s), append(l.counts, 0)
		return i
	}
	if l.known > 0 {
		return placeLost
	}
	switch h := maphash.String(seed, s); {
	case len(l.beyond) < maxBeyond:
		if l.beyond == nil {
			l.beyond = map[uint64]struct{}{}
		}
		l.beyond[h] = struct{}{}
	default:
		if _, ok := l.beyond[h]; !ok {
			l.full = true
		}
	}
	return placeOther
}

// count adds k rows to a place.
func (l *levels) count(at int32, k int64) {
	l.n += k
	switch at {
	case placeOther:
		l.other += k
	case placeLost:
		l.lost += k
	default:
		l.counts[at] += k
	}
}

// add counts k consecutive rows of one category.
func (l *levels) add(s string, k int) {
	at := l.place(s)
	l.count(at, int64(k))
	if l.order != nil {
		l.order.value(l.classOf(at), k)
	}
}

// follow lets the order of rows be followed, in so many blocks and in classes of the most frequent categories so far.
func (l *levels) follow(blocks int) {
	l.order = newOrder(blocks)
	places := make([]int32, len(l.names))
	for i := range places {
		places[i] = int32(i)
	}
	slices.SortStableFunc(places, func(a, b int32) int { return int(min(max(l.counts[b]-l.counts[a], -1), 1)) })
	l.class = make([]uint8, len(l.names))
	for rank, at := range places {
		l.class[at] = uint8(min(rank, classes-1))
	}
}

func (l *levels) classOf(at int32) uint8 {
	if at >= 0 && int(at) < len(l.class) {
		return l.class[at]
	}
	return classes - 1
}

// list returns the names from place from on with their counts, the most frequent first.
func (l *levels) list(from int) []profiles.Category {
	out := make([]profiles.Category, 0, len(l.names)-from)
	for i := from; i < len(l.names); i++ {
		out = append(out, profiles.Category{Value: l.names[i], Count: l.counts[i]})
	}
	slices.SortFunc(out, profiles.ByCount)
	return out
}

// spelled is the number of rows whose text spells NaN or an infinity, as far as categories are kept by name.
func (l *levels) spelled() int64 {
	var v profiles.Votes
	for i, s := range l.names {
		v.Text(s, l.counts[i])
	}
	return v.Spelled
}

// sample returns the counts on the reference's categories.
func (l *levels) sample() profiles.Sample {
	known := l.known
	if known == 0 {
		known = len(l.names)
	}
	s := profiles.Sample{N: l.n, Counts: slices.Clone(l.counts[:known]), Other: l.other, Overflow: l.lost}
	if l.known > 0 {
		s.Unseen = l.list(l.known)
	}
	return s
}
