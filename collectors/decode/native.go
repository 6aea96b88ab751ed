package decode

import (
	"math"
	"unsafe"

	"plumbline"
)

// member is a member of the native record that plumbline reads.
type member uint8

const (
	memberUnknown member = iota
	memberID
	memberModel
	memberVersion
	memberTS
	memberKind
	memberDeployment
	memberFeatures
	memberPrediction
	memberScore
	memberScores
	memberLabel
	memberSegments
	memberRuntime
	memberSession
	memberWeight
	membersEnd
)

var memberNames = [membersEnd]string{"", "id", "model", "version", "ts", "kind", "deployment", "features", "prediction", "score",
	"scores", "label", "segments", "runtime", "session", "weight"}

func memberOf(name []byte) member {
	for m := memberID; m < membersEnd; m++ {
		if memberNames[m] == string(name) {
			return m
		}
	}
	return memberUnknown
}

// record scans the record at i.
func (d *Decoder) record(r *plumbline.Record, i int) int {
	if !d.has(i, '{') {
		return d.syntax(i, "the record is not a JSON object")
	}
	if i = d.open(i); i < 0 {
		return i
	}
	if d.has(i, '}') {
		d.depth--
		return i + 1
	}
	seen, last := uint32(0), membersEnd
	for more := true; more; {
		var m member
		if m, i = d.memberName(i, last); i < 0 {
			return i
		}
		last = m
		if i = d.colon(i); i < 0 {
			return i
		}
		if m == memberUnknown {
			i = d.skip(i)
		} else {
			if seen&(1<<m) != 0 {
				r.Duplicates++
			}
			seen |= 1 << m
			i = d.member(r, m, i)
		}
		if i < 0 {
			return i
		}
		if i, more = d.next(i, '}'); i < 0 {
			return i
		}
	}
	return i
}

// memberName scans the name of a member that comes after last.
func (d *Decoder) memberName(i int, last member) (member, int) {
	if !d.has(i, '"') {
		return 0, d.syntax(i, "a name is missing")
	}
	guess := d.follow[last]
	if end := d.spells(i+1, memberNames[guess]); end > 0 {
		return guess, end
	}
	s, _, next := d.text(i, maxName)
	if next < 0 {
		return 0, next
	}
	m := memberOf(s)
	d.follow[last] = m
	return m, next
}

// spells returns the position after the closing quote if the string that begins at i is written as s, or 0.
func (d *Decoder) spells(i int, s string) int {
	b, end := d.b, i+len(s)
	if uint(end) < uint(len(b)) && b[end] == '"' && string(b[i:end]) == s {
		return end + 1
	}
	return 0
}

// wrongType refuses the value at i; if that isn't even JSON, then for that.
func (d *Decoder) wrongType(i int, m member) int {
	if next := d.skip(i); next < 0 {
		return next
	}
	return d.fail(plumbline.ReasonType, i, memberNames[m]+" has a type or value it can't have")
}

// member scans the value of a known member into r.
func (d *Decoder) member(r *plumbline.Record, m member, i int) int {
	switch m {
	case memberID:
		return d.literal(i, m, &r.ID)
	case memberSession:
		return d.literal(i, m, &r.Session)
	case memberVersion:
		return d.version(i, &r.Version)
	case memberModel:
		return d.model(i, &r.Model)
	case memberTS:
		return d.timestamp(r, i)
	case memberKind:
		return d.kind(r, i)
	case memberDeployment:
		return d.deployment(r, i)
	case memberPrediction:
		return d.value(i, &r.Prediction)
	case memberLabel:
		return d.value(i, &r.Label)
	case memberFeatures:
		return d.features(r, i)
	case memberScore:
		return d.score(r, i)
	case memberScores:
		return d.scores(r, i)
	case memberSegments:
		return d.segments(r, i)
	case memberRuntime:
		return d.runtime(r, i)
	default:
		return d.weight(r, i)
	}
}

// literal scans a string, or a number as it is written.
func (d *Decoder) literal(i int, m member, s *string) int {
	var v plumbline.Value
	next := d.value(i, &v)
	if next < 0 {
		return next
	}
	switch c := d.b[i]; {
	case v.Kind == plumbline.Missing:
		*s = ""
	case v.Kind == plumbline.String:
		*s = v.Str
	case isDigit(c), c == '-' && isDigit(d.b[i+1]):
		*s = d.keep(d.b[i:next], false)
	default:
		return d.wrongType(i, m)
	}
	return next
}

// version scans a string or a number: a name, like the model.
func (d *Decoder) version(i int, s *string) int {
	next := d.literal(i, memberVersion, s)
	if next < 0 {
		return next
	}
	if len(*s) > maxName {
		return d.tooLong(i)
	}
	k := d.names.find(unsafe.Slice(unsafe.StringData(*s), len(*s)))
	if k == 0 {
		return d.wrongType(i, memberVersion)
	}
	*s = d.names.list[k].text
	return next
}

func (d *Decoder) model(i int, s *string) int {
	if d.has(i, 'n') {
		var v plumbline.Value
		if next := d.value(i, &v); next < 0 || v.Kind == plumbline.Missing {
			*s = ""
			return next
		}
	}
	if !d.has(i, '"') {
		return d.wrongType(i, memberModel)
	}
	raw, _, next := d.text(i, d.lim.MaxString)
	if next < 0 {
		return next
	}
	if len(raw) == 0 || len(raw) > maxName {
		return d.fail(plumbline.ReasonNoModel, i, "model is empty or longer than 256 bytes")
	}
	k := d.names.find(raw)
	if k == 0 {
		return d.fail(plumbline.ReasonNoModel, i, "model has control characters")
	}
	*s = d.names.list[k].text
	return next
}

func (d *Decoder) kind(r *plumbline.Record, i int) int {
	var v plumbline.Value
	next := d.value(i, &v)
	if next < 0 {
		return next
	}
	switch {
	case v.Kind == plumbline.Missing:
		r.Kind = plumbline.Whole
	case v.Kind != plumbline.String:
		return d.wrongType(i, memberKind)
	case v.Str == "request":
		r.Kind = plumbline.Request
	case v.Str == "response":
		r.Kind = plumbline.Response
	case v.Str == "label":
		r.Kind = plumbline.Label
	default:
		return d.fail(plumbline.ReasonKind, i, "kind is none of request, response, label")
	}
	return next
}

func (d *Decoder) deployment(r *plumbline.Record, i int) int {
	var v plumbline.Value
	next := d.value(i, &v)
	if next < 0 {
		return next
	}
	switch {
	case v.Kind == plumbline.Missing, v.Kind == plumbline.String && v.Str == "live":
		r.Deployment = plumbline.Live
	case v.Kind == plumbline.String && v.Str == "shadow":
		r.Deployment = plumbline.Shadow
	case v.Kind == plumbline.String && v.Str == "canary":
		r.Deployment = plumbline.Canary
	default:
		return d.wrongType(i, memberDeployment)
	}
	return next
}

func (d *Decoder) weight(r *plumbline.Record, i int) int {
	var v plumbline.Value
	next := d.value(i, &v)
	switch {
	case next < 0:
	case v.Kind == plumbline.Missing:
		r.Weight = 1
	case v.Kind == plumbline.Number && v.Num > 0 && !math.IsInf(v.Num, 0):
		r.Weight = v.Num
	default:
		return d.wrongType(i, memberWeight)
	}
	return next
}
