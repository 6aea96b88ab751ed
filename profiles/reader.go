package profiles

import (
	"encoding/binary"
	"math"
)

// reader takes a body apart. After an error it returns zeros.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail(errShort)
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 {
		u := r.b[0]
		r.b = r.b[1:]
		return uint64(u)
	}
	u, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.b = r.b[n:]
	return u
}

// count reads a count, bounded so that sums of counts don't overflow.
func (r *reader) count() int64 {
	u := r.uvarint()
	if u > maxCount {
		r.fail(errCorrupt)
		return 0
	}
	return int64(u)
}

func (r *reader) number() float64 {
	u := r.uvarint()
	if d := u & 7; d < 7 {
		if u >= 1<<53 {
			r.fail(errCorrupt)
		}
		return float64(unzigzag(u>>3)) / powers[d]
	}
	if u != 7 {
		r.fail(errCorrupt)
	}
	if b := r.bytes(8); b != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return 0
}

func (r *reader) value() float64 {
	x := r.number()
	if !finite(x) {
		r.fail(errCorrupt)
	}
	if !finite(x) || x == 0 { // one zero, not two
		return 0
	}
	return x
}

func (r *reader) text(most int) string {
	n := r.uvarint()
	if n > uint64(most) {
		r.fail(errCorrupt)
		return ""
	}
	return string(r.bytes(n))
}
