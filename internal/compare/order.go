package compare

// order follows a column's values in the order of its rows: counts in a few classes for each of up to 128 blocks of equally many
// consecutive rows. When there is no more room, neighbours become one.
type order struct {
	length int // rows of a block
	filled int // rows of the block that is being filled
	now    block
	done   []block
}

// A block counts classes, and in its last slot the rows without a value.
type block [slotsOfBlock]uint32

const (
	slotsOfBlock = 16
	lostSlot     = slotsOfBlock - 1
	mostBlocks   = 128
	firstLength  = 16
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
		o.done = halve(o.done)
		o.length *= 2
	}
}

// add counts k rows of one class.
func (o *order) add(class uint8, k int) {
	for k > 0 {
		j := min(k, o.room())
		o.now[class&(slotsOfBlock-1)] += uint32(j)
		o.advance(j)
		k -= j
	}
}

// halve joins neighbours; a last one without a neighbour is dropped.
func halve(blocks []block) []block {
	out := make([]block, len(blocks)/2, mostBlocks)
	for i := range out {
		for k := range out[i] {
			out[i][k] = blocks[2*i][k] + blocks[2*i+1][k]
		}
	}
	return out
}
