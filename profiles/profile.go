package profiles

import (
	"fmt"
	"slices"
	"strings"

	"plumbline"
)

// Profile is the mergeable summary of a pane, a slice or a window. It is not safe for concurrent use while it changes; once
// decoded, merged or cloned it may be read by many.
type Profile struct {
	Whole           int64 // records with question and answer
	Requests        int64
	Responses       int64
	Late            int64 // folded after their pane had been judged
	Errors          int64 // answers whose status is neither empty nor ok
	NullAnswers     int64 // answers with neither prediction nor score
	Duplicates      int64 // keys that occurred twice in a record
	Carrying        int64 // records that carry features at all
	Shadow, Canary  int64 // records that say so of their deployment
	DroppedFeatures int64 // values of features beyond MaxFeatures, or with a name that is too long

	layout  *Layout
	base    []Feature  // by place in the layout
	extra   []*Feature // features outside the layout, by place behind it; nil where this profile has none
	settled bool       // Missing is up to date
	rows    rowSample
	frozen  *Rows // of a baseline's profile, in place of rows
}

// Records is the number of inference events: halves are counted once.
func (p *Profile) Records() int64 { return p.Whole + max(p.Requests, p.Responses) }

// Answers is the number of records that carry an answer.
func (p *Profile) Answers() int64 { return p.Whole + p.Responses }

// Layout returns the layout the profile is counted on.
func (p *Profile) Layout() *Layout { return p.layout }

// at returns the feature with that place.
func (p *Profile) at(i int32, s *slot) *Feature {
	if int(i) < len(p.base) {
		return &p.base[i]
	}
	return p.outside(int(i)-len(p.base), s)
}

func (p *Profile) outside(i int, s *slot) *Feature {
	if i >= len(p.extra) {
		p.extra = slices.Grow(p.extra, i+1-len(p.extra))[:i+1]
	}
	f := p.extra[i]
	if f == nil {
		f = &Feature{}
		f.init(s)
		p.extra[i] = f
	}
	f.seen = true
	return f
}

// settle derives Missing: every record that could have carried a feature and did not.
func (p *Profile) settle() {
	if p.settled {
		return
	}
	settle := func(f *Feature) { f.Missing = max(p.carriers(f.Key.Role)-f.N-f.Invalid, 0) }
	for i := range p.base {
		settle(&p.base[i])
	}
	for _, f := range p.extra {
		if f != nil {
			settle(f)
		}
	}
	p.settled = true
}

// carriers is the number of records that could have carried a feature.
func (p *Profile) carriers(r Role) int64 {
	if r == Input {
		return p.Carrying
	}
	return p.Answers()
}

// shown reports whether a feature belongs to the profile's contents.
func (f *Feature) shown() bool {
	return f.slot.typ != plumbline.TypeIgnore && (f.slot.listed || f.seen || !f.empty())
}

// Feature returns a feature, nil if it was never seen and is not in the layout.
func (p *Profile) Feature(k Key) *Feature {
	p.settle()
	i, _ := p.layout.find(k, false)
	if i < 0 {
		return nil
	}
	var f *Feature
	if int(i) < len(p.base) {
		f = &p.base[i]
	} else if j := int(i) - len(p.base); j < len(p.extra) {
		f = p.extra[j]
	}
	if f == nil || !f.shown() {
		return nil
	}
	return f
}

// Features returns all features by role, then in the layout's order, then the others by name.
func (p *Profile) Features() []*Feature {
	p.settle()
	out := make([]*Feature, 0, len(p.base)+len(p.extra))
	others := p.others()
	for r := Input; r < roles; r++ {
		for i := range p.base {
			if f := &p.base[i]; f.Key.Role == r && f.shown() {
				out = append(out, f)
			}
		}
		for _, f := range others {
			if f.Key.Role == r {
				out = append(out, f)
			}
		}
	}
	return out
}

// others returns the features outside the layout, by role and name.
func (p *Profile) others() []*Feature {
	var out []*Feature
	for _, f := range p.extra {
		if f != nil && f.seen {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, byKey)
	return out
}

func byKey(a, b *Feature) int {
	if a.Key.Role != b.Key.Role {
		return int(a.Key.Role) - int(b.Key.Role)
	}
	return strings.Compare(a.Key.Name, b.Key.Name)
}

// Merge adds q, which stays as it is. It fails, changing nothing, if q is counted on another baseline's cells. Where a
// feature has another type in q, q's values of it count as invalid.
func (p *Profile) Merge(q *Profile) error {
	if p.layout.baseline != q.layout.baseline {
		return fmt.Errorf("merge profiles: %w: baseline %s and %s", errOtherCells, short(p.layout.baseline), short(q.layout.baseline))
	}
	p.settled = false
	p.Whole += q.Whole
	p.Requests += q.Requests
	p.Responses += q.Responses
	p.Late += q.Late
	p.Errors += q.Errors
	p.NullAnswers += q.NullAnswers
	p.Duplicates += q.Duplicates
	p.Carrying += q.Carrying
	p.Shadow += q.Shadow
	p.Canary += q.Canary
	p.DroppedFeatures += q.DroppedFeatures
	p.rows.merge(&q.rows)
	for i := range q.base {
		f := &q.base[i]
		if f.empty() {
			continue
		}
		if p.layout == q.layout {
			p.base[i].merge(f)
		} else {
			p.mergeByKey(f)
		}
	}
	for _, f := range q.extra {
		if f != nil && f.seen {
			p.mergeByKey(f)
		}
	}
	p.settle()
	return nil
}

func (p *Profile) mergeByKey(f *Feature) {
	i, s := p.layout.find(f.Key, true)
	if i < 0 {
		p.DroppedFeatures += f.N + f.Invalid
		return
	}
	p.at(i, s).merge(f)
}

func short(hash string) string {
	if hash == "" {
		return "(none)"
	}
	return hash[:min(len(hash), 12)]
}

// Clone returns a copy that shares nothing that changes.
func (p *Profile) Clone() *Profile {
	p.settle()
	c := *p
	c.rows = p.rows.clone()
	c.base = make([]Feature, len(p.base))
	for i := range p.base {
		c.base[i] = p.base[i].clone()
	}
	c.extra = make([]*Feature, len(p.extra))
	for i, f := range p.extra {
		if f != nil && f.seen {
			g := f.clone()
			c.extra[i] = &g
		}
	}
	return &c
}

// Reset empties the profile and keeps its memory.
func (p *Profile) Reset() {
	base, extra, rows := p.base, p.extra, p.rows
	rows.reset()
	*p = Profile{layout: p.layout, base: base, extra: extra, rows: rows}
	for i := range base {
		f := &base[i]
		if !f.empty() {
			f.reset()
		}
		f.Missing = 0
	}
	for _, f := range extra {
		if f != nil {
			f.reset()
		}
	}
}
