package decode

import (
	"hash/maphash"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNames is how many names a decoder remembers. With more it starts anew before the next record.
const maxNames = 16 << 10

// names remembers the names of members, so that a record's names are shared, not cut out of messages, and so that a
// duplicate is found without a map per record. Producers write members in the same order every time: each name remembers
// the one that followed it, which mostly saves scanning and hashing the next.
type names struct {
	seed  maphash.Seed
	list  []name  // the first few are scopes: not names, but what the first names of objects follow
	slots []int32 // open addressing by hash: an index in list, or 0
	mark  uint32  // the object being scanned
	last  int32   // the name before this one, in the object being scanned
}

type name struct {
	text  string
	hash  uint64
	plain bool // written in JSON as it is, without escapes
	next  int32
	mark  uint32 // the object it was last seen in
	at    int32  // and its place there
}

// scope says which of a record's objects names belong to.
type scope int32

const (
	featureNames scope = iota
	scoreNames
	segmentNames
	factNames
	scopes
)

func newNames() names {
	n := names{seed: maphash.MakeSeed()}
	n.clear()
	return n
}

func (n *names) clear() {
	n.list = make([]name, scopes, 128)
	n.slots = make([]int32, 256)
}

// begin starts a record.
func (n *names) begin() {
	if len(n.list) > maxNames {
		n.clear()
	}
}

// enter starts an object.
func (n *names) enter(s scope) {
	n.last = int32(s)
	if n.mark++; n.mark == 0 {
		for i := range n.list {
			n.list[i].mark = 0
		}
		n.mark = 1
	}
}

// find returns the index of a name, which it learns if it is new. It is 0 if the name has control characters.
func (n *names) find(s []byte) int32 {
	hash := maphash.Bytes(n.seed, s)
	mask := uint64(len(n.slots) - 1)
	slot := hash & mask
	for ; n.slots[slot] != 0; slot = (slot + 1) & mask {
		if k := n.slots[slot]; n.list[k].hash == hash && n.list[k].text == string(s) {
			return k
		}
	}
	if hasControl(s) {
		return 0
	}
	text := string(s)
	k := int32(len(n.list))
	n.list = append(n.list, name{text: text, hash: hash, plain: !strings.ContainsAny(text, `"\`)})
	n.slots[slot] = k
	if len(n.list) > len(n.slots)/2 {
		n.grow()
	}
	return k
}

func (n *names) grow() {
	n.slots = make([]int32, 2*len(n.slots))
	mask := uint64(len(n.slots) - 1)
	for k := int(scopes); k < len(n.list); k++ {
		slot := n.list[k].hash & mask
		for n.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		n.slots[slot] = int32(k)
	}
}

func hasControl(s []byte) bool {
	for i := 0; i < len(s); {
		c, size := rune(s[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRune(s[i:])
		}
		if unicode.IsControl(c) {
			return true
		}
		i += size
	}
	return false
}
