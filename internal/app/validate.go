package app

import (
	"sync"
	"time"

	"plumbline"
	"plumbline/collectors/decode"
)

// validator tells at the door whether a record will be folded, so that the answer to a POST can name what is refused.
func validator(l decode.Limits) func(msg []byte, arrival time.Time) *plumbline.Reject {
	type state struct {
		decoder *decode.Decoder
		record  plumbline.Record
	}
	pool := sync.Pool{New: func() any { return &state{decoder: decode.New(l)} }}
	return func(msg []byte, arrival time.Time) *plumbline.Reject {
		s := pool.Get().(*state)
		defer pool.Put(s)
		if r := s.decoder.Decode(&s.record, msg, arrival); r != nil {
			return r
		}
		if s.record.Time.Sub(arrival) > 5*time.Minute {
			return &plumbline.Reject{Reason: plumbline.ReasonFuture, At: -1}
		}
		return nil
	}
}
