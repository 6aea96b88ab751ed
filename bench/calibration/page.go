package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// page collects Markdown and the pictures that belong to it.
type page struct {
	*lab
	body     strings.Builder
	pictures []picture
}

type picture struct{ name, svg string }

func (p *page) heading(text string) { fmt.Fprintf(&p.body, "\n## %s\n\n", text) }

// say writes a paragraph.
func (p *page) say(format string, args ...any) {
	fmt.Fprintf(&p.body, format+"\n\n", args...)
}

// table writes rows of cells; columns of numbers are set to the right.
func (p *page) table(head []string, rows [][]string) {
	w := &p.body
	fmt.Fprintf(w, "| %s |\n|", strings.Join(head, " | "))
	for j := range head {
		if j == 0 || len(rows) > 0 && wordy(rows, j) {
			w.WriteString("---|")
		} else {
			w.WriteString("--:|")
		}
	}
	w.WriteString("\n")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(r, " | "))
	}
	w.WriteString("\n")
}

// wordy tells a column of words from one of numbers.
func wordy(rows [][]string, column int) bool {
	for _, r := range rows {
		if c := strings.TrimLeft(r[column], "*"); c != "" && unicode.IsLetter([]rune(c)[0]) {
			return true
		}
	}
	return false
}

func (p *page) picture(name, alt string, f figure) {
	p.pictures = append(p.pictures, picture{name, f.svg(alt)})
	fmt.Fprintf(&p.body, "![%s](images/calibration/%s.svg)\n\n", alt, name)
}

// text is the whole page.
func (p *page) text(kept []promise) string {
	var w strings.Builder
	fmt.Fprintf(&w, `# Calibration

What the statistics promise, measured: how often they alarm when nothing has changed, what they see when something has, and how long
that takes. Every number on this page was written by the program that measured it, from seed %d; run it again with

    make calibration

which takes some twenty minutes on two cores.%s `+"`go run ./bench/calibration -sections sizes -scale 0.1`"+` measures one section with a tenth of the
repetitions. The same simulations with few repetitions, and the same bounds widened by what few repetitions leave open, are tests.

Words: *size* is the share of windows without drift in which a test's p-value is at most its level; it should be the level. *Power* is
that share with drift. n is the rows of a window, m those of the baseline. How each statistic is computed is in
[statistics](statistics.md).
`, p.Seed, p.part())
	misses := 0
	for _, k := range kept {
		if !k.kept() {
			misses++
		}
	}
	fmt.Fprintf(&w, "\n## What had to come out\n\n%d of %d requirements are met", len(kept)-misses, len(kept))
	if misses == 0 {
		w.WriteString(".\n")
	} else {
		w.WriteString("; these are not:\n\n| missed | measured | wanted |\n|---|--:|--:|\n")
		for _, k := range kept {
			if !k.kept() {
				fmt.Fprintf(&w, "| %s | %s | %s |\n", k.What, digits(k.Got), k.wanted())
			}
		}
	}
	w.WriteString("\n<details><summary>All of them</summary>\n\n| requirement | measured | wanted | |\n|---|--:|--:|---|\n")
	for _, k := range kept {
		mark := "met"
		if !k.kept() {
			mark = "**missed**"
		}
		fmt.Fprintf(&w, "| %s | %s | %s | %s |\n", k.What, digits(k.Got), k.wanted(), mark)
	}
	w.WriteString("\n</details>\n")
	w.WriteString(p.body.String())
	return strings.TrimRight(w.String(), "\n") + "\n"
}

// part says if not all repetitions were made.
func (p *page) part() string {
	if p.Scale == 1 && !p.Quick {
		return ""
	}
	return fmt.Sprintf(" The numbers below are of a run with a share %s of the repetitions.", digits(p.Scale))
}

// save writes the page and its pictures; pictures that no section draws any more are left alone.
func (p *page) save(file, images, text string) error {
	if err := os.MkdirAll(images, 0o755); err != nil {
		return err
	}
	for _, pic := range p.pictures {
		if err := os.WriteFile(filepath.Join(images, pic.name+".svg"), []byte(pic.svg), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

// digits writes a number with three significant digits, small ones without exponent down to a millionth.
func digits(x float64) string {
	switch a := math.Abs(x); {
	case x-x != 0:
		return "–"
	case a == 0:
		return "0"
	case a >= 1000:
		return grouped(int64(math.Round(x)))
	case a >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case a >= 1e-6:
		places := max(0, 2-int(math.Floor(math.Log10(a))))
		s := strconv.FormatFloat(x, 'f', places, 64)
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}

// grouped writes a whole number with commas.
func grouped(x int64) string {
	s := strconv.FormatInt(x, 10)
	sign := ""
	if x < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// fixed writes a rate with so many places.
func fixed(x float64, places int) string { return strconv.FormatFloat(x, 'f', places, 64) }

// percent writes a share as a percentage with two significant digits at least.
func percent(x float64) string {
	v := 100 * x
	switch {
	case v == 0 || v == 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v < 9.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v < 99.5:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// digits2 writes a small number with two significant digits: 0.0012, 0.00009.
func digits2(x float64) string {
	if x == 0 {
		return "0"
	}
	return strconv.FormatFloat(x, 'f', max(0, 1-int(math.Floor(math.Log10(math.Abs(x))))), 64)
}
