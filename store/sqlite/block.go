package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"plumbline/store"
)

// A block holds samples of one version and partition in ascending order of offset, compressed together: JSON records of one
// model resemble each other. Before compression it is a format byte, then for each sample the difference of its offset and
// of its time (in microseconds) to those of the sample before as signed varints, then its id and its record, each preceded
// by its length as an unsigned varint.

const (
	blockFormat = 1
	fullBlock   = 64 << 10 // bytes before compression; a block below it takes up the next flush's samples
	maxBlock    = 64 << 20 // no more is decompressed
)

var errBlock = errors.New("a block of samples can't be decoded")

func appendSamples(b []byte, samples []store.Sample) []byte {
	b = append(b, blockFormat)
	var offset, at int64
	for i := range samples {
		x := &samples[i]
		b = binary.AppendVarint(b, x.Offset-offset)
		b = binary.AppendVarint(b, x.Time.UnixMicro()-at)
		offset, at = x.Offset, x.Time.UnixMicro()
		b = binary.AppendUvarint(b, uint64(len(x.ID)))
		b = append(b, x.ID...)
		b = binary.AppendUvarint(b, uint64(len(x.Record)))
		b = append(b, x.Record...)
	}
	return b
}

// decodeSamples fills in offset, id, time and record. Records alias b.
func decodeSamples(b []byte) ([]store.Sample, error) {
	if len(b) == 0 || b[0] != blockFormat {
		return nil, errBlock
	}
	b = b[1:]
	number := func() (v int64, ok bool) {
		v, n := binary.Varint(b)
		b = b[max(n, 0):]
		return v, n > 0
	}
	text := func() ([]byte, bool) {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, false
		}
		v := b[n : n+int(size) : n+int(size)]
		b = b[n+int(size):]
		return v, true
	}
	var samples []store.Sample
	var offset, at int64
	for len(b) > 0 {
		step, ok1 := number()
		wait, ok2 := number()
		id, ok3 := text()
		record, ok4 := text()
		if !ok1 || !ok2 || !ok3 || !ok4 {
			return nil, errBlock
		}
		offset, at = offset+step, at+wait
		samples = append(samples, store.Sample{Offset: offset, Time: time.UnixMicro(at).UTC(), ID: string(id), Record: record})
	}
	return samples, nil
}

func (s *Store) unpack(body []byte) ([]store.Sample, error) {
	b, err := s.unzip.DecodeAll(body, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %w", ErrCorrupt, errBlock, err)
	}
	samples, err := decodeSamples(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return samples, nil
}
