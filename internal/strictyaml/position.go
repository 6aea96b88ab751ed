package strictyaml

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"plumbline"
)

// File is the name the document was parsed under.
func (d *Document) File() string { return d.file }

// At is the position of the value that was decoded into *ptr, the address of a field, of a list item or of a map's value
// behind a pointer. If the key was absent it is the position of the mapping that would have held it; 0, 0 if *ptr is unknown.
func (d *Document) At(ptr any) (line, col int) { return d.position(d.seen[ptr].value) }

// KeyAt is the position of the key in front of the value decoded into *ptr; like At if there is none.
func (d *Document) KeyAt(ptr any) (line, col int) {
	p := d.seen[ptr]
	if p.key == nil {
		return d.position(p.value)
	}
	return d.position(p.key)
}

// MapKeyAt is the position of one key of the map decoded into *ptr; like At(ptr) if the map has no such key.
func (d *Document) MapKeyAt(ptr any, key string) (line, col int) {
	if p, ok := d.keys[mapEntry{ptr, key}]; ok {
		return d.position(p.key)
	}
	return d.At(ptr)
}

// MapAt is the position of the value behind one key of the map decoded into *ptr; like At(ptr) if the map has no such key.
func (d *Document) MapAt(ptr any, key string) (line, col int) {
	if p, ok := d.keys[mapEntry{ptr, key}]; ok {
		return d.position(p.value)
	}
	return d.At(ptr)
}

// Has reports whether *ptr was written in the file, be it with nothing behind its key.
func (d *Document) Has(ptr any) bool {
	p, ok := d.seen[ptr]
	return ok && !p.absent
}

// Broken reports whether what was written for *ptr could not be read, which was reported: a check of the value that stands there
// instead would only say it again.
func (d *Document) Broken(ptr any) bool {
	p, ok := d.seen[ptr]
	return ok && !p.absent && d.broken[p.value]
}

// Misspelt reports whether unknown keys were found in the mapping decoded into *ptr or, if *ptr is absent, in the mapping that
// would have held it: then one of them is probably what is missing.
func (d *Document) Misspelt(ptr any) bool {
	n := d.seen[ptr].value
	return n != nil && d.misspelt[follow(n)]
}

// Within is the position of byte offset of the text that was decoded into *ptr, for errors inside an expression. It is exact
// for texts on one line without escapes and for literal blocks (|), and the beginning of the text otherwise.
func (d *Document) Within(ptr any, offset int) (line, col int) {
	p := d.seen[ptr]
	line, col = d.position(p.value)
	if p.value == nil || p.absent || p.value.Kind != yaml.ScalarNode || offset < 0 {
		return line, col
	}
	return d.within(p.value, line, col, offset)
}

func (d *Document) within(n *yaml.Node, line, col, offset int) (int, int) {
	if n.Style&yaml.LiteralStyle != 0 {
		if offset > len(n.Value) {
			offset = len(n.Value)
		}
		before := n.Value[:offset]
		row := line + 1 + strings.Count(before, "\n")
		content, _, _ := strings.Cut(n.Value[strings.LastIndexByte(before, '\n')+1:], "\n")
		if row > len(d.lines) {
			return line, col
		}
		source := strings.TrimSuffix(d.lines[row-1], "\r")
		if !strings.HasSuffix(source, content) {
			return line, col
		}
		return row, len(source) - len(content) + offset - strings.LastIndexByte(before, '\n')
	}
	if line < 1 || line > len(d.lines) {
		return line, col
	}
	start := col - 1
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		start++
	}
	if source := d.lines[line-1]; start > len(source) || !strings.HasPrefix(source[start:], n.Value) {
		return line, col
	}
	return line, start + min(offset, len(n.Value)) + 1
}

// position turns a node's line and column, which count characters, into a line and a column in bytes.
func (d *Document) position(n *yaml.Node) (line, col int) {
	if n == nil {
		return 0, 0
	}
	line, col = n.Line, n.Column
	if line < 1 || line > len(d.lines) {
		return max(line, 0), max(col, 0)
	}
	bytes, text := 0, d.lines[line-1]
	for i := 1; i < col && bytes < len(text); i++ {
		_, size := utf8.DecodeRuneInString(text[bytes:])
		bytes += size
	}
	return line, bytes + 1
}

// Problem reports something about the value decoded into *ptr, or about its absence.
func (d *Document) Problem(ptr any, sev plumbline.Severity, message, hint string) plumbline.Problem {
	line, col := d.At(ptr)
	return d.ProblemAt(line, col, sev, message, hint)
}

// KeyProblem is Problem with the position of the key.
func (d *Document) KeyProblem(ptr any, sev plumbline.Severity, message, hint string) plumbline.Problem {
	line, col := d.KeyAt(ptr)
	return d.ProblemAt(line, col, sev, message, hint)
}

// ProblemAt reports something at a position; with line 0 the whole file is meant.
func (d *Document) ProblemAt(line, col int, sev plumbline.Severity, message, hint string) plumbline.Problem {
	return plumbline.Problem{File: d.file, Line: line, Column: col, Severity: sev, Message: message, Hint: hint, Excerpt: d.Excerpt(line, col)}
}

// Excerpt is the source line with a caret under a column, or "" if there is no such line. What looks like a secret is not shown.
func (d *Document) Excerpt(line, col int) string {
	if line < 1 || line > len(d.lines) || col < 1 {
		return ""
	}
	return excerpt(d.lines[line-1], line, col)
}

// keyExcerpt is an Excerpt that ends behind the key at this column, which is a misspelled secret's.
func (d *Document) keyExcerpt(line, col int) string {
	if line < 1 || line > len(d.lines) || col < 1 || col > len(d.lines[line-1]) {
		return ""
	}
	text := d.lines[line-1]
	if key, _, ok := strings.Cut(text[col-1:], ":"); ok {
		text = text[:col-1] + key + ": …"
	}
	return excerpt(text, line, col)
}

func excerpt(text string, line, col int) string {
	text = strings.TrimSuffix(text, "\r")
	at := min(col-1, len(text))
	text, at = redact(text, at)
	const before, after = 80, 60
	if at > before {
		cut := at - before
		for cut < at && !utf8.RuneStart(text[cut]) {
			cut++
		}
		text, at = "…"+text[cut:], at-cut+len("…")
	}
	if len(text) > at+after {
		cut := at + after
		for cut > at && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…"
	}
	var pad strings.Builder
	for _, r := range text[:at] {
		if r == '\t' {
			pad.WriteByte('\t')
		} else {
			pad.WriteByte(' ')
		}
	}
	number := fmt.Sprintf("%5d", line)
	return number + " | " + printable(text) + "\n" + strings.Repeat(" ", len(number)) + " | " + pad.String() + "^"
}

// printable keeps control characters of a file away from a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return '·'
		}
		return r
	}, strings.ToValidUTF8(s, "·"))
}

// A secret written where it must not stand shall not be repeated in an error, however its key is misspelled.
var secretValue = regexp.MustCompile(`(?i)[\w-]*(?:pas+w|passphrase|secret|token|api_?url|api_?key|private_?key|credential)\w*["']?\s*:\s*("[^"]*"?|'[^']*'?|[^\s,}#][^,}#]*)|://[^/\s@]*:([^/\s@]*)@`)

// secretName matches the keys of secrets, as they are spelled.
var secretName = regexp.MustCompile(`password|secret|token|api_url|url_file|key_file`)

func redact(text string, at int) (string, int) {
	var out strings.Builder
	last, shift := 0, 0
	for _, m := range secretValue.FindAllStringSubmatchIndex(text, -1) {
		from, to := m[2], m[3]
		if from < 0 {
			from, to = m[4], m[5]
		}
		key, _, _ := strings.Cut(text[m[0]:from], ":")
		if key = strings.Trim(key, `"' `); strings.HasSuffix(key, "_file") || wholeEnv.MatchString(strings.TrimSpace(strings.Trim(text[from:to], `"'`))) {
			continue
		}
		out.WriteString(text[last:from])
		out.WriteString("<redacted>")
		last = to
		switch {
		case to <= at:
			shift += len("<redacted>") - (to - from)
		case from < at:
			shift += from - at
		}
	}
	out.WriteString(text[last:])
	s := out.String()
	return s, min(max(at+shift, 0), len(s))
}

// FromEnv reports whether the value behind one key of the map decoded into *ptr was written as nothing but one ${NAME}.
func (d *Document) FromEnv(ptr any, key string) bool {
	p, ok := d.keys[mapEntry{ptr, key}]
	if !ok || p.value.Kind != yaml.ScalarNode {
		return false
	}
	_, is := IsEnv(p.value.Value)
	return is
}
