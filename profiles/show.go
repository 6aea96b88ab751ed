package profiles

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"
)

// Show prints the baseline: what it was made of, and a picture of each feature.
func (b *Baseline) Show(w io.Writer, width int, color bool) {
	b.head(w, "")
	for _, name := range sliceSets(b) {
		fmt.Fprintf(w, "slices     %s\n", name)
	}
	for _, f := range b.Profile().Features() {
		fmt.Fprintf(w, "\n%s  %s%s  n %d", Printable(f.Name), f.Type, roleNote(f.Role), f.N)
		if f.Missing > 0 {
			fmt.Fprintf(w, "  missing %.2f%%", 100*f.missingShare())
		}
		if f.Invalid > 0 {
			fmt.Fprintf(w, "  invalid %d", f.Invalid)
		}
		if mean, ok := f.Mean(); ok {
			fmt.Fprintf(w, "  mean %s", Short(mean))
		}
		if sd, ok := f.SD(); ok {
			fmt.Fprintf(w, "  sd %s", Short(sd))
		}
		if low, ok := f.Min(); ok {
			high, _ := f.Max()
			fmt.Fprintf(w, "  from %s to %s", Short(low), Short(high))
		}
		if categorical(f.Type) {
			fmt.Fprintf(w, "  %d categories", len(f.Categories()))
		}
		fmt.Fprintln(w)
		Histogram(w, f, nil, width, color)
	}
}

func roleNote(r Role) string {
	if r == Input {
		return ""
	}
	return " (" + r.String() + ")"
}

func (b *Baseline) head(w io.Writer, indent string) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s%-10s %s\n", indent, name, fmt.Sprintf(format, args...))
	}
	line("model", "%s version %s", Printable(b.Model), Printable(b.Version))
	line("records", "%d", b.Records)
	if !b.From.IsZero() {
		line("from", "%s to %s", b.From.Format(time.RFC3339), b.To.Format(time.RFC3339))
	}
	if n := b.Panes.Len(); n > 0 {
		line("windows", "%d of %s have records", n, inUnits(b.Panes.Width()))
	}
	if b.Source != "" {
		line("source", "%s", Printable(b.Source))
	}
	line("hash", "%s", short(b.Hash()))
	if l := b.Labels; l != nil {
		text := fmt.Sprintf("%d", l.N)
		if l.Positive != nil {
			text += fmt.Sprintf(", positive %.2f%%", 100**l.Positive)
		}
		line("labels", "%s", text)
	}
	if q := b.Quality; q != nil {
		switch {
		case q.Accuracy != nil:
			line("accuracy", "%.4f of %d", *q.Accuracy, q.N)
		case q.MAE != nil:
			line("mae", "%s of %d", Short(*q.MAE), q.N)
		}
	}
}

// inUnits writes a width as 1h, 15m or 7d.
func inUnits(d time.Duration) string {
	for _, u := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= u.of && d%u.of == 0 {
			return fmt.Sprintf("%d%s", d/u.of, u.name)
		}
	}
	return d.String()
}

// sliceSets says by what a baseline is sliced, and into how many slices.
func sliceSets(b *Baseline) (out []string) {
	sets := map[string]int{}
	for name := range b.Slices {
		var names []string
		for part := range strings.SplitSeq(name, ",") {
			n, _, _ := strings.Cut(part, "=")
			names = append(names, n)
		}
		sets[strings.Join(names, ",")]++
	}
	for _, set := range sortedKeys(sets) {
		out = append(out, fmt.Sprintf("%s (%d)", Printable(set), sets[set]))
	}
	return out
}

// Diff prints how b differs from a: what each was made of, then a line a feature. The effect is the difference of the means in
// standard deviations of a, or for categories the total variation, half the sum of the differences of shares.
func Diff(w io.Writer, a, b *Baseline, width int, color bool) {
	fmt.Fprintln(w, "a")
	a.head(w, "  ")
	fmt.Fprintln(w, "b")
	b.head(w, "  ")
	if a.Hash() == b.Hash() {
		fmt.Fprintln(w, "\nThe same content.")
		return
	}
	fmt.Fprintln(w)
	pa, pb := a.Profile(), b.Profile()
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "feature\ttype\tn\tmissing\tmean, or top category\teffect")
	for _, f := range pa.Features() {
		g := pb.Feature(f.Key)
		if g == nil {
			fmt.Fprintf(t, "%s\t%s\t%d → gone\t\t\t\n", Printable(f.Name), f.Type, f.N)
			continue
		}
		kind := string(f.Type)
		if f.Type != g.Type {
			kind += " → " + string(g.Type)
		}
		fmt.Fprintf(t, "%s\t%s\t%d → %d\t%.2f%% → %.2f%%\t%s → %s\t%s\n", Printable(f.Name), kind, f.N, g.N,
			100*f.missingShare(), 100*g.missingShare(), f.centre(), g.centre(), effect(f, g))
	}
	for _, g := range pb.Features() {
		if pa.Feature(g.Key) == nil {
			fmt.Fprintf(t, "%s\t%s\tnew → %d\t\t\t\n", Printable(g.Name), g.Type, g.N)
		}
	}
	t.Flush()
}

func (f *Feature) centre() string {
	if mean, ok := f.Mean(); ok {
		return Short(mean)
	}
	if c := f.Categories(); len(c) > 0 && f.N > 0 {
		return fmt.Sprintf("%s %.1f%%", Clip(Printable(c[0].Value), 16), 100*float64(c[0].Count)/float64(f.N))
	}
	return "–"
}

func effect(f, g *Feature) string {
	if f.N == 0 || g.N == 0 || !compatible(f.Type, g.Type) {
		return "–"
	}
	if categorical(f.Type) {
		shares := map[string]float64{}
		for _, c := range f.Categories() {
			shares[c.Value] += float64(c.Count) / float64(f.N)
		}
		for _, c := range g.Categories() {
			shares[c.Value] -= float64(c.Count) / float64(g.N)
		}
		tv := math.Abs(float64(f.Other())/float64(f.N) - float64(g.Other())/float64(g.N))
		for _, value := range sortedKeys(shares) {
			tv += math.Abs(shares[value])
		}
		return fmt.Sprintf("%.3f", tv/2)
	}
	m, _ := f.Mean()
	k, _ := g.Mean()
	if sd, ok := f.SD(); ok && sd > 0 && finite((k-m)/sd) {
		return fmt.Sprintf("%+.2f sd", (k-m)/sd)
	}
	return "–"
}
