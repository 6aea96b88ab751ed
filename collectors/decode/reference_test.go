package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"plumbline"
)

// The reference reads a native record the slow and plain way, on encoding/json's tokens. It returns every reason there is to
// refuse the message, not only the first.
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
