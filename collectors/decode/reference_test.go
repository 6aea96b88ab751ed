package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"plumbline"
)

// The reference reads a native record the slow and plain way, on encoding/json's tokens. It returns every reason there is to
// refuse the message, not only the first.

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

type reference struct {
	r       plumbline.Record
	reasons map[plumbline.Reason]bool
	keys    int
	inexact bool // the event time comes from a literal with an exponent
}

func (x *reference) refuse(reason plumbline.Reason) { x.reasons[reason] = true }

func refer(msg []byte, fallback time.Time) *reference {
	x := &reference{reasons: map[plumbline.Reason]bool{}}
	x.r.Weight = 1
	if len(msg) == 0 {
		x.refuse(plumbline.ReasonTombstone)
		return x
	}
	msg = withoutBareWords(msg)
	if !json.Valid(msg) {
		x.refuse(plumbline.ReasonSyntax)
		return x
	}
	if len(msg) > 1<<20 {
		x.refuse(plumbline.ReasonTooLarge)
	}
	if !utf8.Valid(msg) {
		x.refuse(plumbline.ReasonUTF8)
	}
	tokens := json.NewDecoder(bytes.NewReader(msg))
	tokens.UseNumber()
	root, ok := x.read(tokens, 0).(object)
	if !ok {
		x.refuse(plumbline.ReasonSyntax)
		return x
	}
	if x.keys > 2000 {
		x.refuse(plumbline.ReasonTooManyKeys)
	}
	x.record(root, fallback)
	return x
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

func (x *reference) record(root object, fallback time.Time) {
	r := &x.r
	seen := map[string]bool{}
	spoilt := plumbline.Missing
	for _, p := range root {
		n := p.value
		known := true
		switch p.name {
		case "id":
			r.ID = x.text(n)
		case "session":
			r.Session = x.text(n)
		case "version":
			if r.Version = x.text(n); len(r.Version) > 256 {
				x.refuse(plumbline.ReasonStringLength)
			}
			if strings.ContainsFunc(r.Version, unicode.IsControl) {
				x.refuse(plumbline.ReasonType)
			}
		case "model":
			r.Model = ""
			if s, ok := n.(string); ok {
				if r.Model = s; s == "" || len(s) > 256 || strings.ContainsFunc(s, unicode.IsControl) {
					x.refuse(plumbline.ReasonNoModel)
				}
			} else if n != nil {
				x.refuse(plumbline.ReasonType)
			}
		case "ts":
			x.time(n)
		case "kind":
			kind, ok := map[node]plumbline.Kind{nil: plumbline.Whole, "request": plumbline.Request, "response": plumbline.Response, "label": plumbline.Label}[key(n)]
			if r.Kind = kind; !ok {
				if _, isText := n.(string); isText {
					x.refuse(plumbline.ReasonKind)
				} else {
					x.refuse(plumbline.ReasonType)
				}
			}
		case "deployment":
			deployment, ok := map[node]plumbline.Deployment{nil: plumbline.Live, "live": plumbline.Live, "shadow": plumbline.Shadow, "canary": plumbline.Canary}[key(n)]
			if r.Deployment = deployment; !ok {
				x.refuse(plumbline.ReasonType)
			}
		case "features":
			r.Features = nil
			for _, p := range x.members(n) {
				r.Features = append(r.Features, plumbline.Field{Name: p.name, Value: value(p.value)})
			}
		case "prediction":
			r.Prediction = value(n)
		case "label":
			r.Label = value(n)
		case "score":
			v, ok := number(n)
			if r.Score = v; !ok {
				x.refuse(plumbline.ReasonType)
			}
		case "scores":
			r.Scores, spoilt = nil, plumbline.Missing
			if all, ok := n.(object); ok {
				for _, p := range all {
					if _, ok := number(p.value); !ok {
						x.refuse(plumbline.ReasonType)
					}
				}
			}
			for _, p := range x.members(n) {
				switch v, _ := number(p.value); v.Kind {
				case plumbline.Number:
					r.Scores = append(r.Scores, plumbline.Score{Class: p.name, Value: v.Num})
				case plumbline.NaN, plumbline.Invalid:
					spoilt = max(spoilt, v.Kind)
				}
			}
			if spoilt != plumbline.Missing {
				r.Scores = nil
			}
		case "segments":
			r.Segments = nil
			if all, ok := n.(object); ok {
				for _, p := range all {
					switch p.value.(type) {
					case object, []node:
						x.refuse(plumbline.ReasonType)
					}
				}
			}
			for _, p := range x.members(n) {
				switch p.value.(type) {
				case string, bool, json.Number:
					r.Segments = append(r.Segments, plumbline.Segment{Name: p.name, Value: fmt.Sprint(p.value)})
				}
			}
		case "runtime":
			r.Runtime = plumbline.Runtime{}
			for _, p := range x.members(n) {
				if v, ok := number(p.value); ok && v.Kind != plumbline.Missing {
					r.Runtime.Facts = append(r.Runtime.Facts, plumbline.Field{Name: p.name, Value: v})
				} else if s, ok := p.value.(string); ok && p.name == "status" {
					r.Runtime.Status = s
				}
			}
		case "weight":
			v := value(n)
			if r.Weight = 1; n != nil {
				r.Weight = v.Num
				if v.Kind != plumbline.Number || v.Num <= 0 {
					x.refuse(plumbline.ReasonType)
				}
			}
		default:
			known = false
		}
		if known && seen[p.name] {
			r.Duplicates++
		}
		seen[p.name] = true
	}
	if r.Score.Kind == plumbline.Missing {
		r.Score.Kind = spoilt
	}
	if r.Model == "" {
		x.refuse(plumbline.ReasonNoModel)
	}
	answered := r.Prediction.Kind != plumbline.Missing || r.Score.Kind != plumbline.Missing || r.Scores != nil
	ran := r.Kind == plumbline.Response && (r.Runtime.Status != "" || r.Runtime.Facts != nil)
	if r.Features == nil && !answered && r.Label.Kind == plumbline.Missing && !ran || r.Kind == plumbline.Label && r.Label.Kind == plumbline.Missing {
		x.refuse(plumbline.ReasonEmpty)
	}
	if r.Kind == plumbline.Label && r.ID == "" {
		x.refuse(plumbline.ReasonLabelID)
	}
	if r.Time.IsZero() {
		if r.Time = fallback; fallback.IsZero() {
			x.refuse(plumbline.ReasonNoTimestamp)
		}
	}
}

// key makes n fit to look up in a map.
func key(n node) node {
	switch n.(type) {
	case object, []node:
		return 0
	}
	return n
}

func (x *reference) time(n node) {
	ok := false
	x.inexact = false
	switch n := n.(type) {
	case nil:
		x.r.Time, ok = time.Time{}, true
	case string:
		x.r.Time, ok = parseSlowly(n)
	case json.Number:
		x.inexact = strings.ContainsAny(string(n), "eE")
		x.r.Time, ok = unixSlowly(string(n))
	case bareWord:
	default:
		x.refuse(plumbline.ReasonType)
		return
	}
	if !ok {
		x.refuse(plumbline.ReasonTimestamp)
	}
}

func unixSlowly(s string) (time.Time, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 1e19 {
		return time.Time{}, false
	}
	unit := int64(1)
	switch {
	case f < 1e10:
		unit = 1e9
	case f < 1e13:
		unit = 1e6
	case f < 1e16:
		unit = 1e3
	}
	exact := new(big.Rat)
	if f > 1e-30 {
		exact.SetString(s)
	}
	exact.Mul(exact, new(big.Rat).SetInt64(unit))
	nanos := new(big.Int).Quo(exact.Num(), exact.Denom())
	if nanos.Cmp(big.NewInt(maxSeconds*1e9)) > 0 {
		return time.Time{}, false
	}
	return time.Unix(0, nanos.Int64()), true
}
