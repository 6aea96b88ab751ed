package http

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// A frame holds one message in the spool: the payload's length (4 bytes), the CRC-32C of all that follows (4), the arrival
// in Unix nanoseconds (8), the payload. All numbers are little-endian.
const (
	frameHeader = 16
	maxPayload  = 64 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendFrame(b, payload []byte, arrival time.Time) []byte {
	begin := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(arrival.UnixNano()))
	b = append(b, payload...)
	binary.LittleEndian.PutUint32(b[begin+4:], crc32.Checksum(b[begin+8:], castagnoli))
	return b
}

// frameState is what stands at a place of the spool.
type frameState int

const (
	frameGood  frameState = iota
	frameShort            // more bytes are needed; size says how many, or 0 if not even the header is whole
	frameBad              // the length can't be or the checksum is wrong; size is what the length says, 0 if it can't be
)

// parseFrame reads the frame at the beginning of b. The payload points into b.
func parseFrame(b []byte) (payload []byte, arrival time.Time, size int, state frameState) {
	if len(b) < frameHeader {
		return nil, time.Time{}, 0, frameShort
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if n == 0 || n > maxPayload {
		return nil, time.Time{}, 0, frameBad
	}
	size = frameHeader + int(n)
	if len(b) < size {
		return nil, time.Time{}, size, frameShort
	}
	if crc32.Checksum(b[8:size], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, time.Time{}, size, frameBad
	}
	return b[frameHeader:size:size], time.Unix(0, int64(binary.LittleEndian.Uint64(b[8:]))).UTC(), size, frameGood
}
