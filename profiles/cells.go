package profiles

import "slices"

// cells counts per cell or category. A pane that saw few records holds a short list; beyond sparseMax distinct cells it
// becomes an array.
type cells struct {
	sparse []cell
	dense  []int64
}

type cell struct {
	at int32
	n  int64
}

const sparseMax = 24

// inc counts n more in cell at of size cells.
func (c *cells) inc(at int32, n int64, size int) {
	if len(c.dense) > 0 {
		c.dense[at] += n
		return
	}
	c.incSparse(at, n, size)
}

func (c *cells) incSparse(at int32, n int64, size int) {
	for i := range c.sparse {
		if c.sparse[i].at == at {
			c.sparse[i].n += n
			return
		}
	}
	if len(c.sparse) < sparseMax && 2*len(c.sparse) < size { // a pair takes twice the room of an array's cell
		c.sparse = append(c.sparse, cell{at, n})
		return
	}
	c.densify(size)
	c.dense[at] += n
}

func (c *cells) densify(size int) {
	if cap(c.dense) >= size {
		c.dense = c.dense[:size]
		clear(c.dense)
	} else {
		c.dense = make([]int64, size)
	}
	for _, e := range c.sparse {
		c.dense[e.at] += e.n
	}
	c.sparse = c.sparse[:0]
}

func (c *cells) reset() {
	c.sparse = c.sparse[:0]
	c.dense = c.dense[:0]
}

func (c *cells) clone() cells {
	return cells{sparse: slices.Clone(c.sparse), dense: slices.Clone(c.dense)}
}

// each calls f for every non-zero cell in ascending order.
func (c *cells) each(f func(at int32, n int64)) {
	for _, e := range c.sorted() {
		f(e.at, e.n)
	}
	for at, n := range c.dense {
		if n != 0 {
			f(int32(at), n)
		}
	}
}

func (c *cells) sorted() []cell {
	byCell := func(a, b cell) int { return int(a.at) - int(b.at) }
	if slices.IsSortedFunc(c.sparse, byCell) {
		return c.sparse
	}
	s := slices.Clone(c.sparse) // readers may share a profile: never sort in place
	slices.SortFunc(s, byCell)
	return s
}

// counts returns the dense copy.
func (c *cells) counts(size int) []int64 {
	out := make([]int64, size)
	copy(out, c.dense)
	for _, e := range c.sparse {
		out[e.at] += e.n
	}
	return out
}

// get returns one cell's count.
func (c *cells) get(at int32) int64 {
	if len(c.dense) > 0 {
		return c.dense[at]
	}
	for _, e := range c.sparse {
		if e.at == at {
			return e.n
		}
	}
	return 0
}

// distinct counts the non-zero cells.
func (c *cells) distinct() int {
	k := len(c.sparse)
	for _, n := range c.dense {
		if n != 0 {
			k++
		}
	}
	return k
}
