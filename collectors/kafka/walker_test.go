package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"plumbline"
	"plumbline/collectors"
)

// encode writes a record batch with kafka-go's own encoder, at a base offset.
func encode(t testing.TB, base int64, attributes protocol.Attributes, values ...string) []byte {
	t.Helper()
	var rs []protocol.Record
	for i, v := range values {
		rs = append(rs, protocol.Record{Offset: base + int64(i), Time: time.UnixMilli(1e12 + int64(i)), Value: protocol.NewBytes([]byte(v))})
	}
	var b bytes.Buffer
	if _, err := (&protocol.RecordSet{Version: 2, Attributes: attributes, Records: protocol.NewRecordReader(rs...)}).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	raw := b.Bytes()[4:]
	binary.BigEndian.PutUint64(raw, uint64(base))
	return raw
}

// change edits a batch and makes its checksum right again.
func change(raw []byte, edit func(raw []byte)) []byte {
	raw = bytes.Clone(raw)
	edit(raw)
	binary.BigEndian.PutUint32(raw[batchCRCAt:], crc32.Checksum(raw[batchFlagsAt:], castagnoli))
	return raw
}

func newWalker(t testing.TB, next int64) *walker {
	t.Helper()
	d, err := newDecompressor(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	return &walker{next: next, maxMessage: 1 << 10, decompressor: d}
}

func walk(w *walker, aborted []fetch.ResponseTransaction, batches ...[]byte) (out []collectors.Message, err error) {
	for w.reset(fetched{records: bytes.Join(batches, nil), aborted: aborted}); w.more(); {
		if out, err = w.step(out); err != nil {
			return out, err
		}
	}
	return out, nil
}

func TestWalkHoles(t *testing.T) {
	ab := encode(t, 10, 0, "a", "b")
	// Compaction may drop records from a batch, the last ones too: the header still says where the batch ended.
	shorter := change(encode(t, 20, 0, "c", "d"), func(raw []byte) { binary.BigEndian.PutUint32(raw[batchLastAt:], 4) })
	empty := change(encode(t, 30, 0, "x")[:batchHeader], func(raw []byte) {
		binary.BigEndian.PutUint32(raw[batchLengthAt:], batchHeader-batchFrame)
		binary.BigEndian.PutUint32(raw[batchLastAt:], 9)
		binary.BigEndian.PutUint32(raw[batchCountAt:], 0)
	})
	w := newWalker(t, 8)
	got, err := walk(w, nil, ab, shorter, empty)
	if err != nil || !slices.Equal(texts(got), []string{"a", "b", "c", "d"}) {
		t.Fatalf("%q, %v", texts(got), err)
	}
	if w.next != 40 {
		t.Errorf("reading goes on at %d, want 40, the end of the empty batch", w.next)
	}
	if gap := w.skipped["gap"]; gap != 40-8-4 {
		t.Errorf("%d offsets were a gap, want %d", gap, 40-8-4)
	}
	w = newWalker(t, 11)
	if got, _ := walk(w, nil, ab); !slices.Equal(texts(got), []string{"b"}) || w.skipped["gap"] != 0 {
		t.Errorf("from the middle of a batch: %q, %v", texts(got), w.skipped)
	}
	w = newWalker(t, 11)
	if got, err := walk(w, nil, ab, shorter[:len(shorter)-1]); err != nil || len(got) != 1 || w.next != 12 {
		t.Errorf("a cut batch at the end: %q, %v, goes on at %d", texts(got), err, w.next)
	}
}

func TestWalkDamage(t *testing.T) {
	good, bad := encode(t, 0, 0, "a"), encode(t, 1, 0, "b")
	for name, edit := range map[string]func(raw []byte){
		"a flipped bit":      func(raw []byte) { raw[len(raw)-2] ^= 4 },
		"a negative length":  func(raw []byte) { binary.BigEndian.PutUint32(raw[batchLengthAt:], 1<<31) },
		"a negative offset":  func(raw []byte) { raw[0] = 0xff },
		"an unknown magic":   func(raw []byte) { raw[batchMagicAt] = 9 },
		"an old magic":       func(raw []byte) { raw[batchMagicAt] = 1 },
		"a header too short": func(raw []byte) { binary.BigEndian.PutUint32(raw[batchLengthAt:], 20) },
	} {
		t.Run(name, func(t *testing.T) {
			raw := bytes.Clone(bad)
			edit(raw)
			w := newWalker(t, 0)
			got, err := walk(w, nil, good, raw)
			if !errors.Is(err, errDamaged) {
				t.Errorf("no damage was seen: %v", err)
			}
			if !slices.Equal(texts(got), []string{"a"}) || w.next != 1 {
				t.Errorf("read %q and stands at %d, want a and 1", texts(got), w.next)
			}
		})
	}
}

// What is sound as a batch but no record inside will never be one: each record is refused, none is lost.
func TestWalkUnreadable(t *testing.T) {
	three := encode(t, 5, 0, "aaaa", "bbbb", "cccc")
	second := bytes.Index(three, []byte("bbbb"))
	lz4 := encode(t, 5, protocol.Lz4, "aaaa", "bbbb", "cccc")
	refused := "refused: corrupt"
	for name, c := range map[string]struct {
		raw  []byte
		want []string
	}{
		"a value longer than its record": {change(three, func(raw []byte) { raw[second-1] = 120 }), []string{"aaaa", refused, refused}},
		"a record longer than its batch": {change(three, func(raw []byte) { raw[batchHeader] = 0x7e }), []string{refused, refused, refused}},
		"offsets going back":             {change(three, func(raw []byte) { raw[second-3] = 0 }), []string{"aaaa", refused, refused}},
		"an unknown codec":               {change(three, func(raw []byte) { raw[batchFlagsAt+1] |= 7 }), []string{refused, refused, refused}},
		"a broken frame":                 {change(lz4, func(raw []byte) { raw[batchHeader] ^= 1 }), []string{refused, refused, refused}},
		"more records than there are": {change(three, func(raw []byte) {
			binary.BigEndian.PutUint32(raw[batchCountAt:], math.MaxInt32)
		}), []string{"aaaa", "bbbb", "cccc"}},
		"a negative count": {change(three, func(raw []byte) { binary.BigEndian.PutUint32(raw[batchCountAt:], 1<<31) }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWalker(t, 5)
			got, err := walk(w, nil, c.raw)
			if err != nil || !slices.Equal(texts(got), c.want) || w.next != 8 {
				t.Errorf("%q up to %d, %v; want %q", texts(got), w.next, err, c.want)
			}
			for i, m := range got {
				if m.Offset != 5+int64(i) {
					t.Errorf("message %d has offset %d", i, m.Offset)
				}
			}
		})
	}
}

func TestWalkBoundsRefusals(t *testing.T) {
	const n = maxRefused + 1000
	raw := change(encode(t, 0, 0, "x"), func(raw []byte) {
		raw[batchFlagsAt+1] |= 7 // a codec nobody knows
		binary.BigEndian.PutUint32(raw[batchLastAt:], n-1)
		binary.BigEndian.PutUint32(raw[batchCountAt:], n)
	})
	w := newWalker(t, 0)
	got, err := walk(w, nil, raw)
	if err != nil || len(got) != maxRefused || w.skipped["corrupt"] != 1000 || w.skipped["gap"] != 0 || w.next != n {
		t.Errorf("%d refused, %v skipped, goes on at %d, %v", len(got), w.skipped, w.next, err)
	}
}

func TestWalkLogAppendTime(t *testing.T) {
	raw := change(encode(t, 0, 0, "a", "b"), func(raw []byte) {
		raw[batchFlagsAt+1] |= flagLogAppendTime
		binary.BigEndian.PutUint64(raw[batchMaxTimeAt:], 1.5e12)
	})
	got, _ := walk(newWalker(t, 0), nil, raw)
	for _, m := range got {
		if m.Time.UnixMilli() != 1.5e12 {
			t.Errorf("the broker's time was not taken: %s", m.Time)
		}
	}
	none := change(encode(t, 0, 0, "a"), func(raw []byte) { binary.BigEndian.PutUint64(raw[batchTimeAt:], math.MaxUint64) })
	if got, _ := walk(newWalker(t, 0), nil, none); len(got) != 1 || !got[0].Time.IsZero() {
		t.Errorf("no time became one: %+v", got)
	}
}

func TestWalkTooLarge(t *testing.T) {
	w := newWalker(t, 0)
	got, _ := walk(w, nil, encode(t, 0, protocol.Zstd, "a", string(make([]byte, w.maxMessage+1)), string(make([]byte, w.maxMessage)), "b"))
	if len(got) != 4 || got[1].Reject != plumbline.ReasonTooLarge || got[1].Value != nil || got[2].Reject != "" || len(got[2].Value) != w.maxMessage {
		t.Errorf("%q", texts(got))
	}
}

// A frame's header may claim anything; what is allocated must go by the limit.
func TestDecompressClaims(t *testing.T) {
	d, err := newDecompressor(64 << 10)
	if err != nil {
		t.Fatal(err)
	}
	claim := binary.AppendUvarint(nil, 3<<30)
	if _, err := d.expand(2, append(claim, 0, 'a')); !errors.Is(err, errTooLarge) {
		t.Errorf("snappy that claims 3 GB: %v", err)
	}
	framed := append(bytes.Clone(xerial), 0, 0, 0, 1, 0, 0, 0, 1)
	framed = binary.BigEndian.AppendUint32(framed, math.MaxUint32)
	if _, err := d.expand(2, append(framed, 'a')); err == nil {
		t.Error("a snappy block of 4 GB in a few bytes was believed")
	}
	// A zstd frame header: magic, then a window of 2^41 bytes.
	if _, err := d.expand(4, []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 31 << 3, 0, 0, 0}); err == nil {
		t.Error("a zstd window of 2 TB was believed")
	}
}

func FuzzWalk(f *testing.F) {
	for _, codec := range []protocol.Attributes{0, protocol.Gzip, protocol.Snappy, protocol.Lz4, protocol.Zstd, protocol.Transactional, protocol.Control} {
		f.Add(encode(f, 3, codec, "a", "", "ccc"), int64(4))
	}
	f.Fuzz(func(t *testing.T, raw []byte, next int64) {
		if next < 0 || len(raw) < batchHeader {
			return
		}
		raw = change(raw, func([]byte) {}) // the checksum keeps chance out, not a producer
		w := newWalker(t, next)
		out, _ := walk(w, []fetch.ResponseTransaction{{ProducerID: -1, FirstOffset: 2}}, raw)
		at := next
		for _, m := range out {
			if m.Offset < at || m.Offset >= w.next {
				t.Fatalf("offset %d in [%d, %d)", m.Offset, at, w.next)
			}
			at = m.Offset + 1
		}
		var passed int64
		for _, n := range w.skipped {
			if n < 0 {
				t.Fatalf("skipped %v", w.skipped)
			}
			passed += n
		}
		if passed+int64(len(out)) != w.next-next {
			t.Fatalf("from %d to %d: %d messages and %v skipped", next, w.next, len(out), w.skipped)
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	value := string(bytes.Repeat([]byte(`{"feature":0.123,`), 53)) // 0.9 KB
	for _, codec := range []protocol.Attributes{0, protocol.Lz4, protocol.Zstd} {
		b.Run(fmt.Sprint(codec), func(b *testing.B) {
			raw := encode(b, 0, codec, slices.Repeat([]string{value}, 1000)...)
			w := newWalker(b, 0)
			b.ReportAllocs()
			b.SetBytes(int64(1000 * len(value)))
			for b.Loop() {
				w.next = 0
				if out, err := walk(w, nil, raw); err != nil || len(out) != 1000 {
					b.Fatal(len(out), err)
				}
			}
		})
	}
}
