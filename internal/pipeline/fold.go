package pipeline

import (
	"strconv"
	"time"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/decode"
	"plumbline/profiles"
	"plumbline/store"
)

// futureLimit is how far ahead of the wall clock an event time may be.
const futureLimit = 5 * time.Minute

// stream is what a worker keeps of one model's version.
type stream struct {
	version  *Version
	fine     time.Duration
	slicer   *slicer
	exclude  func(string) bool // features that samples leave out; nil: none
	panes    map[string]*paneSet
	targets  map[*profiles.Layout][]*profiles.Profile
	folders  map[*profiles.Layout]*profiles.Folder
	touched  []*openPane
	gathered int // samples for a baseline, since the last time there seemed to be enough
}

// paneSet remembers the panes that the previous record of a slice went to: the next one mostly goes there too.
type paneSet [3]*openPane // finest, hour, day

func (w *worker) stream(model, version string) (*stream, plumbline.Reason, error) {
	if s := w.last; s != nil && s.version.Model.Name == model && s.version.Version == version {
		return s, plumbline.ReasonNone, nil
	}
	s := w.streams[versionKey{model, version}]
	if s == nil {
		v, reason, err := w.c.registry.Version(w.ctx, model, version)
		if err != nil || reason != plumbline.ReasonNone {
			return nil, reason, err
		}
		s = &stream{version: v, fine: fineWidth(v.Model), slicer: newSlicer(v.Model, w.c.options.MaxSlices), exclude: w.exclusion(v.Model),
			panes: map[string]*paneSet{}, targets: map[*profiles.Layout][]*profiles.Profile{}, folders: map[*profiles.Layout]*profiles.Folder{}}
		w.streams[versionKey{v.Model.Name, v.Version}] = s
	}
	w.last = s
	return s, plumbline.ReasonNone, nil
}

func (w *worker) exclusion(m *plumbline.Model) func(string) bool {
	out := w.c.options.Samples.Exclude
	pii := map[string]bool{}
	for _, f := range m.Features {
		if f.PII {
			pii[f.Name] = true
		}
	}
	if len(out) == 0 && len(pii) == 0 {
		return nil
	}
	return func(name string) bool { return out[name] || pii[name] }
}

// fold decodes one message and folds it. A reject is counted by the caller; after an error nothing has changed.
func (w *worker) fold(m *collectors.Message) (*plumbline.Reject, error) {
	if reject := w.decode(m); reject != nil {
		return reject, nil
	}
	r := &w.record
	if r.Kind == plumbline.Label {
		if w.c.registry.Model(r.Model) == nil {
			if _, reason, err := w.c.registry.Version(w.ctx, r.Model, r.Version); err != nil || reason != plumbline.ReasonNone {
				return rejection(reason), err
			}
		}
		w.addLabel(m, r)
		w.tally.records[r.Model]++
		return nil, nil
	}
	s, reason, err := w.stream(r.Model, r.Version)
	if err != nil || reason != plumbline.ReasonNone {
		return rejection(reason), err
	}
	late := !w.cp.Newest.IsZero() && w.cp.Newest.Sub(r.Time) > s.fine+w.c.options.Lateness
	slices, dropped := s.slicer.of(r)
	if err := w.route(s, r, m.Offset, slices, late); err != nil {
		return nil, err
	}
	if late {
		w.tally.late[s.version.Model.Name]++
	}
	w.tally.slices += dropped
	w.addRows(s, m, r, slices)
	w.tally.records[s.version.Model.Name]++
	if r.Time.After(w.cp.Newest) {
		w.cp.Newest = r.Time
	}
	return nil, nil
}

// decode makes a message w.record, if it can be one.
func (w *worker) decode(m *collectors.Message) *plumbline.Reject {
	if m.Reject != plumbline.ReasonNone {
		return rejection(m.Reject)
	}
	if reject := w.decoder.Decode(&w.record, m.Value, m.Time); reject != nil {
		return reject
	}
	if w.record.Time.After(w.c.options.Now().Add(futureLimit)) {
		return rejection(plumbline.ReasonFuture)
	}
	if w.cp.Newest.Sub(w.record.Time) > w.c.options.Retention {
		return rejection(plumbline.ReasonTooOld)
	}
	return nil
}

func rejection(reason plumbline.Reason) *plumbline.Reject {
	if reason == plumbline.ReasonNone {
		return nil
	}
	return &plumbline.Reject{Reason: reason, At: -1}
}

// route folds the record into every pane it belongs to and that has not seen its offset.
func (w *worker) route(s *stream, r *plumbline.Record, offset int64, slices []string, late bool) error {
	s.touched = s.touched[:0]
	if err := w.panesOf(s, "", r.Time, 0); err != nil {
		return err
	}
	for _, slice := range slices {
		if err := w.panesOf(s, slice, r.Time, 1); err != nil {
			return err
		}
	}
	for l, t := range s.targets {
		s.targets[l] = t[:0]
	}
	for _, p := range s.touched {
		if offset <= p.last {
			continue
		}
		p.last = offset
		if !p.dirty {
			p.dirty = true
			w.dirty++
		}
		l := p.profile.Layout()
		s.targets[l] = append(s.targets[l], p.profile)
	}
	dropped := int64(0) // of the record's features, however many panes it is folded into
	for l, targets := range s.targets {
		if len(targets) == 0 {
			continue
		}
		before := targets[0].DroppedFeatures
		f := s.folders[l]
		if f == nil {
			f = profiles.NewFolder(l)
			s.folders[l] = f
		}
		f.Fold(r, late, targets...)
		dropped = max(dropped, targets[0].DroppedFeatures-before)
	}
	w.tally.features += int(dropped)
	return nil
}

func (w *worker) addLabel(m *collectors.Message, r *plumbline.Record) {
	w.labels = append(w.labels, store.Label{Partition: w.part, Offset: m.Offset, Model: r.Model, ID: w.arena.text(r.ID), Time: r.Time,
		Value: w.arena.text(canonical(r.Label))})
}

// addRows keeps the compact answer row, a label that came inside, and the record itself where it is sampled.
func (w *worker) addRows(s *stream, m *collectors.Message, r *plumbline.Record, slices []string) {
	v := s.version
	if r.ID != "" || r.Session != "" {
		a := store.Answer{Partition: w.part, Offset: m.Offset, Model: v.Model.Name, Version: v.Version, ID: w.arena.text(r.ID), Session: w.arena.text(r.Session),
			Time: r.Time, Kind: r.Kind, Prediction: w.arena.text(canonical(r.Prediction)), Slices: w.arena.list(slices)}
		if r.Score.Kind == plumbline.Number {
			a.Score = w.arena.score(r.Score.Num)
		}
		if r.Session != "" {
			a.Query = hashFeatures(r.Features)
		}
		w.answers = append(w.answers, a)
	}
	if r.Label.Kind != plumbline.Missing && r.ID != "" {
		w.addLabel(m, r)
	}
	w.addSample(s, m, r)
}

func (w *worker) addSample(s *stream, m *collectors.Message, r *plumbline.Record) {
	o := w.c.options.Samples
	pane := s.touched[0]
	if needsSample(s.version, r.Time) {
		// A log is read faster than flushes come: without one right now most of it would be over before there is a baseline.
		if s.gathered++; s.gathered == s.version.First {
			w.ripe, s.gathered = true, 0
		}
	} else if !sampled(w.part, m.Offset, o.Rate) || o.MaxPerPane > 0 && pane.sampled >= o.MaxPerPane {
		return
	}
	pane.sampled++
	body := m.Value
	if s.exclude != nil {
		w.scratch = decode.AppendRecord(w.scratch[:0], r, s.exclude)
		body = w.scratch
	}
	w.samples = append(w.samples, store.Sample{Partition: w.part, Offset: m.Offset, Model: s.version.Model.Name, Version: s.version.Version, ID: w.arena.text(r.ID), Time: r.Time, Record: w.arena.body(body)})
}

// canonical is the text by which predictions and labels are compared: numbers in their shortest form, so that 1 and 1.0 agree.
func canonical(v plumbline.Value) string {
	switch v.Kind {
	case plumbline.String:
		return v.Str
	case plumbline.Bool:
		return strconv.FormatBool(v.Num != 0)
	case plumbline.Number:
		return strconv.FormatFloat(v.Num, 'g', -1, 64)
	}
	return ""
}

// mix is the finaliser of splitmix64 (Steele, Lea, Flood 2014): every input bit flips each output bit with probability 1/2.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// sampled decides by partition and offset alone.
func sampled(p plumbline.Partition, offset int64, rate float64) bool {
	if rate >= 1 {
		return true
	}
	return float64(mix(uint64(offset)^mix(uint64(p.ID)))>>11)/(1<<53) < rate
}

// hashFeatures is an order-independent hash of names and values, never 0.
func hashFeatures(fs []plumbline.Field) uint64 {
	const prime = 1099511628211
	var sum uint64
	for i := range fs {
		h := uint64(14695981039346656037)
		for _, c := range []byte(fs[i].Name) {
			h = (h ^ uint64(c)) * prime
		}
		h = (h ^ 0xff) * prime
		for _, c := range []byte(canonical(fs[i].Value)) {
			h = (h ^ uint64(c)) * prime
		}
		if fs[i].Value.Kind == plumbline.Vector {
			h ^= mix(uint64(fs[i].Value.Len))
		}
		sum += mix(h)
	}
	return sum | 1
}
