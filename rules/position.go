package rules

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// locate finds where byte offset of a text stands in the YAML file it was decoded from, given where its scalar begins (line and
// column from 1, in bytes). It follows plain, quoted and block scalars, folded over lines or not. If the source does not match
// the text, which an alias can cause, it is the scalar's beginning.
func locate(source string, line, column int, text string, offset int) (int, int) {
	start := lineStart(source, line)
	if start < 0 || column < 1 || start+column-1 >= len(source) {
		return line, column
	}
	at := start + column - 1
	for at < len(source) && (source[at] == '&' || source[at] == '!') { // an anchor or a tag
		for at < len(source) && !isBlank(source[at]) {
			at++
		}
		at = skipBlanks(source, at)
	}
	if at >= len(source) {
		return line, column
	}
	style := source[at]
	switch style {
	case '|', '>':
		next := strings.IndexByte(source[at:], '\n')
		if next < 0 {
			return line, column
		}
		at += next + 1
	case '"', '\'':
		at++
	default:
		style = 0
	}
	for i := 0; ; {
		if i < len(text) && !isBlank(text[i]) {
			at = skipBlanks(source, at)
			for style == '"' && strings.HasPrefix(source[at:], "\\\n") {
				at = skipBlanks(source, at+2)
			}
		}
		if i >= offset || i >= len(text) {
			break
		}
		read, width := decodeSource(source[min(at, len(source)):], style)
		switch {
		case width == 0:
			return line, column
		case isBlank(text[i]) && len(read) == 1 && isBlank(read[0]):
			i++
			at += width
		case isBlank(text[i]) && !strings.HasPrefix(text[i:], read):
			i++ // a line break that folding made of an empty line
		case strings.HasPrefix(text[i:], read):
			i += len(read)
			at += width
		default:
			return line, column
		}
	}
	at = min(at, len(source))
	row := 1 + strings.Count(source[:at], "\n")
	return row, at - lineStart(source, row) + 1
}

// decodeSource reads what the next bytes of a scalar's source stand for, and how many they are.
func decodeSource(s string, style byte) (string, int) {
	if s == "" {
		return "", 0
	}
	switch {
	case style == '\'' && s[0] == '\'':
		if len(s) > 1 && s[1] == '\'' {
			return "'", 2
		}
		return "", 0
	case style == '"' && s[0] == '"':
		return "", 0
	case style == '"' && s[0] == '\\' && len(s) > 1:
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]]
		if digits > 0 {
			if len(s) < 2+digits {
				return "", 0
			}
			r, err := strconv.ParseUint(s[2:2+digits], 16, 32)
			if err != nil {
				return "", 0
			}
			return string(rune(r)), 2 + digits
		}
		if plain, ok := escapes[s[1]]; ok {
			return plain, 2
		}
		return "", 0
	}
	_, width := utf8.DecodeRuneInString(s)
	return s[:width], width
}

var escapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r", 'e': "\x1b",
	' ': " ", '"': `"`, '/': "/", '\\': `\`, 'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func skipBlanks(s string, at int) int {
	for at < len(s) && isBlank(s[at]) {
		at++
	}
	return at
}

func lineStart(s string, line int) int {
	at := 0
	for ; line > 1; line-- {
		next := strings.IndexByte(s[at:], '\n')
		if next < 0 {
			return -1
		}
		at += next + 1
	}
	return at
}
