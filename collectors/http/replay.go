package http

import (
	"errors"
	"fmt"
	"io"
	"os"

	"plumbline"
	"plumbline/collectors"
)

const readSize = 1 << 20

// read returns messages from a position on, and the position after them; none if that is the end.
func (s *spool) read(at int64, longest int) (messages []collectors.Message, next int64, err error) {
	g, ok := s.at(&at)
	if !ok {
		return nil, at, nil
	}
	f, err := os.Open(s.path(g.base))
	if err != nil {
		return nil, at, fmt.Errorf("read the spool: %w", err)
	}
	defer f.Close()
	for want := int64(readSize); ; {
		buf := make([]byte, min(want, g.end-at))
		n, err := f.ReadAt(buf, at-g.base)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, at, fmt.Errorf("read the spool: %w", err)
		}
		messages, next, want = cutFrames(buf[:n], at, g.end, longest)
		if len(messages) > 0 || want == 0 {
			return messages, next, nil
		}
	}
}

// at finds the segment that holds a position, and moves a position that is in none to the next one.
func (s *spool) at(position *int64) (segment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.segments {
		if *position < g.end {
			*position = max(*position, g.base)
			return g, true
		}
	}
	*position = max(*position, s.end)
	return segment{}, false
}

// cutFrames takes the messages out of b, which stands at position at of a segment that ends at end. If b does not hold even one
// frame, want says how many bytes are needed.
func cutFrames(b []byte, at, end int64, longest int) (messages []collectors.Message, next, want int64) {
	corrupt := func(size int) ([]collectors.Message, int64, int64) {
		messages = append(messages, collectors.Message{Offset: at, Reject: plumbline.ReasonCorrupt})
		// The length may be what is wrong: it is believed if a frame, or the end, comes after.
		if next := at + int64(size); size > 0 && next <= end {
			if next == end {
				return messages, next, 0
			}
			if size < len(b) {
				if _, _, _, state := parseFrame(b[size:]); state == frameGood {
					return messages, next, 0
				}
			}
		}
		return messages, end, 0
	}
	for len(b) > 0 {
		payload, arrival, size, state := parseFrame(b)
		switch {
		case state == frameBad:
			return corrupt(size)
		case state == frameShort && at+int64(max(size, frameHeader)) > end:
			return corrupt(0)
		case state == frameShort && len(messages) > 0:
			return messages, at, 0
		case state == frameShort:
			return nil, at, int64(max(size, frameHeader))
		}
		m := collectors.Message{Offset: at, Value: payload, Time: arrival}
		if len(payload) > longest {
			m.Value, m.Reject = nil, plumbline.ReasonTooLarge
		}
		messages = append(messages, m)
		at += int64(size)
		b = b[size:]
	}
	return messages, at, 0
}

// ack says that everything before next has been taken over. It does not block.
func (s *spool) ack(next int64) {
	s.mu.Lock()
	s.acked = min(max(s.acked, next), s.end)
	s.mu.Unlock()
	s.wake()
}

// prune deletes the segments that have been taken over. The last one stays: it knows where the spool ends.
func (s *spool) prune() {
	s.mu.Lock()
	var gone []segment
	for len(s.segments) > 1 && s.segments[0].end <= s.acked {
		gone = append(gone, s.segments[0])
		s.segments = s.segments[1:]
	}
	s.mu.Unlock()
	for _, g := range gone {
		if err := os.Remove(s.path(g.base)); err != nil && !errors.Is(err, os.ErrNotExist) {
			s.log.Warn("spool segment can't be deleted", "error", err)
		}
	}
}
