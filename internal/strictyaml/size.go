package strictyaml

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Size is a number of bytes, written as 1048576, 768MB (decimal) or 1MiB (binary).
type Size int64

var sizeUnits = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// ParseSize reads a size.
func ParseSize(s string) (Size, error) {
	number, unit := strings.TrimSpace(s), 1.0
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(v) || v < 0 || v*unit >= math.MaxInt64 || strings.ContainsAny(number, "xXpP_") {
		return 0, fmt.Errorf("not a size in bytes")
	}
	return Size(math.Round(v * unit)), nil
}

// String is the shortest exact spelling.
func (s Size) String() string {
	for i := len(sizeUnits) - 2; i >= 0; i-- {
		u := sizeUnits[i]
		if u.name != "kB" && s != 0 && int64(s)%int64(u.bytes) == 0 && int64(s)/int64(u.bytes) < 10000 {
			return strconv.FormatInt(int64(s)/int64(u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalYAML writes the size as a person would.
func (s Size) MarshalYAML() (any, error) { return s.String(), nil }

// UnmarshalStrict reads a size.
func (s *Size) UnmarshalStrict(n *yaml.Node, d *Decoder) {
	text, ok := d.Scalar(n, "a size in bytes")
	if !ok {
		return
	}
	v, err := ParseSize(text)
	if err != nil {
		d.Problem(n, "expected a size in bytes, found "+found(n), "write it like 768MB or 1GiB")
		return
	}
	*s = v
}
