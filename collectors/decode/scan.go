package decode

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"plumbline"
)

// space returns the position of the first byte at or after i that is not white space.
func (d *Decoder) space(i int) int {
	for i < len(d.b) {
		switch d.b[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

func (d *Decoder) syntax(i int, detail string) int {
	if i >= len(d.b) {
		return d.fail(plumbline.ReasonSyntax, len(d.b), "the record ends too early")
	}
	return d.fail(plumbline.ReasonSyntax, i, detail)
}

// open enters the object or array whose bracket is at i, and returns the position of its first name or element, or of the
// closing bracket.
func (d *Decoder) open(i int) int {
	if d.depth++; d.depth > d.lim.MaxDepth {
		return d.fail(plumbline.ReasonTooDeep, i, "the record is nested deeper than the limit")
	}
	return d.space(i + 1)
}

// next comes after a member or an element. more is false if the closing bracket came, else i is where the next one starts.
func (d *Decoder) next(i int, closing byte) (_ int, more bool) {
	b := d.b
	if uint(i) < uint(len(b)) && b[i] <= ' ' {
		i = d.space(i)
	}
	if uint(i) < uint(len(b)) {
		switch b[i] {
		case ',':
			if i++; uint(i) < uint(len(b)) && b[i] <= ' ' {
				i = d.space(i)
			}
			return i, true
		case closing:
			d.depth--
			return i + 1, false
		}
	}
	return d.syntax(i, "a comma or a closing bracket is missing"), false
}

// colon comes after a name; it returns the position of the member's value, at which there is a byte.
func (d *Decoder) colon(i int) int {
	if d.keys++; d.keys > d.lim.MaxKeys {
		return d.fail(plumbline.ReasonTooManyKeys, i, "the record has more members than the limit")
	}
	b := d.b
	if uint(i) < uint(len(b)) && b[i] <= ' ' {
		i = d.space(i)
	}
	if uint(i) >= uint(len(b)) || b[i] != ':' {
		return d.syntax(i, "a colon is missing")
	}
	if i++; uint(i) < uint(len(b)) && b[i] <= ' ' {
		i = d.space(i)
	}
	if i >= len(b) {
		return d.syntax(i, "")
	}
	return i
}

// has reports whether the byte at i is c.
func (d *Decoder) has(i int, c byte) bool { return uint(i) < uint(len(d.b)) && d.b[i] == c }

// value scans any value into v: an array of numbers as a vector, everything else that no feature can be as invalid.
func (d *Decoder) value(i int, v *plumbline.Value) int {
	if i >= len(d.b) {
		return d.syntax(i, "")
	}
	switch c := d.b[i]; c {
	case '"':
		s, own, next := d.text(i, d.lim.MaxString)
		if next < 0 {
			return next
		}
		*v = plumbline.Value{Kind: plumbline.String, Str: d.keep(s, own)}
		return next
	case '{':
		*v = plumbline.Value{Kind: plumbline.Invalid}
		return d.object(i)
	case '[':
		return d.vector(i, v)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return d.number(i, v)
	case 't':
		*v = plumbline.Value{Kind: plumbline.Bool, Num: 1}
		return d.word(i, "true", v)
	case 'f':
		*v = plumbline.Value{Kind: plumbline.Bool}
		return d.word(i, "false", v)
	case 'n':
		*v = plumbline.Value{}
		return d.word(i, "null", v)
	default:
		return d.bare(i, v)
	}
}

// word scans a literal of JSON, whose value the caller has put into v; or else a bare word.
func (d *Decoder) word(i int, word string, v *plumbline.Value) int {
	if end := i + len(word); end <= len(d.b) && string(d.b[i:end]) == word {
		return end
	}
	return d.bare(i, v)
}

// bare scans the words for what JSON has no number for: nan, inf and infinity, in any case, perhaps after a minus.
func (d *Decoder) bare(i int, v *plumbline.Value) int {
	end := i
	if d.has(end, '-') {
		end++
	}
	for end < len(d.b) && end-i <= len("-infinity") && 'a' <= d.b[end]|0x20 && d.b[end]|0x20 <= 'z' {
		end++
	}
	s := unsafe.String(unsafe.SliceData(d.b[i:]), end-i)
	switch {
	case plumbline.SpellsInf(s):
		*v = plumbline.Value{Kind: plumbline.Invalid}
	case plumbline.SpellsNaN(s) && len(s) <= len("-nan"):
		*v = plumbline.Value{Kind: plumbline.NaN}
	default:
		return d.syntax(i, "a value is missing or malformed")
	}
	return end
}

// skip checks a value that nobody wants.
func (d *Decoder) skip(i int) int {
	if d.has(i, '"') {
		_, _, next := d.text(i, d.lim.MaxString)
		return next
	}
	var v plumbline.Value
	return d.value(i, &v)
}

// object checks an object that nobody wants.
func (d *Decoder) object(i int) int {
	if i = d.open(i); i < 0 {
		return i
	}
	if d.has(i, '}') {
		d.depth--
		return i + 1
	}
	for more := true; more; {
		if !d.has(i, '"') {
			return d.syntax(i, "a name is missing")
		}
		if _, _, i = d.text(i, maxName); i < 0 {
			return i
		}
		if i = d.colon(i); i < 0 {
			return i
		}
		if i = d.skip(i); i < 0 {
			return i
		}
		if i, more = d.next(i, '}'); i < 0 {
			return i
		}
	}
	return i
}

// text scans the string whose opening quote is at i. s is a part of the message, or of scratch if own is true.
func (d *Decoder) text(i, limit int) (s []byte, own bool, next int) {
	b := d.b
	end := plain(b, i+1)
	if uint(end) >= uint(len(b)) || b[end] != '"' {
		return d.unescape(i, end, limit)
	}
	if s = b[i+1 : end]; len(s) > limit {
		return nil, false, d.tooLong(i)
	}
	return s, false, end + 1
}

func (d *Decoder) tooLong(i int) int {
	return d.fail(plumbline.ReasonStringLength, i, "a name or a string is longer than the limit")
}

// unescape scans a string that is not all plain: up to j it is.
func (d *Decoder) unescape(i, j, limit int) (s []byte, own bool, next int) {
	b := d.b
	d.scratch = d.scratch[:0]
	from := i + 1 // what comes before it is in scratch
	for j < len(b) {
		if len(d.scratch)+j-from > limit {
			return nil, false, d.tooLong(i)
		}
		switch c := b[j]; {
		case c == '"':
			if from == i+1 {
				return b[from:j], false, j + 1
			}
			d.scratch = append(d.scratch, b[from:j]...)
			return d.scratch, true, j + 1
		case c == '\\':
			d.scratch = append(d.scratch, b[from:j]...)
			if j = d.escape(j); j < 0 {
				return nil, false, j
			}
			from = j
		case c < ' ':
			return nil, false, d.syntax(j, "a control character in a string")
		case c < utf8.RuneSelf:
			j++
		default:
			r, n := utf8.DecodeRune(b[j:])
			if r == utf8.RuneError && n == 1 {
				return nil, false, d.fail(plumbline.ReasonUTF8, j, "a string is not UTF-8")
			}
			j += n
		}
	}
	return nil, false, d.syntax(j, "")
}

// escape appends what the escape sequence at i stands for to scratch.
func (d *Decoder) escape(i int) int {
	const bad = "a malformed escape sequence"
	if i+1 >= len(d.b) {
		return d.syntax(i+1, bad)
	}
	c := d.b[i+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		r := d.hex4(i + 2)
		if r < 0 {
			return d.syntax(i, bad)
		}
		i += 6
		if utf16.IsSurrogate(r) {
			// Half a pair stands for nothing: like encoding/json we take it as U+FFFD, which is what DecodeRune returns.
			var low rune = -1
			if d.has(i, '\\') && d.has(i+1, 'u') {
				low = d.hex4(i + 2)
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 6
			}
		}
		d.scratch = utf8.AppendRune(d.scratch, r)
		return i
	default:
		return d.syntax(i, bad)
	}
	d.scratch = append(d.scratch, c)
	return i + 2
}

// hex4 returns the code unit written at i in four hexadecimal digits, or -1.
func (d *Decoder) hex4(i int) rune {
	if i+4 > len(d.b) {
		return -1
	}
	var r rune
	for _, c := range d.b[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// arenaSize is how much of the arena is allocated at a time. Whoever keeps a string of it keeps that much.
const arenaSize = 8 << 10

// keep makes a string of s, which text returned, that stays as it is while the message does.
func (d *Decoder) keep(s []byte, own bool) string {
	if !own {
		return unsafe.String(unsafe.SliceData(s), len(s))
	}
	if cap(d.arena)-len(d.arena) < len(s) {
		d.arena = make([]byte, 0, max(arenaSize, len(s)))
	}
	start := len(d.arena)
	d.arena = append(d.arena, s...)
	return unsafe.String(unsafe.SliceData(d.arena[start:]), len(s))
}

// plain returns the position of the first byte at or after i that is a quote, a backslash, a control character or not
// ASCII, eight bytes at a time. Each of the four tests may also mark bytes after the first that it is true for (a borrow
// runs upwards), but none before it, and the first is all we look at.
func plain(b []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		quote, slash := x^'"'*ones, x^'\\'*ones
		found := (quote-ones)&^quote | (slash-ones)&^slash | (x-' '*ones)&^x | x
		if found &= highs; found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] < utf8.RuneSelf && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}
