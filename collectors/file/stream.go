package file

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
)

// errOther says that the file is not the one a position belongs to.
type errOther struct{ why string }

func (e *errOther) Error() string { return e.why }

// stream is one open file as text.
type stream struct {
	f        *os.File // nil: standard input
	raw      io.Reader
	text     *bufio.Reader // of compressed files, uncompressed; nil: raw is text
	info     os.FileInfo
	consumed atomic.Int64 // bytes of the file itself
	broken   error        // what is wrong with the compression, once it is
	told     bool         // that it is broken
}

// openFile opens a file. Whether it is compressed is told by its first bytes.
func openFile(path string) (*stream, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &stream{f: f, raw: f}
	if s.info, err = f.Stat(); err == nil && !s.info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	head := make([]byte, 2)
	n, _ := f.ReadAt(head, 0)
	s.unzip(head[:n])
	return s, nil
}

// openInput is a stream that comes from outside, such as standard input.
func openInput(r io.Reader) *stream {
	peek := bufio.NewReaderSize(r, 64<<10)
	head, _ := peek.Peek(2)
	s := &stream{raw: peek}
	s.unzip(head)
	return s
}

func (s *stream) unzip(head []byte) {
	if bytes.Equal(head, []byte{0x1f, 0x8b}) {
		s.text = bufio.NewReaderSize(&uncompressed{s: s}, 64<<10)
	}
}

// Read reads text.
func (s *stream) Read(b []byte) (int, error) {
	if s.text != nil {
		return s.text.Read(b)
	}
	n, err := s.raw.Read(b)
	s.consumed.Add(int64(n))
	return n, err
}

// uncompressed reads gzip, concatenated members as one, and remembers what broke.
type uncompressed struct {
	s *stream
	z *gzip.Reader
}

func (u *uncompressed) Read(b []byte) (n int, err error) {
	if u.s.broken != nil {
		return 0, u.s.broken
	}
	if u.z == nil {
		u.z, err = gzip.NewReader(bufio.NewReaderSize(counted{u.s}, 256<<10))
	}
	if err == nil {
		n, err = u.z.Read(b)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		u.s.broken = err
	}
	return n, err
}

type counted struct{ s *stream }

func (c counted) Read(b []byte) (int, error) {
	n, err := c.s.raw.Read(b)
	c.s.consumed.Add(int64(n))
	return n, err
}

// seek goes to a byte of the text at which a line begins. An *errOther says that there is no such place.
func (s *stream) seek(at int64) error {
	if at == 0 {
		return nil
	}
	size, around := int64(0), make([]byte, 0, 2)
	if s.text != nil {
		n, err := io.CopyN(io.Discard, s.text, at-1)
		if err != nil && s.broken == nil && !errors.Is(err, io.EOF) {
			return err
		}
		b, _ := s.text.Peek(2)
		around = append(around, b...)
		skipped, _ := s.text.Discard(min(len(b), 1))
		size = n + int64(skipped)
		switch {
		case s.broken != nil && n == at-1 && len(b) == 0: // the reading before came to this very place and told
			s.told = true
			return nil
		case s.broken != nil && len(b) == 0:
			return fmt.Errorf("gzip is broken before byte %d of the text, where reading stood: %w", at, s.broken)
		}
	} else {
		size = s.info.Size()
		if at <= size {
			n, err := s.f.ReadAt(around[:2], at-1)
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			around = around[:n]
			if _, err := s.f.Seek(at, io.SeekStart); err != nil {
				return err
			}
			s.consumed.Store(at)
		}
	}
	switch {
	case size < at:
		return &errOther{fmt.Sprintf("its text has %d bytes, and reading stood at %d: it was cut short or replaced", size, at)}
	case len(around) == 2 && around[0] != '\n' && around[1] != '\n':
		return &errOther{fmt.Sprintf("reading stood at byte %d of its text, which is inside a line: it was changed or replaced", at)}
	}
	return nil
}

// size is how many bytes the file has now, compressed or not; -1 if nobody knows.
func (s *stream) size() int64 {
	if s.f == nil {
		return -1
	}
	info, err := s.f.Stat()
	if err != nil {
		return -1
	}
	s.info = info
	return info.Size()
}

func (s *stream) close() {
	if s.f != nil {
		s.f.Close()
	}
}
