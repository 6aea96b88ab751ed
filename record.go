package plumbline

import "time"

// Kind says which part of an inference event a record carries.
type Kind uint8

const (
	Whole    Kind = iota // question and answer (and perhaps the label) in one record
	Request              // features only
	Response             // prediction and runtime facts only
	Label                // what turned out to be true
)

func (k Kind) String() string { return [...]string{"whole", "request", "response", "label"}[k&3] }

// Deployment says how an answer was used.
type Deployment uint8

const (
	Live Deployment = iota
	Shadow
	Canary
)

func (d Deployment) String() string {
	return [...]string{"live", "shadow", "canary", "unknown"}[d&3]
}

// ValueKind classifies one decoded value.
type ValueKind uint8

const (
	Missing ValueKind = iota // null, or absent
	NaN                      // not a number, in any spelling; missing, but counted apart
	Invalid                  // ±Inf, a literal beyond double, or a type no feature has (an object, a ragged array)
	Number                   // Num
	String                   // Str
	Bool                     // Num is 0 or 1
	Vector                   // an array of finite numbers: Num is its Euclidean norm, Len its dimension, Str the array as JSON, if known
)

// Value is one decoded value: a feature, a prediction or a label.
// Str may alias the message it was decoded from; messages are immutable, so it may be kept, at the price of pinning their batch.
type Value struct {
	Kind ValueKind
	Len  int32 // dimension of a Vector
	Num  float64
	Str  string
}

// Field is a named value.
type Field struct {
	Name  string
	Value Value
}

// Score is one class's score.
type Score struct {
	Class string
	Value float64
}

// Segment is one slicing key of a record, like country=de.
type Segment struct{ Name, Value string }

// Runtime holds what the serving software reported of one answer. A fact that was not reported is absent from Facts.
type Runtime struct {
	Status string  // "ok" or "" is a success; anything else is an error
	Facts  []Field // numeric facts by name: latency_ms, memory_mb, cpu_ms, queue_ms, …
}

// Record is one inference event, or a part of one, in plumbline's words. A decoder fills the same Record again and again:
// slices are reused, strings are not, so a caller copies slices it wants to keep.
type Record struct {
	Kind       Kind
	Deployment Deployment
	ID         string // empty: counted, but can't be joined
	Model      string
	Version    string
	Session    string
	Time       time.Time // event time, UTC; zero if the record had none
	Weight     float64   // 1 unless the record says otherwise
	Features   []Field
	Prediction Value // Missing if there is none
	Score      Value // Number if there is one
	Scores     []Score
	Label      Value // Missing if there is none
	Segments   []Segment
	Runtime    Runtime
	Duplicates int // duplicate keys met while decoding; the last one wins
}

// Confidence is the highest class score: of Scores if there are any, else of a binary score s the larger of s and 1-s.
// It is absent (false) without scores, or when a lone score is outside [0, 1].
func (r *Record) Confidence() (float64, bool) {
	if len(r.Scores) > 0 {
		c := r.Scores[0].Value
		for _, s := range r.Scores[1:] {
			c = max(c, s.Value)
		}
		return c, true
	}
	if r.Score.Kind != Number || r.Score.Num < 0 || r.Score.Num > 1 {
		return 0, false
	}
	return max(r.Score.Num, 1-r.Score.Num), true
}

// Reset empties r for the next record, keeping its slices' capacity.
func (r *Record) Reset() {
	*r = Record{Weight: 1, Features: r.Features[:0], Scores: r.Scores[:0], Segments: r.Segments[:0],
		Runtime: Runtime{Facts: r.Runtime.Facts[:0]}}
}
