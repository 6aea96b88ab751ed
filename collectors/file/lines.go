package file

import (
	"bytes"
	"io"

	"plumbline"
	"plumbline/collectors"
)

// lines cuts a stream into messages. Each read fills a buffer of its own, since messages point into it.
type lines struct {
	r      io.Reader
	max    int   // longest line, without its end
	chunk  int   // bytes per read
	eager  bool  // hand over what one Read gives; otherwise fill the chunk
	offset int64 // of the first byte of rest, or of the line being skipped
	rest   []byte
	skip   int64 // bytes of a line that is too long, dropped so far; 0: none
}

// read returns the next messages and the offset after them. At the end of the stream it returns what it has and io.EOF; it may
// be called again when the stream has grown.
func (l *lines) read() (messages []collectors.Message, next int64, err error) {
	buf := make([]byte, len(l.rest)+l.chunk)
	n := copy(buf, l.rest)
	for n < len(buf) && err == nil {
		var m int
		m, err = l.r.Read(buf[n:])
		n += m
		if l.eager {
			break
		}
	}
	return l.cut(buf[:n]), l.offset, err
}

// cut takes the complete lines of data, which begins at l.offset plus what was skipped, and keeps the rest.
func (l *lines) cut(data []byte) []collectors.Message {
	var messages []collectors.Message
	if n := bytes.Count(data, newline); n > 0 {
		messages = make([]collectors.Message, 0, n)
	}
	for {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			break
		}
		line := data[:end]
		size := l.skip + int64(end)
		if m, ok := l.message(line, size); ok {
			messages = append(messages, m)
		}
		l.offset += size + 1
		l.skip = 0
		data = data[end+1:]
	}
	switch {
	case l.skip > 0:
		l.skip += int64(len(data))
		l.rest = nil
	case len(data) > l.max+1: // one more than the longest line, for a carriage return
		l.skip = int64(len(data))
		l.rest = nil
	default:
		l.rest = data
	}
	return messages
}

var newline = []byte{'\n'}

// message is a line without its end, unless it is empty.
func (l *lines) message(line []byte, size int64) (collectors.Message, bool) {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[: n-1 : n-1]
		size--
	}
	if size > int64(l.max) {
		return collectors.Message{Offset: l.offset, Reject: plumbline.ReasonTooLarge}, true
	}
	if len(line) == 0 {
		return collectors.Message{}, false
	}
	return collectors.Message{Offset: l.offset, Value: line[:len(line):len(line)]}, true
}

// last returns the line at the end of the stream that has no newline, if there is one, and the offset after it.
func (l *lines) last() (collectors.Message, int64, bool) {
	size := l.skip + int64(len(l.rest))
	m, ok := l.message(l.rest, size)
	l.offset += size
	l.skip, l.rest = 0, nil
	return m, l.offset, ok
}
