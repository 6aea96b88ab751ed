// Package decode turns raw messages into plumbline's records. It owns the formats: what is valid, which limits hold, and by
// which reason a message is refused. It never does I/O, never keeps a message, and never judges what a record says.
//
// Strings of a record may alias its message; names (of features, classes, segments, facts, the model and the version) never
// do, because they repeat: the decoder keeps one copy of each.
package decode

import (
	"time"

	"plumbline"
)

// Limits bounds what one record may be. A message over a limit is refused with the limit's reason.
type Limits struct {
	MaxBytes  int // size of a message
	MaxDepth  int // nesting of objects and arrays; the record itself is 1
	MaxKeys   int // members of all objects together
	MaxString int // bytes of a string after unescaping; names have maxName
	MaxNumber int // bytes of a numeric literal
}

// maxName bounds names in bytes: of the model, features, classes, segments and facts.
const maxName = 256

// DefaultLimits returns 1 MiB, 16 levels, 2000 members, strings of 4 KiB and numbers of 64 bytes.
func DefaultLimits() Limits {
	return Limits{MaxBytes: 1 << 20, MaxDepth: 16, MaxKeys: 2000, MaxString: 4 << 10, MaxNumber: 64}
}

// Decoder decodes native records. It learns the order in which a producer writes its members, so it is fastest when it
// sees the same kind of record again and again. It is not safe for concurrent use: one per worker.
type Decoder struct {
	lim     Limits
	names   names
	follow  [membersEnd + 1]member // which member came after which; the last is the first member's place
	scratch []byte                 // the string being unescaped
	arena   []byte                 // unescaped strings that records hold; its bytes are written once
	members []plumbline.Field      // of the object being scanned

	// The state of one message. Scanning functions take the position of what they scan and return the position
	// after it, or -1 when they have set refusal.
	b       []byte
	depth   int
	keys    int
	refusal plumbline.Reject
	spoilt  plumbline.ValueKind // the worst kind of a class's score, Missing if all are finite
}

// New returns a decoder that enforces l.
func New(l Limits) *Decoder { return &Decoder{lim: l, names: newNames()} }

// Decode parses msg, exactly one JSON object with white space around it, into r, which it resets first; after a refusal r
// holds nothing of use. JSON is what encoding/json takes for valid, except that strings must be UTF-8, and that values may
// also be the bare words NaN, Infinity and -Infinity (in any case, also inf), as several languages write them. Members that
// plumbline doesn't know are checked and skipped; a null member is an absent one. Of members with the same name the last
// wins, and r.Duplicates counts the others.
//
// fallback is the event time of a record without ts. A numeric ts is in seconds below 1e10, in milliseconds below 1e13, in
// microseconds below 1e16, else in nanoseconds. Event times before 1970, or beyond what int64 nanoseconds hold (April 2262),
// are refused.
func (d *Decoder) Decode(r *plumbline.Record, msg []byte, fallback time.Time) *plumbline.Reject {
	r.Reset()
	if len(msg) == 0 {
		return &plumbline.Reject{Reason: plumbline.ReasonTombstone, At: -1, Detail: "the message is empty"}
	}
	if len(msg) > d.lim.MaxBytes {
		return &plumbline.Reject{Reason: plumbline.ReasonTooLarge, At: -1, Detail: "the message is larger than the limit"}
	}
	d.b, d.depth, d.keys, d.spoilt = msg, 0, 0, plumbline.Missing
	d.names.begin()
	i := d.record(r, d.space(0))
	if i >= 0 {
		if i = d.space(i); i < len(msg) {
			i = d.fail(plumbline.ReasonSyntax, i, "something follows the record")
		}
	}
	d.b = nil
	if i < 0 || !d.complete(r, fallback) {
		refusal := d.refusal
		return &refusal
	}
	return nil
}

// complete fills in what a record leaves open and checks what it must have.
func (d *Decoder) complete(r *plumbline.Record, fallback time.Time) bool {
	refuse := func(reason plumbline.Reason, detail string) bool {
		d.fail(reason, -1, detail)
		return false
	}
	if r.Score.Kind == plumbline.Missing {
		r.Score.Kind = d.spoilt // so that it is counted
	}
	if r.Model == "" {
		return refuse(plumbline.ReasonNoModel, "the record has no model")
	}
	answered := r.Prediction.Kind != plumbline.Missing || r.Score.Kind != plumbline.Missing || len(r.Scores) > 0
	switch {
	case r.Kind == plumbline.Label && r.ID == "":
		return refuse(plumbline.ReasonLabelID, "a label without id can't be joined")
	case r.Kind == plumbline.Label && r.Label.Kind == plumbline.Missing:
		return refuse(plumbline.ReasonEmpty, "a record of kind label has no label")
	case len(r.Features) > 0, answered, r.Label.Kind != plumbline.Missing:
	case r.Kind == plumbline.Response && (r.Runtime.Status != "" || len(r.Runtime.Facts) > 0):
		// A call that failed has no prediction, but it must be counted as failed.
	default:
		return refuse(plumbline.ReasonEmpty, "the record has none of features, prediction, label")
	}
	if r.Time.IsZero() {
		if fallback.IsZero() {
			return refuse(plumbline.ReasonNoTimestamp, "the record has no ts, and its source no time")
		}
		r.Time = fallback.UTC()
	}
	return true
}

// fail notes why the message is refused and returns -1, the position of nothing.
func (d *Decoder) fail(reason plumbline.Reason, at int, detail string) int {
	d.refusal = plumbline.Reject{Reason: reason, At: at, Detail: detail}
	return -1
}
