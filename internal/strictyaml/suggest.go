package strictyaml

import (
	"slices"
	"strings"
)

// Nearest returns the candidate that a misspelled word most likely meant, or "": edit distance (with transpositions) at most 2
// and less than half the word's length, or one being the beginning of the other.
func Nearest(word string, candidates []string) string {
	best, bestDistance := "", 3
	w := strings.ToLower(strings.ReplaceAll(word, "-", "_"))
	for _, c := range candidates {
		d := distance(w, strings.ToLower(c))
		if d > 0 && 2*d >= max(len(w), len(c)) {
			continue
		}
		if d < bestDistance || d == bestDistance && best != "" && c < best {
			best, bestDistance = c, d
		}
	}
	if best != "" || len(w) < 3 {
		return best
	}
	for _, c := range candidates {
		l := strings.ToLower(c)
		if (strings.HasPrefix(l, w) || len(l) >= 3 && strings.HasPrefix(w, l)) && (best == "" || len(c) < len(best)) {
			best = c
		}
	}
	return best
}

// Suggest is a hint for a word that is none of the candidates: what was probably meant, else what there is.
func Suggest(word string, candidates []string) string {
	if n := Nearest(word, candidates); n != "" {
		return "did you mean " + n + "?"
	}
	known := slices.Clone(candidates)
	slices.Sort(known)
	known = slices.Compact(known)
	switch len(known) {
	case 0:
		return ""
	case 1:
		return "only " + known[0] + " is known here"
	}
	const show = 24
	if len(known) > show {
		known = append(known[:show], "…")
	}
	return "known here: " + strings.Join(known, ", ")
}

// distance is the optimal string alignment distance in bytes.
func distance(a, b string) int {
	const tooFar = 99
	if len(a)-len(b) > 2 || len(b)-len(a) > 2 || len(a) > 64 {
		return tooFar
	}
	var prev2, prev, row []int
	prev = make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row = make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, row
	}
	return prev[len(b)]
}
