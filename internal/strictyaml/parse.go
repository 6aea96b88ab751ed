package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"plumbline"
)

// What a file that a person wrote stays under by far.
const (
	maxDepth = 64     // nested mappings and sequences
	maxNodes = 500000 // nodes after aliases are followed
)

// Document is one parsed file, and after Decode the positions of everything that was decoded from it.
type Document struct {
	file     string
	lines    []string
	root     *yaml.Node
	seen     map[any]place       // by the address of what was decoded
	misspelt map[*yaml.Node]bool // mappings with unknown keys
	broken   map[*yaml.Node]bool // what could not be read
	keys     map[mapEntry]place  // by the address of a map and a key in it
}

type mapEntry struct {
	ptr any
	key string
}

// place remembers where something was decoded from.
type place struct {
	key    *yaml.Node // nil for list items and the root
	value  *yaml.Node
	absent bool // value is the parent's
}

// Parse reads one YAML document whose root is a mapping. An empty file is an empty mapping. The Document is never nil; after
// an error it is empty.
func Parse(file string, data []byte) (doc *Document, problems plumbline.Problems) {
	doc = &Document{
		file: file, lines: strings.Split(string(data), "\n"), root: emptyRoot(),
		seen: map[any]place{}, misspelt: map[*yaml.Node]bool{}, broken: map[*yaml.Node]bool{}, keys: map[mapEntry]place{},
	}
	defer func() {
		if r := recover(); r != nil { // the parser is not ours, and nothing may panic on data
			doc.root = emptyRoot()
			problems = plumbline.Problems{doc.ProblemAt(1, 1, plumbline.SeverityError, "not readable as YAML", "")}
		}
	}()
	fail := func(n *yaml.Node, message, hint string) plumbline.Problems {
		line, col := doc.position(n)
		return plumbline.Problems{doc.ProblemAt(line, col, plumbline.SeverityError, message, hint)}
	}

	dec := yaml.NewDecoder(bytes.NewReader(data))
	var first yaml.Node
	switch err := dec.Decode(&first); {
	case errors.Is(err, io.EOF):
		return doc, nil
	case err != nil:
		return doc, plumbline.Problems{doc.syntax(err)}
	}
	var second yaml.Node
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return doc, plumbline.Problems{doc.syntax(err)}
	default:
		begin := &second
		if len(second.Content) > 0 {
			begin = second.Content[0]
		}
		return doc, fail(begin, "a second document begins here", "one file holds one document: remove the '---' line, or use two files")
	}
	if len(first.Content) == 0 || isNull(first.Content[0]) {
		return doc, nil
	}
	root := first.Content[0]
	nodes := 0
	if bad, why := check(root, 0, &nodes); bad != nil {
		return doc, fail(bad, why, "")
	}
	if root = follow(root); root.Kind != yaml.MappingNode {
		return doc, fail(root, "expected a mapping, found "+found(root), "write key: value pairs, each on its own line")
	}
	doc.root = root
	return doc, nil
}

func emptyRoot() *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1, Column: 1}
}

// check bounds depth and size with aliases followed, so that nothing after it needs to.
func check(n *yaml.Node, depth int, nodes *int) (*yaml.Node, string) {
	if *nodes++; *nodes > maxNodes {
		return n, "aliases expand to too many nodes"
	}
	if depth > maxDepth {
		return n, fmt.Sprintf("nested deeper than %d levels, or an alias that contains itself", maxDepth)
	}
	if n.Kind == yaml.AliasNode {
		if bad, why := check(n.Alias, depth+1, nodes); bad != nil {
			return n, why
		}
		return nil, ""
	}
	for _, c := range n.Content {
		if bad, why := check(c, depth+1, nodes); bad != nil {
			return bad, why
		}
	}
	return nil, ""
}

// follow resolves an alias to what it stands for.
func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

var (
	yamlLine = regexp.MustCompile(`^line (\d+): `)
	// The parser counts these from 0 where its scanner counts from 1.
	yamlEarly  = regexp.MustCompile(`^(did not find expected (node content|',' or|key|'-' indicator|<document start>)|found (duplicate %|incompatible|undefined tag))`)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '([^']*)' referenced`)
)

// syntax turns the parser's error into a problem: its position is in its text.
func (d *Document) syntax(err error) plumbline.Problem {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line, col := 1, 0
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
		if yamlEarly.MatchString(message) {
			line++
		}
	} else if m := yamlAnchor.FindStringSubmatch(message); m != nil {
		for i, l := range d.lines {
			if c := strings.Index(l, "*"+m[1]); c >= 0 {
				line, col = i+1, c+1
				break
			}
		}
	}
	line = min(max(line, 1), len(d.lines))
	text := d.lines[line-1]
	blank := len(text) - len(strings.TrimLeft(text, " \t"))
	hint := ""
	switch {
	case strings.Contains(text[:blank], "\t"):
		hint = "YAML is indented with spaces, never with tabs"
	case strings.Contains(message, "mapping values are not allowed"):
		hint = "put the text in quotes if it contains ': '"
	case strings.Contains(text, "${") && strings.Contains(message, "did not find expected ','"):
		hint = "inside { } and [ ], put \"${NAME}\" in quotes"
	case strings.Contains(message, "did not find expected"):
		hint = "look at the indentation, brackets and quotes of this line and the one before"
	}
	if col == 0 {
		col = blank + 1
	}
	return d.ProblemAt(line, col, plumbline.SeverityError, "not readable as YAML: "+message, hint)
}
