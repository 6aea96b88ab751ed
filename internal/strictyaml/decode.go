package strictyaml

import (
	"encoding"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"plumbline"
)

// Options of Decode.
type Options struct {
	// Env looks environment variables up for ${NAME} in values; nil leaves values as they are.
	Env func(name string) (string, bool)
}

// Unmarshaler is a type that decodes itself, such as a union of a string and a list. It may call d.Decode on n or parts of n
// (with another type than its own) and reports mistakes with d.Problem.
type Unmarshaler interface {
	UnmarshalStrict(n *yaml.Node, d *Decoder)
}

// Defaulter is a struct with defaults of its own. SetDefaults is called on each one that Decode makes, as a list item, as a
// map's value or behind a pointer, before anything is decoded into it; what the caller made is left as it is.
type Defaulter interface{ SetDefaults() }

func made(v reflect.Value) {
	if v.CanAddr() && v.Addr().CanInterface() {
		if d, ok := v.Addr().Interface().(Defaulter); ok {
			d.SetDefaults()
		}
	}
}

// Decoder is what an Unmarshaler works with.
type Decoder struct {
	doc      *Document
	env      func(string) (string, bool)
	problems plumbline.Problems
	key      string
}

// Decode fills *into, a struct, and returns every mistake, in order of position. What was right is decoded whatever else is wrong.
// Fields whose key is absent keep their value, so defaults are set before.
func (d *Document) Decode(into any, o Options) plumbline.Problems {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		panic("strictyaml: Decode needs a pointer to a struct")
	}
	dec := &Decoder{doc: d, env: o.Env}
	dec.value(nil, d.root, v.Elem())
	dec.problems.Sort()
	return dec.problems
}

// Decode decodes n into *into, a pointer to any supported type.
func (d *Decoder) Decode(n *yaml.Node, into any) { d.value(nil, n, reflect.ValueOf(into).Elem()) }

// Problem reports an error at n.
func (d *Decoder) Problem(n *yaml.Node, message, hint string) {
	d.doc.broken[n] = true
	line, col := d.doc.position(n)
	d.problems = append(d.problems, d.doc.ProblemAt(line, col, plumbline.SeverityError, message, hint))
}

// ProblemUnseen is Problem without the source line, for what must not be repeated.
func (d *Decoder) ProblemUnseen(n *yaml.Node, message, hint string) {
	d.Problem(n, message, hint)
	d.problems[len(d.problems)-1].Excerpt = ""
}

// Key is the key under which the value being decoded stands.
func (d *Decoder) Key() string { return d.key }

// Path makes a path that stands in the file absolute or relative to the working directory: relative ones mean beside the file.
func (d *Decoder) Path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(d.doc.file), p)
}

// Scalar returns the text of a scalar with the environment expanded; otherwise it reports that what was expected, and false.
func (d *Decoder) Scalar(n *yaml.Node, what string) (string, bool) {
	return d.text(n, what, "write one value behind the colon")
}

func (d *Decoder) text(n *yaml.Node, what, hint string) (string, bool) {
	n = follow(n)
	if n.Kind != yaml.ScalarNode {
		d.Problem(n, "expected "+what+", found "+found(n), hint)
		return "", false
	}
	text, wrong := expand(n.Value, d.env)
	for _, w := range wrong {
		d.Problem(n, w, "set it before starting plumbline; a literal ${ is written $${")
	}
	return text, len(wrong) == 0
}

var (
	nodeType     = reflect.TypeFor[yaml.Node]()
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
)

func (d *Decoder) value(key, n *yaml.Node, v reflect.Value) {
	if v.CanAddr() && v.Addr().CanInterface() {
		d.doc.seen[v.Addr().Interface()] = place{key: key, value: n}
	}
	n = follow(n)
	if isNull(n) {
		d.absent(key, n, v, false)
		return
	}
	if key != nil {
		d.key = key.Value
	}
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(*n))
		return
	}
	if v.CanAddr() && v.Kind() != reflect.Pointer {
		switch u := v.Addr().Interface().(type) {
		case Unmarshaler:
			u.UnmarshalStrict(n, d)
			return
		case encoding.TextUnmarshaler:
			if v.Type() == timeType {
				break
			}
			if text, ok := d.Scalar(n, "a text"); ok {
				if err := u.UnmarshalText([]byte(text)); err != nil {
					d.Problem(n, err.Error(), "")
				}
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
			made(v.Elem())
		}
		d.value(key, n, v.Elem())
	case reflect.Struct:
		if v.Type() == timeType {
			d.scalar(n, v)
		} else {
			d.structure(n, v)
		}
	case reflect.Slice:
		d.slice(n, v)
	case reflect.Map:
		d.mapping(n, v)
	case reflect.Interface:
		d.any(n, v)
	default:
		d.scalar(n, v)
	}
}

// absent gives what was not written the position of the mapping that would have held it.
func (d *Decoder) absent(key, n *yaml.Node, v reflect.Value, missing bool) {
	if !v.CanAddr() || !v.Addr().CanInterface() {
		return
	}
	d.doc.seen[v.Addr().Interface()] = place{key: key, value: n, absent: missing}
	if v.Kind() == reflect.Struct && v.Type() != timeType && v.Type() != nodeType {
		for _, f := range fieldsOf(v.Type()) {
			d.absent(nil, n, v.FieldByIndex(f.index), true)
		}
	}
}

type field struct {
	names []string // the first is the usual one
	index []int
}

// fieldsOf lists the decodable fields of a struct, with inlined structs dissolved.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("yaml")
		if !ok || tag == "-" || !f.IsExported() {
			continue
		}
		parts := strings.Split(tag, ",")
		names, inline := parts[:1:1], false
		for _, option := range parts[1:] {
			if option == "inline" {
				inline = true
			} else if alt, ok := strings.CutPrefix(option, "alt="); ok {
				names = append(names, alt)
			}
		}
		if inline {
			for _, inner := range fieldsOf(f.Type) {
				fields = append(fields, field{inner.names, append([]int{i}, inner.index...)})
			}
			continue
		}
		fields = append(fields, field{names, []int{i}})
	}
	return fields
}

func (d *Decoder) structure(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.Problem(n, "expected a mapping, found "+found(n), "write key: value pairs, each on its own line and indented")
		return
	}
	fields := fieldsOf(v.Type())
	byName := map[string]int{}
	var known []string
	for i, f := range fields {
		for _, name := range f.names {
			byName[name] = i
			known = append(known, name)
		}
		d.absent(nil, n, v.FieldByIndex(f.index), true)
	}
	used := map[int]string{}
	for _, p := range d.pairs(n) {
		i, ok := byName[p.key.Value]
		if !ok {
			d.doc.misspelt[n] = true
			d.Problem(p.key, fmt.Sprintf("unknown key %q", clip(p.key.Value)), Suggest(p.key.Value, known))
			if secretName.MatchString(Nearest(p.key.Value, known)) {
				line, col := d.doc.position(p.key)
				d.problems[len(d.problems)-1].Excerpt = d.doc.keyExcerpt(line, col)
			}
			continue
		}
		if other, twice := used[i]; twice {
			d.Problem(p.key, fmt.Sprintf("%s and %s exclude each other", other, p.key.Value), "remove one of them")
			continue
		}
		used[i] = p.key.Value
		d.value(p.key, p.value, v.FieldByIndex(fields[i].index))
	}
}

type pair struct{ key, value *yaml.Node }

// pairs lists a mapping's entries, merged ones (<<) last, and reports duplicate keys and keys that are no scalars.
func (d *Decoder) pairs(n *yaml.Node) []pair {
	var own []pair
	lines := map[string]int{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := follow(n.Content[i]), n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.Problem(n.Content[i], "a key must be a text, found "+found(key), "put it in quotes if it begins with [ or {")
			continue
		}
		if key.Tag == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if line, twice := lines[key.Value]; twice {
			d.Problem(n.Content[i], fmt.Sprintf("key %q is already on line %d", clip(key.Value), line), "keep one of the two")
			continue
		}
		lines[key.Value] = key.Line
		own = append(own, pair{key, value})
	}
	for _, m := range merged {
		from := []*yaml.Node{m}
		if follow(m).Kind == yaml.SequenceNode {
			from = follow(m).Content
		}
		for _, f := range from {
			if follow(f).Kind != yaml.MappingNode {
				d.Problem(m, "<< merges mappings, found "+found(follow(f)), "")
				continue
			}
			for _, p := range d.pairs(follow(f)) {
				if _, twice := lines[p.key.Value]; !twice {
					lines[p.key.Value] = p.key.Line
					own = append(own, p)
				}
			}
		}
	}
	return own
}

func (d *Decoder) slice(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		hint := ""
		if n.Kind == yaml.ScalarNode {
			hint = "write [" + clip(n.Value) + "], or one item a line with '- ' in front"
		} else if len(n.Content) > 0 {
			hint = "put '- ' in front of each item"
		}
		d.Problem(n, "expected a list, found "+found(n), hint)
		return
	}
	// All items at once: their addresses are the keys of At.
	s := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		if isNull(follow(item)) {
			d.Problem(item, "an empty list item", "remove the '-', or write what it should hold")
		}
		made(s.Index(i))
		d.value(nil, item, s.Index(i))
	}
	v.Set(s)
}

func (d *Decoder) mapping(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.Problem(n, "expected a mapping, found "+found(n), "write key: value pairs, each on its own line and indented")
		return
	}
	if v.Type().Key().Kind() != reflect.String {
		panic("strictyaml: only maps with text keys are supported, not " + v.Type().String())
	}
	m := reflect.MakeMap(v.Type())
	for _, p := range d.pairs(n) {
		element := reflect.New(v.Type().Elem()).Elem()
		made(element)
		d.value(p.key, p.value, element)
		if !d.doc.broken[p.value] { // a check would only find fault with the zero that stands for it
			m.SetMapIndex(reflect.ValueOf(p.key.Value).Convert(v.Type().Key()), element)
		}
		if v.CanAddr() && v.Addr().CanInterface() {
			d.doc.keys[mapEntry{v.Addr().Interface(), p.key.Value}] = place{key: p.key, value: p.value}
		}
	}
	v.Set(m)
}

// any decodes free-form YAML, such as a request body a user writes.
func (d *Decoder) any(n *yaml.Node, v reflect.Value) {
	switch n.Kind {
	case yaml.MappingNode:
		var m map[string]any
		d.mapping(n, reflect.ValueOf(&m).Elem())
		v.Set(reflect.ValueOf(m))
	case yaml.SequenceNode:
		var s []any
		d.slice(n, reflect.ValueOf(&s).Elem())
		v.Set(reflect.ValueOf(s))
	default:
		text, ok := d.Scalar(n, "a value")
		if !ok {
			return
		}
		copied := *n
		copied.Value = text
		var x any
		if err := copied.Decode(&x); err != nil || x == nil {
			x = text
		}
		v.Set(reflect.ValueOf(x))
	}
}
