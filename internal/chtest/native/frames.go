//go:build linux && amd64

package native

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// frames reads compressed frames: 16 bytes of checksum, one of method, two sizes of four bytes, data. ch-go's reader does
// the same but refuses frames over 128 MiB, and clickhouse-go sends a whole column as one. Checksums are not verified: both
// ends are on one machine. A clean end is io.EOF.
type frames struct {
	src    io.Reader
	rest   []byte // of the frame being read
	packed []byte
	plain  []byte
}

const (
	methodNone = 0x02
	methodLZ4  = 0x82
	methodZSTD = 0x90

	frameHeader = 9       // method and sizes: the packed size counts them
	maxFrame    = 1 << 30 // bytes
)

var zstdDecoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1)) // fails on bad options only

func (f *frames) Read(p []byte) (int, error) {
	for len(f.rest) == 0 {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *frames) next() error {
	var h [16 + frameHeader]byte
	if _, err := io.ReadFull(f.src, h[:]); err != nil {
		return err
	}
	packed, plain := int(binary.LittleEndian.Uint32(h[17:]))-frameHeader, int(binary.LittleEndian.Uint32(h[21:]))
	if packed < 0 || packed > maxFrame || plain > maxFrame {
		return fmt.Errorf("compressed frame of %d bytes for %d", packed, plain)
	}
	f.packed, f.plain = resize(f.packed, packed), resize(f.plain, plain)
	if _, err := io.ReadFull(f.src, f.packed); err != nil {
		return io.ErrUnexpectedEOF
	}
	switch method := h[16]; method {
	case methodNone:
		f.rest = f.packed
	case methodLZ4:
		n, err := lz4.UncompressBlock(f.packed, f.plain)
		if err != nil {
			return err
		}
		f.rest = f.plain[:n]
	case methodZSTD:
		b, err := zstdDecoder.DecodeAll(f.packed, f.plain[:0])
		if err != nil {
			return err
		}
		f.rest = b
	default:
		return fmt.Errorf("unknown compression method %#x", method)
	}
	return nil
}

func resize(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
