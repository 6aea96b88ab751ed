package http

import (
	"bytes"
	"errors"
)

var errArray = errors.New("the body is not one whole JSON array")

// part is one message of a body, with its line, or its place in an array, counted from 1.
type part struct {
	line  int
	value []byte
}

// split cuts a body into messages: the elements of an array, one object, or lines. It looks no deeper than it must: whether a
// message is JSON is for others to say. The parts point into body.
func split(body []byte) ([]part, error) {
	text := bytes.TrimLeft(body, " \t\r\n")
	if len(text) == 0 {
		return nil, nil
	}
	switch text[0] {
	case '[':
		return splitArray(text)
	case '{': // perhaps one object over several lines
		if n := value(text); n > 0 && len(bytes.TrimLeft(text[n:], " \t\r\n")) == 0 {
			return []part{{line: 1 + bytes.Count(body[:len(body)-len(text)], []byte{'\n'}), value: text[:n:n]}}, nil
		}
	}
	return splitLines(body), nil
}

func splitLines(body []byte) []part {
	parts := make([]part, 0, bytes.Count(body, []byte{'\n'})+1)
	for line := 1; len(body) > 0; line++ {
		var text []byte
		if end := bytes.IndexByte(body, '\n'); end >= 0 {
			text, body = body[:end], body[end+1:]
		} else {
			text, body = body, nil
		}
		if text = bytes.TrimRight(text, "\r"); len(text) > 0 {
			parts = append(parts, part{line, text[:len(text):len(text)]})
		}
	}
	return parts
}

// splitArray cuts an array into its elements. An array that is not whole gives none, since what is missing is unknown.
func splitArray(b []byte) ([]part, error) {
	var parts []part
	i := space(b, 1)
	if i < len(b) && b[i] == ']' {
		return nil, rest(b, i+1)
	}
	for {
		n := value(b[i:])
		if n <= 0 {
			return nil, errArray
		}
		parts = append(parts, part{len(parts) + 1, b[i : i+n : i+n]})
		i = space(b, i+n)
		switch {
		case i >= len(b):
			return nil, errArray
		case b[i] == ',':
			i = space(b, i+1)
		case b[i] == ']':
			return parts, rest(b, i+1)
		default:
			return nil, errArray
		}
	}
}

// rest is an error unless nothing but space comes from i on.
func rest(b []byte, i int) error {
	if space(b, i) < len(b) {
		return errArray
	}
	return nil
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
