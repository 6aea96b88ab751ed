package strictyaml

import (
	"encoding"
	"fmt"
	"reflect"
	"sort"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Encode writes a struct that was decoded from d as YAML: what is in effect, defaults included. A value that was written with
// ${NAME} is written so again. Nil pointers, nil maps and empty lists of structs are left out.
func (d *Document) Encode(v any) ([]byte, error) {
	n, err := d.node(reflect.ValueOf(v))
	if err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	return yaml.Marshal(n)
}

// node returns nil for what is left out.
func (d *Document) node(v reflect.Value) (*yaml.Node, error) {
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil, nil
		}
		return d.node(v.Elem())
	}
	if v.CanAddr() && v.Addr().CanInterface() {
		if raw := d.seen[v.Addr().Interface()]; !raw.absent && mentionsEnv(raw.value) {
			return text(follow(raw.value).Value), nil
		}
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return text(FormatDuration(x)), nil
	case time.Time:
		if x.IsZero() {
			return nil, nil
		}
		return text(x.Format(time.RFC3339Nano)), nil
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		if len(b) == 0 {
			return nil, err
		}
		return text(string(b)), err
	case yaml.Marshaler:
		y, err := x.MarshalYAML()
		if err != nil {
			return nil, err
		}
		return plain(y)
	}
	switch v.Kind() {
	case reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, f := range fieldsOf(v.Type()) {
			value, err := d.node(v.FieldByIndex(f.index))
			if err != nil {
				return nil, err
			}
			if value != nil {
				name := f.names[0]
				if field := v.FieldByIndex(f.index); len(f.names) > 1 && field.CanAddr() {
					if p := d.seen[field.Addr().Interface()]; p.key != nil {
						name = p.key.Value // the spelling that was chosen
					}
				}
				n.Content = append(n.Content, text(name), value)
			}
		}
		return n, nil
	case reflect.Map:
		if v.IsNil() {
			return nil, nil
		}
		n := &yaml.Node{Kind: yaml.MappingNode}
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		for _, k := range keys {
			value, err := d.node(v.MapIndex(k))
			if err != nil {
				return nil, err
			}
			if v.CanAddr() {
				if raw := d.keys[mapEntry{v.Addr().Interface(), k.String()}]; mentionsEnv(raw.value) {
					value = text(follow(raw.value).Value)
				}
			}
			if value != nil {
				n.Content = append(n.Content, text(k.String()), value)
			}
		}
		return n, nil
	case reflect.Slice:
		if v.Len() == 0 && v.Type().Elem().Kind() == reflect.Struct {
			return nil, nil
		}
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			item, err := d.node(v.Index(i))
			if err != nil {
				return nil, err
			}
			if item == nil {
				item = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
			} else if item.Kind == yaml.MappingNode && len(item.Content) == 0 {
				item.Style = yaml.FlowStyle
			}
			n.Content = append(n.Content, item)
		}
		return n, nil
	}
	return plain(v.Interface())
}

func mentionsEnv(n *yaml.Node) bool {
	if n == nil {
		return false
	}
	n = follow(n)
	return n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${")
}

func text(s string) *yaml.Node {
	var n yaml.Node
	n.SetString(s)
	return &n
}

func plain(v any) (*yaml.Node, error) {
	var n yaml.Node
	return &n, n.Encode(v)
}
