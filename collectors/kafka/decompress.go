package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go/compress"
)

// errTooLarge is a record batch that is larger than allowed once decompressed.
var errTooLarge = errors.New("the batch is too large when decompressed")

// decompressor expands record batches up to a size and not a byte more: neither by what a frame holds nor by what its header
// claims. kafka-go's codecs have no bound; for gzip and lz4, whose readers work in small blocks, one is put around them.
type decompressor struct {
	limit   int
	zstd    *zstd.Decoder
	scratch sync.Pool // *bytes.Buffer
}

func newDecompressor(limit int) (*decompressor, error) {
	// For DecodeAll the memory limit bounds the output and the window; the least it takes is 1 KiB.
	z, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(uint64(max(limit, 1<<10))), zstd.WithDecoderConcurrency(0))
	if err != nil {
		return nil, fmt.Errorf("prepare zstd: %w", err)
	}
	return &decompressor{limit: limit, zstd: z, scratch: sync.Pool{New: func() any { return new(bytes.Buffer) }}}, nil
}

// expand returns a batch's records, in a buffer of their own unless they are not compressed.
func (d *decompressor) expand(codec uint16, data []byte) ([]byte, error) {
	if codec == 0 {
		return data, nil
	}
	buf := d.scratch.Get().(*bytes.Buffer)
	defer d.scratch.Put(buf)
	buf.Reset()
	var err error
	switch compress.Compression(codec) {
	case compress.Gzip:
		err = d.stream(buf, &compress.GzipCodec, data)
	case compress.Lz4:
		err = d.stream(buf, &compress.Lz4Codec, data)
	case compress.Snappy:
		err = d.snappy(buf, data)
	case compress.Zstd:
		var out []byte
		if out, err = d.zstd.DecodeAll(data, buf.AvailableBuffer()); err == nil {
			if len(out) > d.limit {
				return nil, errTooLarge
			}
			buf.Write(out) // in place if it fit
		} else if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
			err = errTooLarge
		}
	default:
		err = errors.New("an unknown compression")
	}
	if err != nil {
		return nil, err
	}
	return bytes.Clone(buf.Bytes()), nil
}

func (d *decompressor) stream(buf *bytes.Buffer, c compress.Codec, data []byte) error {
	r := c.NewReader(bytes.NewReader(data))
	defer r.Close()
	if _, err := buf.ReadFrom(io.LimitReader(r, int64(d.limit)+1)); err != nil {
		return fmt.Errorf("decompress %s: %w", c.Name(), err)
	}
	if buf.Len() > d.limit {
		return errTooLarge
	}
	return nil
}

// xerial begins the framing that Java's producers put around snappy; others write one bare block.
var xerial = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

const xerialHeader = 16

// snappy reads the sizes that blocks claim before it believes them.
func (d *decompressor) snappy(buf *bytes.Buffer, data []byte) error {
	block := func(b []byte) error {
		n, err := snappy.DecodedLen(b)
		if err != nil {
			return fmt.Errorf("decompress snappy: %w", err)
		}
		if n > d.limit-buf.Len() {
			return errTooLarge
		}
		buf.Grow(n)
		out, err := snappy.Decode(buf.AvailableBuffer()[:n], b)
		if err != nil {
			return fmt.Errorf("decompress snappy: %w", err)
		}
		buf.Write(out)
		return nil
	}
	if !bytes.HasPrefix(data, xerial) {
		return block(data)
	}
	if len(data) < xerialHeader {
		return errors.New("decompress snappy: its header is cut")
	}
	for data = data[xerialHeader:]; len(data) > 0; {
		if len(data) < 4 {
			return errors.New("decompress snappy: a block is cut")
		}
		n := int64(binary.BigEndian.Uint32(data))
		if data = data[4:]; n > int64(len(data)) {
			return errors.New("decompress snappy: a block is cut")
		}
		if err := block(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}
