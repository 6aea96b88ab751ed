//go:build linux && amd64

package native

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// columnType is a parsed column type, reduced to what tells where its data ends.
type columnType struct {
	name  string
	width int // bytes of a value; 0 if it varies
	inner []*columnType
}

var widths = map[string]int{
	"Int8": 1, "UInt8": 1, "Bool": 1, "Enum8": 1, "Nothing": 1,
	"Int16": 2, "UInt16": 2, "Enum16": 2, "Date": 2, "BFloat16": 2,
	"Int32": 4, "UInt32": 4, "Float32": 4, "Date32": 4, "DateTime": 4, "IPv4": 4,
	"Int64": 8, "UInt64": 8, "Float64": 8, "DateTime64": 8,
	"Int128": 16, "UInt128": 16, "UUID": 16, "IPv6": 16,
	"Int256": 32, "UInt256": 32,
}

// parseType reads a type as ClickHouse writes it, like Map(LowCardinality(String), Array(Nullable(Float64))).
func parseType(s string) (*columnType, error) { return parseNested(s, maxNesting) }

const maxNesting = 50

func parseNested(s string, depth int) (*columnType, error) {
	if depth == 0 {
		return nil, errors.New("column type is nested too deep")
	}
	name, rest, compound := strings.Cut(strings.TrimSpace(s), "(")
	args := []string{""}
	if compound {
		args = splitTop(strings.TrimSuffix(rest, ")"), ',')
	}
	t := &columnType{name: name, width: widths[name]}
	switch name {
	case "String":
		return t, nil
	case "Array", "Nullable", "LowCardinality", "Tuple":
	case "Map", "Nested": // both travel as an array of tuples
		t.name, args = "Array", []string{"Tuple(" + strings.Join(args, ",") + ")"}
	case "SimpleAggregateFunction":
		return parseNested(args[len(args)-1], depth-1)
	case "FixedString":
		n, err := strconv.Atoi(args[0])
		t.width = max(n, 0)
		return t, err
	case "Decimal":
		digits, err := strconv.Atoi(args[0])
		t.width = decimalWidth(digits)
		return t, err
	default:
		if t.width == 0 {
			return nil, fmt.Errorf("column type %s is not supported by the test server", s)
		}
		return t, nil
	}
	for _, a := range args {
		if parts := splitTop(a, ' '); len(parts) > 1 { // a tuple's element has a name
			a = strings.Join(parts[1:], " ")
		}
		in, err := parseNested(a, depth-1)
		if err != nil {
			return nil, err
		}
		t.inner = append(t.inner, in)
	}
	return t, nil
}

func decimalWidth(digits int) int {
	switch {
	case digits <= 9:
		return 4
	case digits <= 18:
		return 8
	case digits <= 38:
		return 16
	}
	return 32
}

// splitTop cuts s at the separators outside brackets and quotes, and trims the pieces.
func splitTop(s string, sep byte) (out []string) {
	s = strings.TrimSpace(s)
	depth, from, quote := 0, 0, byte(0)
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case quote != 0:
			if ch == '\\' {
				i++
			} else if ch == quote {
				quote = 0
			}
		case ch == '\'' || ch == '`' || ch == '"':
			quote = ch
		case ch == '(':
			depth++
		case ch == ')':
			depth--
		case depth == 0 && ch == sep:
			out, from = append(out, strings.TrimSpace(s[from:i])), i+1
		}
	}
	return append(out, strings.TrimSpace(s[from:]))
}
