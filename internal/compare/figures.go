package compare

import (
	"fmt"
	"math"
	"strconv"
)

// figure shows three digits that count.
func figure(x float64) string {
	if a := math.Abs(x); a >= 999.5 && a < 1e9 {
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

func figureOf(x *float64) string {
	if x == nil {
		return "–"
	}
	return figure(*x)
}

// probability shows a p-value.
func probability(p *float64) string {
	switch {
	case p == nil:
		return "–"
	case *p < 1e-99:
		return "< 1e-99"
	case *p < .001:
		return strconv.FormatFloat(*p, 'e', 1, 64)
	}
	return strconv.FormatFloat(*p, 'f', 3, 64)
}

func percent(x float64) string {
	if x > 0 && x < .1 {
		return "< 0.1"
	}
	return strconv.FormatFloat(math.Round(10*x)/10, 'f', -1, 64)
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
