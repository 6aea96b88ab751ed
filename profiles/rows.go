package profiles

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"plumbline"
)

// maxRows is how many different rows a sample keeps. The standard error of a share read from it is at most 1/(2·sqrt(maxRows/2)),
// 4.4 percentage points, and 0 while a window has no more rows than that.
const maxRows = 256

// rowBits is the width of a row's hash: among 100 million different rows one in three million has another's.
const rowBits = 48

// rowSample counts how often each of a sample of rows occurred: those whose hash ends in level zero bits, level being the least
// with at most maxRows of them (Wegman's adaptive sampling; Flajolet 1990). Which rows it holds depends on the set of rows alone,
// not on their order, so that samples of panes merge into the sample of the window exactly.
//
// A row is all the features of a record. It is a hash table with linear probing, at most half full; n = 0 marks a free place.
type rowSample struct {
	n     int64 // records seen
	level int
	used  int
	table []rowCount // a power of two
}

type rowCount struct {
	hash uint64
	n    int64
}

func (s *rowSample) add(hash uint64, n int64) {
	s.n += n
	if hash&(1<<s.level-1) == 0 {
		s.keep(hash, n)
	}
}

// keep counts a row that belongs to the sample.
func (s *rowSample) keep(hash uint64, n int64) {
	if len(s.table) == 0 {
		s.table = make([]rowCount, 8)
	}
	mask := len(s.table) - 1
	i := s.home(hash)
	for ; s.table[i].n > 0; i = (i + 1) & mask {
		if s.table[i].hash == hash {
			s.table[i].n += n
			return
		}
	}
	s.table[i] = rowCount{hash, n}
	s.used++
	switch {
	case s.used > maxRows:
		s.thin()
	case 2*s.used > len(s.table):
		s.rehash(2*len(s.table), s.level)
	}
}

// home is where a hash is looked for first: its top bits, since the last ones are all zero.
func (s *rowSample) home(hash uint64) int {
	return int(hash >> (rowBits + 1 - bits.Len(uint(len(s.table)))))
}

// thin raises the level until few enough rows are left.
func (s *rowSample) thin() {
	for s.used > maxRows && s.level < rowBits {
		s.raise(s.level + 1)
	}
}

func (s *rowSample) raise(level int) {
	if level > s.level {
		s.rehash(len(s.table), level)
	}
}

// rehash moves the rows of a level to a table of another size.
func (s *rowSample) rehash(size, level int) {
	old := s.table
	s.table, s.used, s.level = make([]rowCount, size), 0, level
	for _, e := range old {
		if e.n > 0 && e.hash&(1<<level-1) == 0 {
			i := s.home(e.hash)
			for ; s.table[i].n > 0; i = (i + 1) & (size - 1) {
			}
			s.table[i] = e
			s.used++
		}
	}
}

func (s *rowSample) merge(o *rowSample) {
	s.raise(o.level)
	s.n += o.n
	for _, e := range o.table {
		if e.n > 0 && e.hash&(1<<s.level-1) == 0 {
			s.keep(e.hash, e.n)
		}
	}
}

func (s *rowSample) reset() {
	clear(s.table)
	s.n, s.level, s.used = 0, 0, 0
}

func (s *rowSample) clone() rowSample {
	c := *s
	c.table = slices.Clone(s.table)
	return c
}

// sorted returns the rows by hash.
func (s *rowSample) sorted() []rowCount {
	out := make([]rowCount, 0, s.used)
	for _, e := range s.table {
		if e.n > 0 {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b rowCount) int {
		if a.hash < b.hash {
			return -1
		}
		return 1 // no two are equal
	})
	return out
}

// append writes the records seen, the level, the number of rows, and for each row its hash, six bytes, and how often it occurred.
func (s *rowSample) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.n))
	dst = append(dst, byte(s.level))
	dst = binary.AppendUvarint(dst, uint64(s.used))
	for _, e := range s.sorted() {
		dst = append(dst, byte(e.hash), byte(e.hash>>8), byte(e.hash>>16), byte(e.hash>>24), byte(e.hash>>32), byte(e.hash>>40))
		dst = binary.AppendUvarint(dst, uint64(e.n))
	}
	return dst
}

// frozen is what a baseline keeps of a sample; nil if no record carried features.
func (s *rowSample) frozen() *BaselineRows {
	if s.n == 0 {
		return nil
	}
	out := &BaselineRows{Records: s.n, Level: s.level, Repeats: map[int64]int64{}}
	for _, e := range s.table {
		if e.n > 0 {
			out.Repeats[e.n]++
		}
	}
	return out
}

func (r *reader) rows(s *rowSample) {
	s.reset()
	n, level, used := r.count(), r.byte(), r.uvarint()
	if level > rowBits || used > maxRows {
		r.fail(errCorrupt)
	}
	s.n, s.level = n, int(level)
	var sum int64
	last := uint64(0)
	for i := range used {
		b := r.bytes(6)
		count := r.count()
		if r.err != nil {
			return
		}
		hash := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40
		sum += count
		if count == 0 || hash&(1<<level-1) != 0 || i > 0 && hash <= last {
			r.fail(errCorrupt)
			return
		}
		last = hash
		s.keep(hash, count)
	}
	if sum > s.n || level == 0 && sum != s.n {
		r.fail(errCorrupt)
	}
}

// Rows says how often rows repeat: a sample of different rows, each with how often it occurred. Rows are equal if all their
// features are; absent and null are the same, and ignored features don't count.
type Rows struct {
	Records int64   // that carry features and whose rows were looked at
	Level   int     // each different row is in the sample with probability 2^-Level; 0: all of them are
	Counts  []int64 // of each row of the sample, ascending
}

// Rows reads the profile's sample of rows. It is empty for profiles of a baseline's slices or panes, and where an older plumbline
// counted; that of a baseline is of all its records, also after Without.
func (p *Profile) Rows() Rows {
	if p.rows.n == 0 && p.frozen != nil {
		return *p.frozen
	}
	out := Rows{Records: p.rows.n, Level: p.rows.level, Counts: make([]int64, 0, p.rows.used)}
	for _, e := range p.rows.table {
		if e.n > 0 {
			out.Counts = append(out.Counts, e.n)
		}
	}
	slices.Sort(out.Counts)
	return out
}

// A row's hash is the sum, over its features, of the value as 64 bits times an odd multiplier of the name's own: so the order of the
// features does not matter (multilinear hashing, Carter and Wegman 1979). It is about as cheap as counting.

// rowKey makes a feature's multiplier from its name.
func rowKey(name string) uint64 { return scramble(hash64(name)) | 1 }

// rowHash ends a row's sum.
func rowHash(sum uint64) uint64 { return scramble(sum) >> (64 - rowBits) }

// scramble is the finaliser of splitmix64 (Steele, Lea, Flood 2014).
func scramble(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// rowNumber lays a double's upper half over its lower one, which mostly is zeros: a product with few digits repeats. 0 and -0 are one.
func rowNumber(x float64) uint64 {
	b := math.Float64bits(x + 0)
	return b ^ b>>32 + 1 // or 0 would be like no value
}

// rowValue is a value's part of the sum.
func rowValue(key uint64, v *plumbline.Value) uint64 {
	switch v.Kind {
	case plumbline.Missing:
		return 0
	case plumbline.Number:
		return key * rowNumber(v.Num)
	case plumbline.String:
		return key * rowText(v.Str)
	case plumbline.Bool:
		return key * (2 + rowNumber(v.Num))
	case plumbline.Vector:
		return key * scramble(math.Float64bits(v.Num)+uint64(v.Len))
	}
	return key * uint64(v.Kind)
}

// rowText takes eight bytes at a time, and of the last ones two halves that overlap.
func rowText(s string) uint64 {
	h := uint64(len(s)) * 0x9e3779b97f4a7c15
	for ; len(s) > 8; s = s[8:] {
		h = scramble(h ^ load4(s)<<32 ^ load4(s[4:]))
	}
	switch n := len(s); {
	case n >= 4:
		h ^= load4(s)<<32 | load4(s[n-4:])
	case n > 0:
		h ^= uint64(s[0])<<16 | uint64(s[n>>1])<<8 | uint64(s[n-1])
	}
	return h ^ h>>32
}

func load4(s string) uint64 {
	return uint64(uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24)
}
