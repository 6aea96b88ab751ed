package file

import (
	"context"
	"io"
	"sync"
)

// input is standard input, of which a Read that waits can be called off: a pipe may stay open, and silent, for ever.
type input struct {
	from   io.Reader
	begin  sync.Once
	chunks chan []byte // what was read; closed at the end
	end    error
	rest   []byte // of the last chunk
}

func newInput(from io.Reader) *input { return &input{from: from, chunks: make(chan []byte)} }

// read is the Read of a Run. What it did not give, the next Run's does.
func (in *input) read(ctx context.Context, b []byte) (int, error) {
	in.begin.Do(func() { go in.pump() })
	if len(in.rest) == 0 {
		select {
		case chunk, ok := <-in.chunks:
			if !ok {
				return 0, in.end
			}
			in.rest = chunk
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	n := copy(b, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}

// pump ends with the input; until then nothing can end it but the process.
func (in *input) pump() {
	defer close(in.chunks)
	for {
		chunk := make([]byte, 64<<10)
		n, err := in.from.Read(chunk)
		if n > 0 {
			in.chunks <- chunk[:n]
		}
		if err != nil {
			in.end = err
			return
		}
	}
}

// readerFunc is a function as an io.Reader.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
