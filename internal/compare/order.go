package compare

import "plumbline/detectors"

// order follows a column's values in the order of its rows: counts in a few classes for each of up to 128 blocks of equally many
// consecutive rows. When there is no more room, neighbours become one.
type order struct {
	length int // rows of a block
	filled int // rows of the block that is being filled
	now    block
	done   []block
}

// A block counts classes, and in its last slot the rows without a value; of numbers it holds the power sums too.
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
	lostSlot     = slotsOfBlock - 1
	mostBlocks   = 128
	firstLength  = 8
)

func newOrder() *order { return &order{length: firstLength} }

// room is how many rows the block still takes, at least one.
func (o *order) room() int { return o.length - o.filled }

// advance says that k more rows are counted in the present block.
func (o *order) advance(k int) {
	if o.filled += k; o.filled < o.length {
		return
	}
	o.done = append(o.done, o.now)
	o.now, o.filled = block{}, 0
	if len(o.done) == mostBlocks {
		o.done = join(o.done, 2)
		o.length *= 2
	}
}

// add counts k rows of one class.
func (o *order) add(class uint8, k int) {
	for k > 0 {
		j := min(k, o.room())
		o.now.counts[class&(slotsOfBlock-1)] += uint32(j)
		o.advance(j)
		k -= j
	}
}

// clustered reports that rows depend on their neighbours: the share of values in the lower classes differs from block to block by more
// than chance. It needs no windows in which a test has a value, and tells less than they do.
func (o *order) clustered() bool {
	var all block
	for i := range o.done {
		all.add(&o.done[i])
	}
	var n, low float64
	for _, k := range all.counts[:classes] {
		n += float64(k)
	}
	last := -1
	for last < classes && low < n/2 { // classes 0 … last hold about half
		last++
		low += float64(all.counts[last])
	}
	p := low / n
	if len(o.done) < 8 || !(p > .05 && p < .95) {
		return false
	}
	sum := 0.0
	for _, b := range o.done {
		var k, rows float64
		for c, x := range b.counts[:classes] {
			if rows += float64(x); c <= last {
				k += float64(x)
			}
		}
		if rows > 0 {
			sum += (k - rows*p) * (k - rows*p) / (rows * p * (1 - p))
		}
	}
	return detectors.ChiSquareTail(sum, float64(len(o.done)-1), 0) < .001
}

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
