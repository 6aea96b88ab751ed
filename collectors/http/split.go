package http

import (
	"bytes"
	"errors"
	"iter"
)

var errArray = errors.New("the body is not one whole JSON array")

// part is one message of a body, with its line, or its place in an array, counted from 1.
type part struct {
	line  int
	value []byte
}

// split cuts a body into messages: the elements of an array, one object, or lines. It looks no deeper than it must: whether a
// message is JSON is for others to say. The parts point into body; they are found one by one, since a list of them could be
// many times as large as a body of empty lines.
func split(body []byte) (iter.Seq[part], error) {
	text := bytes.TrimLeft(body, " \t\r\n")
	if len(text) == 0 {
		return func(func(part) bool) {}, nil
	}
	if text[0] == '[' {
		// An array that is not whole gives nothing, since what is missing is unknown.
		if !array(text, func(part) bool { return true }) {
			return nil, errArray
		}
		return func(yield func(part) bool) { array(text, yield) }, nil
	}
	if text[0] == '{' { // perhaps one object over several lines
		if n := value(text); n > 0 && len(bytes.TrimLeft(text[n:], " \t\r\n")) == 0 {
			line := 1 + bytes.Count(body[:len(body)-len(text)], []byte{'\n'})
			return func(yield func(part) bool) { yield(part{line, text[:n:n]}) }, nil
		}
	}
	return func(yield func(part) bool) { lines(body, yield) }, nil
}

func lines(body []byte, yield func(part) bool) {
	for line := 1; len(body) > 0; line++ {
		var text []byte
		if end := bytes.IndexByte(body, '\n'); end >= 0 {
			text, body = body[:end], body[end+1:]
		} else {
			text, body = body, nil
		}
		if text = bytes.TrimRight(text, "\r"); len(text) > 0 && !yield(part{line, text[:len(text):len(text)]}) {
			return
		}
	}
}

// array yields the elements of an array and reports whether it is whole, and nothing comes after it.
func array(b []byte, yield func(part) bool) bool {
	i := space(b, 1)
	if i < len(b) && b[i] == ']' {
		return space(b, i+1) == len(b)
	}
	for place := 1; ; place++ {
		n := value(b[i:])
		if n <= 0 || !yield(part{place, b[i : i+n : i+n]}) {
			return false
		}
		i = space(b, i+n)
		switch {
		case i >= len(b):
			return false
		case b[i] == ',':
			i = space(b, i+1)
		case b[i] == ']':
			return space(b, i+1) == len(b)
		default:
			return false
		}
	}
}

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

// value returns the length of the JSON value at the beginning of b, 0 if there is none or it does not end. Brackets are counted
// and strings are skipped; nothing is built.
func value(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			if i = stringEnd(b, i); i == 0 {
				return 0
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i // what was before it, if anything
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n', ':':
			if depth == 0 {
				return i
			}
		}
	}
	if depth > 0 {
		return 0
	}
	return len(b)
}

// stringEnd returns where the string that begins at i has its closing quote, 0 if nowhere.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		j := bytes.IndexAny(b[i:min(len(b), i+64)], `"\`)
		switch {
		case j < 0:
			i += min(len(b)-i, 64) - 1
		case b[i+j] == '"':
			return i + j
		default:
			i += j + 1 // the escaped character
		}
	}
	return 0
}
