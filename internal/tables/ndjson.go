package tables

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"plumbline"
	"plumbline/collectors/decode"
)

// ndjson reads one JSON object a line: a native record, or a flat object whose members are columns.
type ndjson struct {
	*stream
	path, model string
	row         int64
	decoder     *decode.Decoder
	line        []byte
}

func newNDJSON(s *stream, path, model string) *ndjson {
	return &ndjson{stream: s, path: path, model: model, decoder: decode.New(decode.DefaultLimits())}
}

// noTime is the time of a row that has none.
var noTime time.Time

// decodeTime stands for it where the decoder asks for a time.
var decodeTime = time.Unix(0, 0).UTC()

func (n *ndjson) Next(r *plumbline.Record) error {
	for {
		line, whole, err := n.readLine()
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if n.row++; n.row == 1 {
				line = bytes.TrimPrefix(line, []byte("\ufeff"))
				if bytes.HasPrefix(line, []byte("[")) {
					return fmt.Errorf("%s: the file is a JSON array; write one object a line", n.path)
				}
			}
			if !whole {
				return &RowError{n.path, n.row, fmt.Errorf("longer than %d bytes", mostBytes)}
			}
			return n.parse(r, line) // whose strings alias it
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return io.EOF
			}
			return fmt.Errorf("%s: after row %d: %w", n.path, n.row, err)
		}
	}
}

// mostBytes of a row are read: as many as a record may have, and its form around them.
const mostBytes = 2 << 20

// readLine reads a line; of one that is too long the beginning, and the rest is passed over.
func (n *ndjson) readLine() (line []byte, whole bool, err error) {
	for whole = true; ; {
		var part []byte
		if part, err = n.ReadSlice('\n'); len(line)+len(part) > mostBytes {
			whole = false
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, whole, err
		}
	}
}

func (n *ndjson) parse(r *plumbline.Record, line []byte) error {
	reject := n.decoder.Decode(r, line, decodeTime)
	if reject == nil {
		if r.Time.Equal(decodeTime) {
			r.Time = noTime
		}
		return nil
	}
	switch reject.Reason {
	case plumbline.ReasonNoModel, plumbline.ReasonEmpty, plumbline.ReasonType, plumbline.ReasonTimestamp:
		if err := n.flat(r, line); err == nil {
			return nil
		}
	}
	return &RowError{n.path, n.row, reject}
}

// flat reads an object whose members are columns, by wrapping it as the features of a record and taking the named ones out.
func (n *ndjson) flat(r *plumbline.Record, line []byte) error {
	n.line = append(append(append(n.line[:0], `{"model":"m","features":`...), line...), '}')
	wrapped := bytes.Clone(n.line) // strings alias it
	if reject := n.decoder.Decode(r, wrapped, decodeTime); reject != nil {
		return reject
	}
	columns := append([]plumbline.Field(nil), r.Features...)
	r.Reset()
	r.Model, r.Time = n.model, noTime
	for _, c := range columns {
		if err := assign(r, c.Name, c.Value); err != nil {
			return err
		}
	}
	return nil
}
