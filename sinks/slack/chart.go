package slack

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"plumbline"
)

const (
	maxChanges = 4  // categories told by name
	maxLabel   = 24 // characters of a cell's label
)

// chart shows how a distribution moved, by the first histogram among an alert's findings: of a number both shapes and the cell
// that changed most, of a category those that changed most. It says whose it is where the alert is about no one feature. A histogram
// without a baseline has nothing to show.
func chart(a plumbline.Alert) string {
	for _, f := range a.Findings {
		if b := f.Bins; b != nil && usable(b) {
			picture := strings.Join(changes(b, maxChanges), "\n")
			if strings.HasPrefix(b.Labels[0], "≤ ") {
				picture = shapes(b)
			}
			if f.Feature != "" && f.Feature != a.Labels["feature"] {
				picture = label(f.Feature) + "\n" + picture
			}
			return picture
		}
	}
	return ""
}

func usable(b *plumbline.Bins) bool {
	positive := func(x float64) bool { return x > 0 }
	return len(b.Labels) > 1 && len(b.Baseline) == len(b.Labels) && len(b.Current) == len(b.Labels) &&
		slices.ContainsFunc(b.Baseline, positive) && slices.ContainsFunc(b.Current, positive)
}

// shapes draws the baseline above the window, a column of two characters for each cell, on one scale.
func shapes(b *plumbline.Bins) string {
	top := max(slices.Max(b.Baseline), slices.Max(b.Current))
	lines := []string{
		"baseline  " + bars(b.Baseline, top),
		"now       " + bars(b.Current, top),
		fmt.Sprintf("cells     %s … %s", label(b.Labels[0]), label(b.Labels[len(b.Labels)-1])),
	}
	for _, c := range changes(b, 1) {
		lines = append(lines, "moved     "+c)
	}
	return strings.Join(lines, "\n")
}

// bars draws shares; a cell that is not empty is never drawn as empty.
func bars(shares []float64, top float64) string {
	levels := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, s := range shares {
		r := '·'
		if s > 0 && top > 0 {
			r = levels[min(len(levels)-1, int(s/top*float64(len(levels))))]
		}
		b.WriteRune(r)
		b.WriteRune(r)
	}
	return b.String()
}

// changes tells the cells whose shares moved most, at most n of them, aligned.
func changes(b *plumbline.Bins, n int) []string {
	order := make([]int, 0, len(b.Labels))
	for i := range b.Labels {
		if b.Baseline[i] != b.Current[i] {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		di, dj := math.Abs(b.Current[i]-b.Baseline[i]), math.Abs(b.Current[j]-b.Baseline[j])
		switch {
		case di > dj:
			return -1
		case di < dj:
			return 1
		}
		return 0
	})
	order = order[:min(n, len(order))]
	var names, before, after []string
	for _, i := range order {
		names, before, after = append(names, label(b.Labels[i])), append(before, percent(b.Baseline[i])), append(after, percent(b.Current[i]))
	}
	var out []string
	for i := range order {
		out = append(out, pad(names[i], names, false)+"  "+pad(before[i], before, true)+" → "+pad(after[i], after, true))
	}
	return out
}

// pad fills s with blanks to the width of the widest of its column.
func pad(s string, column []string, right bool) string {
	width := 0
	for _, c := range column {
		width = max(width, utf8.RuneCountInString(c))
	}
	blanks := strings.Repeat(" ", width-utf8.RuneCountInString(s))
	if right {
		return blanks + s
	}
	return s + blanks
}

// label shortens a cell's label and takes the meaning from what would end a block of code.
func label(s string) string {
	s = strings.NewReplacer("`", "'", "\n", " ", "\r", " ").Replace(s)
	if r := []rune(s); len(r) > maxLabel {
		return string(r[:maxLabel-1]) + "…"
	}
	return s
}
