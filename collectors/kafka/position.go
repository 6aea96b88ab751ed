package kafka

import (
	"context"
	"fmt"

	"plumbline/collectors"
)

// begin finds where to read a partition that the store has never seen.
func (r *reader) begin(ctx context.Context, chunks chan<- collectors.Batch) error {
	first, end, err := r.awaitBounds(ctx)
	if err != nil {
		return err
	}
	if r.config.Start == Latest && !r.isNew(r.topic, r.id) {
		return r.jump(ctx, end, end, chunks)
	}
	r.walker.next = first
	r.handed.Store(first)
	return nil
}

// jump goes on at an offset without reading what is before. The empty batch tells the store, so that a restart goes on there
// too and not at what is the end by then.
func (r *reader) jump(ctx context.Context, to, end int64, chunks chan<- collectors.Batch) error {
	r.walker.next = to
	return r.emit(ctx, nil, end, chunks)
}

// mismatch decides what happens now that Kafka says the position is not in the partition.
func (r *reader) mismatch(ctx context.Context, chunks chan<- collectors.Batch) error {
	first, end, err := r.awaitBounds(ctx)
	if err != nil {
		return err
	}
	at := r.walker.next
	if first <= at && at <= end { // it is in there by now: the leader was behind
		r.retry(fmt.Errorf("offset %d was out of range", at))
		return nil
	}
	if at > end {
		// Records of a new log would be taken for ones already folded, because their offsets are lower: no policy makes that right.
		return fmt.Errorf("%s: the store has read up to offset %d, but the partition now holds [%d, %d): "+
			"the topic was created again, or the store belongs to another cluster; give the source another name, "+
			"so that the new log is a stream of its own, or use another data_dir", r.partition, at, first, end)
	}
	to := first
	switch r.config.OnOffsetMismatch {
	case MismatchFail:
		return fmt.Errorf("%s: the store has read up to offset %d, but the partition now holds [%d, %d): "+
			"records were deleted before they were read; "+
			"set on_offset_mismatch to earliest or latest to go on at %d or %d, knowing that what is between is not counted",
			r.partition, at, first, end, first, end)
	case MismatchLatest:
		to = end
	}
	r.log.Warn("the store's offset is not in the partition", "partition", r.partition.String(),
		"offset", at, "first", first, "end", end, "going_on_at", to)
	r.metrics.skipped("offset_mismatch", max(1, to-at))
	return r.jump(ctx, to, end, chunks)
}

// awaitBounds asks for the partition's bounds until there is an answer; its error is ctx's.
func (r *reader) awaitBounds(ctx context.Context) (first, end int64, err error) {
	for {
		first, end, err = r.bounds(ctx, r.topic, r.id)
		if err == nil {
			r.backoff = 0
			return first, end, nil
		}
		if ctx.Err() != nil {
			return 0, 0, ctx.Err()
		}
		r.retry(err)
		if err := sleep(ctx, r.backoff); err != nil {
			return 0, 0, err
		}
	}
}
