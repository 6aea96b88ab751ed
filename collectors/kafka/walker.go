package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"github.com/segmentio/kafka-go/protocol/fetch"

	"plumbline"
	"plumbline/collectors"
)

// errDamaged is data that another copy of it may not have: a checksum or the framing of batches is wrong.
var errDamaged = errors.New("the broker's data is damaged")

// The layout of a record batch, https://kafka.apache.org/documentation/#recordbatch.
const (
	batchLengthAt  = 8
	batchMagicAt   = 16
	batchCRCAt     = 17
	batchFlagsAt   = 21 // the checksum covers everything from here on
	batchLastAt    = 23
	batchTimeAt    = 27
	batchMaxTimeAt = 35
	producerAt     = 43
	batchCountAt   = 57
	batchHeader    = 61
	batchFrame     = 12 // offset and length, which the length does not count
	leastRecord    = 7  // bytes of a record without key, value and headers

	flagCodec         = 0x07
	flagLogAppendTime = 0x08
	flagTransactional = 0x10
	flagControl       = 0x20
)

// maxRefused bounds the messages made of one batch that can't be read. The rest is only counted.
const maxRefused = 1 << 16

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// walker goes through the record batches of a partition's fetches in order. It knows which transactions were aborted and
// passes over what is not to be read, counting why.
type walker struct {
	next         int64 // the first offset that was not passed yet
	maxMessage   int
	decompressor *decompressor

	rest     []byte                      // batches of the last fetch still ahead
	aborted  []fetch.ResponseTransaction // not begun yet
	aborting map[int64]bool              // producer ids whose transaction is being passed over
	skipped  map[string]int64            // offsets passed over since the caller looked, by kind
	bytes    int                         // of the values handed out by the last step
}

// reset gives the walker the answer to a fetch from w.next.
func (w *walker) reset(f fetched) {
	w.rest, w.aborted = f.records, f.aborted
	w.aborting = map[int64]bool{}
	if w.skipped == nil {
		w.skipped = map[string]int64{}
	}
}

// more reports whether a whole batch may be ahead.
func (w *walker) more() bool { return len(w.rest) > batchFrame }

// step reads the next batch and appends its messages to out. Values alias the fetch or a buffer of the batch's own. At an
// error, which is errDamaged, the walker has not moved.
func (w *walker) step(out []collectors.Message) ([]collectors.Message, error) {
	w.bytes = 0
	raw := w.rest
	length := int(int32(binary.BigEndian.Uint32(raw[batchLengthAt:])))
	base := int64(binary.BigEndian.Uint64(raw))
	if length < 0 || base < 0 {
		return out, fmt.Errorf("%w: a batch of %d bytes at offset %d", errDamaged, length, base)
	}
	if length > len(raw)-batchFrame {
		w.rest = nil // a fetch ends where its size is reached, in the middle of a batch
		return out, nil
	}
	raw = raw[:batchFrame+length]
	if len(raw) > batchMagicAt && raw[batchMagicAt] < 2 {
		return out, fmt.Errorf("%w: the batch at offset %d has the message format of Kafka before 0.11, which is not read", errDamaged, base)
	}
	if len(raw) < batchHeader || raw[batchMagicAt] != 2 {
		return out, fmt.Errorf("%w: no record batch at offset %d", errDamaged, base)
	}
	if sum := crc32.Checksum(raw[batchFlagsAt:], castagnoli); sum != binary.BigEndian.Uint32(raw[batchCRCAt:]) {
		return out, fmt.Errorf("%w: the checksum of the batch at offset %d does not match", errDamaged, base)
	}
	w.rest = w.rest[len(raw):]

	last := base + int64(int32(binary.BigEndian.Uint32(raw[batchLastAt:])))
	count := int64(int32(binary.BigEndian.Uint32(raw[batchCountAt:])))
	if last < w.next {
		return out, nil // the fetch began in a batch before this walker's time
	}
	flags := binary.BigEndian.Uint16(raw[batchFlagsAt:])
	producer := int64(binary.BigEndian.Uint64(raw[producerAt:]))
	for len(w.aborted) > 0 && w.aborted[0].FirstOffset <= last { // control batches included
		w.aborting[w.aborted[0].ProducerID] = true
		w.aborted = w.aborted[1:]
	}
	from := w.next
	w.next = last + 1
	span := w.next - from // offsets passed; what of them has no message is told apart below
	switch {
	case flags&flagControl != 0:
		if aborts(raw) {
			delete(w.aborting, producer)
		}
		w.skipped["control"] += min(span, max(count, 0))
		w.skipped["gap"] += span - min(span, max(count, 0))
		return out, nil
	case flags&flagTransactional != 0 && w.aborting[producer]:
		n := min(span, max(count, 0))
		w.skipped["aborted"] += n
		w.skipped["gap"] += span - n
		return out, nil
	}

	records, err := w.decompressor.expand(flags&flagCodec, raw[batchHeader:])
	had, at, parsed := len(out), from, int64(0)
	if err == nil {
		out, at, parsed, err = w.records(out, raw, records, from)
	}
	var extra int64
	if err != nil { // whole and yet unreadable: so it is for ever, and each record of it is refused
		reason := plumbline.ReasonCorrupt
		if errors.Is(err, errTooLarge) {
			reason = plumbline.ReasonTooLarge
		}
		left := max(0, min(count-parsed, last+1-at))
		for i := range min(left, maxRefused) {
			out = append(out, collectors.Message{Offset: at + i, Reject: reason})
		}
		extra = left - min(left, maxRefused)
		w.skipped[string(reason)] += extra
	}
	w.skipped["gap"] += max(0, span-int64(len(out)-had)-extra)
	return out, nil
}

// records appends the records of one batch at offset from and later. It also returns the offset after the last record it
// could read and how many it could.
func (w *walker) records(out []collectors.Message, raw, records []byte, from int64) (_ []collectors.Message, at, parsed int64, err error) {
	base := int64(binary.BigEndian.Uint64(raw))
	last := base + int64(int32(binary.BigEndian.Uint32(raw[batchLastAt:])))
	count := int64(int32(binary.BigEndian.Uint32(raw[batchCountAt:])))
	first := int64(binary.BigEndian.Uint64(raw[batchTimeAt:]))
	appended := int64(-1)
	if binary.BigEndian.Uint16(raw[batchFlagsAt:])&flagLogAppendTime != 0 {
		appended = int64(binary.BigEndian.Uint64(raw[batchMaxTimeAt:]))
	}
	at = from
	out = slices.Grow(out, int(min(max(count, 0), int64(len(records)/leastRecord)))) // a batch may claim any count
	for ; parsed < count; parsed++ {
		r, ok := readRecord(&records)
		offset := base + r.offsetDelta
		if !ok || offset > last || (offset < at && offset >= from) {
			return out, at, parsed, fmt.Errorf("record %d of %d has no form", parsed, count)
		}
		if offset < from {
			continue
		}
		m := collectors.Message{Offset: offset, Value: r.value}
		if t := first + r.timeDelta; appended >= 0 {
			m.Time = time.UnixMilli(appended).UTC()
		} else if first >= 0 && t >= 0 {
			m.Time = time.UnixMilli(t).UTC()
		}
		if len(m.Value) > w.maxMessage {
			m.Value, m.Reject = nil, plumbline.ReasonTooLarge
		}
		w.bytes += len(m.Value)
		out = append(out, m)
		at = offset + 1
	}
	return out, at, parsed, nil
}

// record is what is read of a record; its key and headers are not.
type record struct {
	timeDelta, offsetDelta int64
	value                  []byte
}

// readRecord takes a record off the front of b.
func readRecord(b *[]byte) (r record, ok bool) {
	length, n := binary.Varint(*b)
	if n <= 0 || length < 1 || length > int64(len(*b)-n) {
		return r, false
	}
	body := (*b)[n : n+int(length)]
	*b = (*b)[n+int(length):]
	body = body[1:] // attributes, unused
	if r.timeDelta, n = binary.Varint(body); n <= 0 {
		return r, false
	}
	body = body[n:]
	if r.offsetDelta, n = binary.Varint(body); n <= 0 || r.offsetDelta < 0 {
		return r, false
	}
	body = body[n:]
	if _, body, ok = readBytes(body); !ok { // the key
		return r, false
	}
	r.value, _, ok = readBytes(body)
	return r, ok
}

// readBytes takes a byte sequence with its length off the front of b; it is nil if the length is -1.
func readBytes(b []byte) (v, rest []byte, ok bool) {
	length, n := binary.Varint(b)
	if n <= 0 || length < -1 || length > int64(len(b)-n) {
		return nil, nil, false
	}
	if b = b[n:]; length < 0 {
		return nil, b, true
	}
	return b[:length:length], b[length:], true
}

// aborts reports whether a control batch holds an abort marker: a record whose key is a version and the type 0.
func aborts(raw []byte) bool {
	records := raw[batchHeader:]
	length, n := binary.Varint(records)
	if n <= 0 || length < 1 || length > int64(len(records)-n) {
		return false
	}
	body := records[n+1:]
	for range 2 { // the deltas of time and offset
		if _, n = binary.Varint(body); n <= 0 {
			return false
		}
		body = body[n:]
	}
	key, _, ok := readBytes(body)
	return ok && len(key) >= 4 && binary.BigEndian.Uint16(key[2:]) == 0
}
