package pipeline

import (
	"context"
	"fmt"
	"time"

	"plumbline"
	"plumbline/collectors/decode"
	"plumbline/profiles"
	"plumbline/store"
)

// EndOfTime is after every event time plumbline accepts.
var EndOfTime = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)

// allTime is a window that holds every event time plumbline accepts.
var allTime = plumbline.Window{From: time.Unix(0, 0).UTC(), To: EndOfTime}

// needsSample reports whether a version's record is to be kept in any case, because its baseline will be made from it.
func needsSample(v *Version, at time.Time) bool {
	return v.Baseline == nil && (v.First > 0 || !at.Before(v.Range.From) && at.Before(v.Range.To))
}

// noteSample counts a stored sample of a version that has no baseline yet.
func (r *Registry) noteSample(model, version string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := versionKey{model, version}
	if v := r.versions[k]; v != nil && v.Baseline == nil {
		r.samples[k]++
	}
}

// enoughSamples reports whether a baseline can be tried: a cheap look before the dear one. After a restart the store's own
// counts stand for what was sampled before.
func (r *Registry) enoughSamples(ctx context.Context, v *Version) bool {
	k := versionKey{v.Model.Name, v.Version}
	r.mu.RLock()
	n, counted := r.samples[k], r.counted
	r.mu.RUnlock()
	if !counted {
		if streams, err := r.store.Streams(ctx); err == nil {
			r.mu.Lock()
			r.counted = true
			for _, s := range streams {
				if s.Slice == "" {
					r.samples[versionKey{s.Model, s.Version}] = max(r.samples[versionKey{s.Model, s.Version}], s.Records)
				}
			}
			n = r.samples[k]
			r.mu.Unlock()
		}
	}
	return n >= int64(max(v.First, 1))
}

// awaitSample has enoughSamples wait for another one, since those that were counted are not all there: some have expired.
func (r *Registry) awaitSample(v *Version) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := versionKey{v.Model.Name, v.Version}
	r.samples[k] = min(r.samples[k], int64(max(v.First, 1))-1)
}

// MakeBaseline gives a version its declared or automatic baseline from stored samples as soon as there are enough of them. It
// returns whether the version now has one that it had not before. newest is the newest event time seen: a baseline of a time
// range waits until that range is over.
func (r *Registry) MakeBaseline(ctx context.Context, model, version string, newest time.Time) (bool, error) {
	r.building.Lock()
	defer r.building.Unlock()
	v, reason, err := r.Version(ctx, model, version)
	if err != nil || reason != plumbline.ReasonNone || v.Baseline != nil {
		return false, err
	}
	if v, err = r.refresh(ctx, v); err != nil || v == nil || v.Baseline != nil {
		return v != nil && v.Baseline != nil, err
	}
	w, limit, source := allTime, v.First, fmt.Sprintf("the first %d records", v.First)
	if !v.Range.From.IsZero() {
		w, limit = v.Range, 0
		source = "the records of " + w.String()
	}
	if v.Range.From.IsZero() && limit == 0 || newest.Before(v.Range.To) {
		return false, nil
	}
	samples, err := r.store.Samples(ctx, model, version, w, limit)
	if err != nil {
		return false, fmt.Errorf("read samples for the baseline of %s: %w", model, err)
	}
	if len(samples) == 0 || len(samples) < limit {
		r.awaitSample(v)
		return false, nil
	}
	b, err := BuildFromSamples(v.Model, version, samples, r.options.CreatedClock(), source)
	if err != nil {
		return false, err
	}
	if err := r.adopt(ctx, v, b); err != nil {
		return false, err
	}
	r.log.Info("made a baseline from traffic", "model", model, "version", version, "records", len(samples), "baseline", b.Hash()[:12])
	return true, nil
}

// sampleLimits let every stored record through: each was within the limits there were when it came.
var sampleLimits = decode.Limits{MaxBytes: 1 << 30, MaxDepth: 10_000, MaxKeys: 1 << 30, MaxString: 1 << 30, MaxNumber: 1 << 30}

// BuildFromSamples makes a baseline of stored records.
func BuildFromSamples(m *plumbline.Model, version string, samples []store.Sample, created time.Time, source string) (*profiles.Baseline, error) {
	builder := profiles.NewBuilder(m)
	d := decode.New(sampleLimits)
	var rec plumbline.Record
	for _, s := range samples {
		reject := d.Decode(&rec, s.Record, s.Time)
		if reject != nil && reject.Reason == plumbline.ReasonEmpty {
			continue // all it had is left out of samples
		}
		if reject != nil {
			return nil, fmt.Errorf("stored sample %s@%d: %w", s.Partition, s.Offset, reject)
		}
		builder.Add(&rec)
	}
	builder.Version(version)
	b, err := builder.Build(created, source)
	if err != nil {
		return nil, fmt.Errorf("build a baseline of %s: %w", m.Name, err)
	}
	return b, nil
}
