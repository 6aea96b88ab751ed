package decode

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"plumbline"
)

// node is a JSON value: nil, bool, json.Number, string, []node, object, or bareWord.
type node any

type (
	object   []property
	property struct {
		name  string
		value node
	}
	bareWord plumbline.ValueKind
)

// Bare words are handed to encoding/json as numbers that nobody else writes.
const (
	nanNumber = "7e-70707"
	infNumber = "7e+70707"
)

var bareWords = regexp.MustCompile(`(?i)"(?:[^"\\]|\\.)*"|([:,\[])([ \t\r\n]*)(-?(?:nan|inf|infinity))([ \t\r\n,}\]]|$)`)

func withoutBareWords(msg []byte) []byte {
	// Twice, because in [NaN,NaN] the comma belongs to both matches.
	for range 2 {
		msg = bareWords.ReplaceAllFunc(msg, func(match []byte) []byte {
			parts := bareWords.FindSubmatch(match)
			if len(parts[3]) == 0 {
				return match
			}
			number := infNumber
			if strings.Contains(strings.ToLower(string(parts[3])), "nan") {
				number = nanNumber
			}
			return []byte(string(parts[1]) + string(parts[2]) + number + string(parts[4]))
		})
	}
	return msg
}

func (x *reference) read(tokens *json.Decoder, depth int) node {
	token, err := tokens.Token()
	if err != nil {
		panic(err)
	}
	switch token := token.(type) {
	case json.Delim:
		if depth++; depth > 16 {
			x.refuse(plumbline.ReasonTooDeep)
		}
		var list []node
		members := object{}
		for tokens.More() {
			if token == '[' {
				list = append(list, x.read(tokens, depth))
				continue
			}
			name, _ := tokens.Token()
			x.keys++
			if len(name.(string)) > 256 {
				x.refuse(plumbline.ReasonStringLength)
			}
			members = append(members, property{name.(string), x.read(tokens, depth)})
		}
		tokens.Token()
		if token == '[' {
			return list
		}
		return members
	case string:
		if len(token) > 4096 {
			x.refuse(plumbline.ReasonStringLength)
		}
		return token
	case json.Number:
		switch token {
		case nanNumber:
			return bareWord(plumbline.NaN)
		case infNumber:
			return bareWord(plumbline.Invalid)
		}
		if len(token) > 64 {
			x.refuse(plumbline.ReasonNumberLength)
		}
		return token
	default:
		return token
	}
}

func value(n node) plumbline.Value {
	switch n := n.(type) {
	case nil:
		return plumbline.Value{}
	case bool:
		if n {
			return plumbline.Value{Kind: plumbline.Bool, Num: 1}
		}
		return plumbline.Value{Kind: plumbline.Bool}
	case string:
		return plumbline.Value{Kind: plumbline.String, Str: n}
	case bareWord:
		return plumbline.Value{Kind: plumbline.ValueKind(n)}
	case json.Number:
		if f, _ := strconv.ParseFloat(string(n), 64); !math.IsInf(f, 0) {
			return plumbline.Value{Kind: plumbline.Number, Num: f}
		}
	case []node:
		norm := 0.0
		for _, e := range n {
			v := value(e)
			if v.Kind != plumbline.Number {
				return plumbline.Value{Kind: plumbline.Invalid}
			}
			norm = math.Hypot(norm, v.Num)
		}
		if len(n) > 0 && !math.IsInf(norm, 0) {
			return plumbline.Value{Kind: plumbline.Vector, Num: norm, Len: int32(len(n))}
		}
	}
	return plumbline.Value{Kind: plumbline.Invalid}
}

// number is value where a number is due; ok is false if it can't be one.
func number(n node) (v plumbline.Value, ok bool) {
	switch n := n.(type) {
	case nil, bareWord, json.Number:
		return value(n), true
	case string:
		if plumbline.SpellsNaN(n) {
			return plumbline.Value{Kind: plumbline.NaN}, true
		}
		if plumbline.SpellsInf(n) {
			return plumbline.Value{Kind: plumbline.Invalid}, true
		}
	}
	return plumbline.Value{}, false
}

func (x *reference) text(n node) string {
	switch n := n.(type) {
	case nil:
	case string:
		return n
	case json.Number:
		return string(n)
	default:
		x.refuse(plumbline.ReasonType)
	}
	return ""
}

// members returns the properties of an object in order of first appearance, each with its last value.
func (x *reference) members(n node) object {
	if n == nil {
		return nil
	}
	all, ok := n.(object)
	if !ok {
		x.refuse(plumbline.ReasonType)
	}
	var last object
next:
	for _, p := range all {
		if strings.ContainsFunc(p.name, unicode.IsControl) {
			x.refuse(plumbline.ReasonType)
		}
		for i := range last {
			if last[i].name == p.name {
				last[i] = p
				x.r.Duplicates++
				continue next
			}
		}
		last = append(last, p)
	}
	return last
}

// key makes n fit to look up in a map.
func key(n node) node {
	switch n.(type) {
	case object, []node:
		return 0
	}
	return n
}
