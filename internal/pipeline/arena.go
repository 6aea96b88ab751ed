package pipeline

import "strings"

// arena keeps copies of short texts and the like in large blocks. Rows wait for their flush with copies, because what a record
// holds aliases its message, and one id would pin a whole batch of them.
type arena struct {
	texts  strings.Builder
	bytes  []byte
	scores []float64
	names  []string
	held   int // bytes of texts, bodies, and what else waits with them
}

const (
	arenaBytes = 64 << 10
	arenaItems = 1024
)

// text returns a copy of s.
func (a *arena) text(s string) string {
	if s == "" {
		return ""
	}
	if a.texts.Cap()-a.texts.Len() < len(s) {
		a.texts = strings.Builder{}
		a.texts.Grow(max(arenaBytes, len(s)))
	}
	a.held += len(s)
	at := a.texts.Len()
	a.texts.WriteString(s)
	return a.texts.String()[at:]
}

// body returns a copy of b.
func (a *arena) body(b []byte) []byte {
	a.bytes = room(a.bytes, len(b), arenaBytes)
	a.held += len(b)
	at := len(a.bytes)
	a.bytes = append(a.bytes, b...)
	return a.bytes[at:len(a.bytes):len(a.bytes)]
}

// score returns a pointer to a copy of x.
func (a *arena) score(x float64) *float64 {
	a.scores = append(room(a.scores, 1, arenaItems), x)
	return &a.scores[len(a.scores)-1]
}

// list returns a copy of list, whose texts are not copied; nil if it is empty.
func (a *arena) list(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	a.names = room(a.names, len(list), arenaItems)
	at := len(a.names)
	a.names = append(a.names, list...)
	return a.names[at:len(a.names):len(a.names)]
}

// room returns block, or a new one if n more don't fit.
func room[T any](block []T, n, size int) []T {
	if cap(block)-len(block) >= n {
		return block
	}
	return make([]T, 0, max(size, n))
}
