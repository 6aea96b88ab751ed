package profiles

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"plumbline"
)

// MaxFeatures is how many features of one model are profiled; what is beyond is counted in Profile.DroppedFeatures.
const MaxFeatures = 5000

// maxName is the longest name of a feature that is profiled, in bytes.
const maxName = 256

// Layout freezes which features exist, how each is typed and on which cells it is counted. It is made from a manifest and
// perhaps a baseline. Features met later get a place of their own behind the frozen ones. Safe for concurrent use.
type Layout struct {
	baseline string // hash, "" without
	id       string
	slots    []*slot
	native   []*slot // the baseline's features as the baseline has them, whatever the manifest declares
	place    map[Key]int32
	task     plumbline.Task
	model    *plumbline.Model
	row      *rowMap // nil: whole rows are not gathered

	prediction, score, confidence, status int32

	mu     sync.RWMutex
	extras map[Key]int32
	extra  []*slot
}

// NewLayout makes the layout of a model. A declared type wins over the baseline's; a feature declared with another type than
// it has in the baseline has no cells. Without baseline (nil) numbers have moments but no cells. A nil model declares nothing.
func NewLayout(m *plumbline.Model, b *Baseline) *Layout {
	if m == nil {
		m = &plumbline.Model{}
	}
	l := &Layout{place: map[Key]int32{}, extras: map[Key]int32{}, task: m.Task, model: m}
	if b != nil {
		l.baseline = b.Hash()
		for i := range b.Features {
			s := b.Features[i].slot(int32(i))
			l.native = append(l.native, s)
			l.put(l.declare(s))
		}
	}
	for _, f := range m.Features {
		if _, ok := l.place[Key{Input, f.Name}]; !ok && len(l.slots) < MaxFeatures {
			l.put(l.declare(l.fresh(Key{Input, f.Name})))
		}
	}
	standard := func(k Key) int32 {
		if i, ok := l.place[k]; ok {
			return i
		}
		return l.put(l.fresh(k))
	}
	l.prediction, l.score = standard(Prediction), standard(Score)
	l.confidence, l.status = standard(Confidence), standard(Status)
	if b != nil {
		l.derive(b)
	}
	l.id = l.hash()
	return l
}

func (l *Layout) put(s *slot) int32 {
	i := int32(len(l.slots))
	l.slots = append(l.slots, s)
	l.place[s.key] = i
	return i
}

// fresh is the slot of a feature no baseline knows.
func (l *Layout) fresh(k Key) *slot {
	s := &slot{key: k, native: -1, lo: math.Inf(-1), hi: math.Inf(1)}
	switch {
	case k == Prediction:
		s.typ = predictionType(l.task)
	case k == Status:
		s.typ = plumbline.TypeCategory
	case k.Role == Output:
		s.typ = plumbline.TypeNumber
	case k.Role == Runtime:
		s.typ, s.grid = plumbline.TypeNumber, LogGrid()
	}
	return s
}

func predictionType(t plumbline.Task) plumbline.FeatureType {
	switch t {
	case plumbline.TaskBinary, plumbline.TaskMulticlass:
		return plumbline.TypeCategory
	case plumbline.TaskRegression:
		return plumbline.TypeNumber
	case plumbline.TaskText:
		return plumbline.TypeText
	}
	return plumbline.TypeAuto
}

// declare applies what the manifest says of an input.
func (l *Layout) declare(s *slot) *slot {
	if s.key.Role != Input {
		return s
	}
	for i := range l.model.Features {
		d := &l.model.Features[i]
		if d.Name != s.key.Name {
			continue
		}
		c := *s
		t := declaredType(d)
		if t != plumbline.TypeAuto && !compatible(t, s.typ) {
			c = *l.fresh(s.key)
		}
		if t != plumbline.TypeAuto {
			c.typ = t
		}
		if d.Min != nil {
			c.lo = *d.Min
		}
		if d.Max != nil {
			c.hi = *d.Max
		}
		c.listed = true
		if d.PII && !c.pii {
			c.pii = true
			c.hideValues()
		}
		return &c
	}
	return s
}

// declaredType is the type a declared feature is counted as. A profile's extremes and first values are somebody's, and so are a
// grid's edges: personal numbers are counted as categories, whose values are hashed.
func declaredType(f *plumbline.Feature) plumbline.FeatureType {
	if f.PII && (f.Type == plumbline.TypeNumber || f.Type == plumbline.TypeAuto) {
		return plumbline.TypeCategory
	}
	return f.Type
}

// hideValues replaces categories by their hashes, for a baseline made before the feature was declared personal.
func (s *slot) hideValues() {
	if !s.known() {
		return
	}
	old := s.values
	s.values, s.index = make([]string, len(old)), make(map[string]int32, len(old))
	for i, v := range old {
		s.values[i] = hexHash(v)
		s.index[s.values[i]] = int32(i)
	}
}

// hash covers everything that decides how a record is counted.
func (l *Layout) hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "plumbline layout 1\n%s\n%s\n", l.baseline, l.task)
	if l.row != nil {
		fmt.Fprintln(h, "rows")
	}
	declared := slices.Clone(l.model.Features)
	slices.SortFunc(declared, func(a, b plumbline.Feature) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range declared {
		fmt.Fprintf(h, "%q %s %v", f.Name, f.Type, f.PII)
		for _, limit := range []*float64{f.Min, f.Max} {
			if limit != nil {
				fmt.Fprintf(h, " %x", *limit)
			} else {
				fmt.Fprint(h, " -")
			}
		}
		fmt.Fprintln(h)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ID is a hash of what decides how records are counted: the baseline and the manifest's types, ranges and task. Profiles of
// layouts with one ID are alike. It is never empty.
func (l *Layout) ID() string { return l.id }

// BaselineHash is the hash of the baseline the cells come from, "" without.
func (l *Layout) BaselineHash() string { return l.baseline }

// find returns a feature's place and slot, and gives it a place if there is room and create is set; -1 otherwise.
func (l *Layout) find(k Key, create bool) (int32, *slot) {
	if i, ok := l.place[k]; ok {
		return i, l.slots[i]
	}
	l.mu.RLock()
	i, ok := l.extras[k]
	var s *slot
	if ok {
		s = l.extra[int(i)-len(l.slots)]
	}
	l.mu.RUnlock()
	if ok {
		return i, s
	}
	if !create || k.Name == "" || len(k.Name) > maxName {
		return -1, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if i, ok := l.extras[k]; ok {
		return i, l.extra[int(i)-len(l.slots)]
	}
	if len(l.slots)+len(l.extra) >= MaxFeatures {
		return -1, nil
	}
	k.Name = strings.Clone(k.Name)
	s = l.fresh(k)
	i = int32(len(l.slots) + len(l.extra))
	l.extra = append(l.extra, s)
	l.extras[k] = i
	return i, s
}

// NewProfile returns an empty profile.
func (l *Layout) NewProfile() *Profile {
	p := &Profile{layout: l, base: make([]Feature, len(l.slots))}
	for i, s := range l.slots {
		p.base[i].init(s)
	}
	return p
}
