package pipeline

import (
	"plumbline"
	"plumbline/profiles"
)

// slicer finds the slices of records, as canonical texts that are made once and then reused.
type slicer struct {
	sets  [][]string
	known map[string]string
	limit int
	buf   []byte
	out   []string
}

func newSlicer(m *plumbline.Model, limit int) *slicer {
	return &slicer{sets: m.Slices, known: map[string]string{}, limit: limit}
}

// of returns the record's slices and how many were left out because the model has too many. The result is reused.
func (s *slicer) of(r *plumbline.Record) (slices []string, dropped int) {
	s.out = s.out[:0]
	for _, names := range s.sets {
		b, ok := profiles.AppendSlice(s.buf[:0], names, r)
		if s.buf = b; !ok {
			continue
		}
		text, ok := s.known[string(b)]
		if !ok {
			if len(s.known) >= s.limit {
				dropped++
				continue
			}
			text = string(b)
			s.known[text] = text
		}
		s.out = append(s.out, text)
	}
	return s.out, dropped
}
