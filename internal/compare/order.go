package compare

import (
	"math"

	"plumbline/detectors"
)

// order follows a column in the order of its rows: its values, however many rows without one are between them, and which rows have one.
type order struct{ values, rows track }

// newOrder makes one that may keep so many blocks.
func newOrder(most int) *order {
	return &order{values: track{most: most, length: firstLength}, rows: track{most: most, length: firstLength}}
}

// value counts k rows with values of one class.
func (o *order) value(class uint8, k int) {
	o.values.add(class, k)
	o.rows.add(class, k)
}

// none counts k rows without a value.
func (o *order) none(k int) { o.rows.add(lostSlot, k) }

// track holds counts in a few classes for each of up to most blocks of equally many consecutive entries. When there is no more room,
// neighbours become one.
type track struct {
	most   int // even
	length int // entries of a block
	filled int // entries of the block that is being filled
	now    block
	done   []block
}

// A block counts classes of values, and in its last slot rows without one. Of numbers it holds the power sums too where it counts values;
// where it counts rows all numbers are of one class.
type block struct {
	counts [slotsOfBlock]uint32
	sums   [4]float64
}

func (b *block) add(o *block) {
	for k := range b.counts {
		b.counts[k] += o.counts[k]
	}
	for k := range b.sums {
		b.sums[k] += o.sums[k]
	}
}

const (
	slotsOfBlock = 16
	givenSlot    = 0
	lostSlot     = slotsOfBlock - 1
	firstLength  = 8
)

// Blocks of a track: fine ones for windows of a current file that is much shorter than the reference, coarse ones to tell whether rows
// depend on each other, since slow changes show in long blocks, and where there are many columns.
const (
	fineBlocks   = 1024
	coarseBlocks = 128
)

// room is how many entries the block still takes, at least one.
func (t *track) room() int { return t.length - t.filled }

// advance says that k more entries are counted in the present block.
func (t *track) advance(k int) {
	if t.filled += k; t.filled < t.length {
		return
	}
	t.done = append(t.done, t.now)
	t.now, t.filled = block{}, 0
	if len(t.done) == t.most {
		for i := range t.most / 2 { // join would make it anew each time
			t.done[i] = t.done[2*i]
			t.done[i].add(&t.done[2*i+1])
		}
		t.done = t.done[:t.most/2]
		t.length *= 2
	}
}

// add counts k entries of one class.
func (t *track) add(class uint8, k int) {
	for k > 0 {
		j := min(k, t.room())
		t.now.counts[class&(slotsOfBlock-1)] += uint32(j)
		t.advance(j)
		k -= j
	}
}

// Blocks need this many to be told apart by their spread: as many as a test's least rows fill. Each must expect some of the rarer
// entries, or the chi-square law of their spread does not hold.
const (
	leastBlocks = 6
	leastRare   = 2
)

// coarse is the track in at most coarseBlocks blocks.
func (t *track) coarse() *track {
	k := (len(t.done) + coarseBlocks - 1) / coarseBlocks
	if k <= 1 {
		return t
	}
	return &track{length: k * t.length, done: join(t.done, k)}
}

// clustering is the probability that entries which do not depend on their neighbours differ from block to block as much as these
// do: by the share of low classes, or that of middle ones. It needs no windows in which a test has a value, and tells less than
// they do. Not ok if too few entries differ from the others to tell.
func (t *track) clustering() (p float64, ok bool) {
	t = t.coarse()
	var all block
	for i := range t.done {
		all.add(&t.done[i])
	}
	var n float64
	for _, k := range all.counts {
		n += float64(k)
	}
	var low, middle [slotsOfBlock]bool // about half of all each
	below, best := 0.0, n/2
	for class, k := range all.counts {
		x := float64(k)
		middle[class] = below+x/2 > n/4 && below+x/2 < 3*n/4
		below += x
		if off := math.Abs(below - n/2); off < best {
			best = off
			for c := range low {
				low[c] = c <= class
			}
		}
	}
	tests := 0.0
	p = 1
	for _, in := range [][slotsOfBlock]bool{low, middle} {
		if q, known := t.spread(in, n); known {
			tests++
			p, ok = math.Min(p, q), true
		}
	}
	return math.Min(1, p*tests), ok
}

// gaps is clustering of rows without a value.
func (t *track) gaps() (p float64, ok bool) {
	t = t.coarse()
	n := float64(len(t.done) * t.length)
	return t.spread([slotsOfBlock]bool{lostSlot: true}, n)
}

// spread is the probability that independent entries' share of some classes differs from block to block as much, of n entries.
func (t *track) spread(in [slotsOfBlock]bool, n float64) (p float64, ok bool) {
	of := func(b *block) (k float64) {
		for class, x := range b.counts {
			if in[class] {
				k += float64(x)
			}
		}
		return k
	}
	total := 0.0
	for i := range t.done {
		total += of(&t.done[i])
	}
	share := total / n
	rare := math.Min(share, 1-share) * float64(t.length)
	if !(rare > 0) {
		return 1, false
	}
	k := int(math.Max(1, math.Ceil(math.Min(leastRare/rare, coarseBlocks))))
	blocks := join(t.done, k)
	if len(blocks) < leastBlocks {
		return 1, false
	}
	rows, sum := float64(t.length*k), 0.0
	for i := range blocks {
		d := of(&blocks[i]) - rows*share
		sum += d * d / (rows * share * (1 - share))
	}
	return detectors.ChiSquareTail(sum, float64(len(blocks)-1), 0), true
}

// clusteredLevel is the chance that entries which do not depend on each other are taken for such that do.
const clusteredLevel = 0.001

// join makes one block of every k neighbours; what is left over at the end is dropped.
func join(blocks []block, k int) []block {
	out := make([]block, len(blocks)/k, max(len(blocks)/k, 1))
	for i := range out {
		for j := range k {
			out[i].add(&blocks[k*i+j])
		}
	}
	return out
}
