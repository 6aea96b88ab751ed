package main

import (
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"

	"plumbline/profiles"
)

// printFeatures prints a table of the features: the numbers that JSON has, and a small picture.
func printFeatures(w io.Writer, v profiles.View) error {
	between := ""
	for _, part := range []struct {
		title string
		list  []profiles.FeatureView
	}{{"feature", v.Features}, {"output", v.Outputs}, {"runtime", v.Runtime}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprint(w, between)
		between = "\n"
		t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		fmt.Fprintf(t, "%s\ttype\tn\tmissing\tinvalid\tmean\tsd\tmin\tmax\tout of range\tshape\n", part.title)
		for _, f := range part.list {
			if f.Categories != nil {
				fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t\t\t\t\t%s\t%s\n", f.Name, f.Type, f.N, f.Missing, f.Invalid, unseen(f), top(f))
				continue
			}
			fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, f.Type, f.N, f.Missing, f.Invalid, figure(f.Mean), figure(f.SD), figure(f.Min), figure(f.Max),
				outside(f), shape(f))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func figure(x *float64) string {
	if x == nil {
		return "–"
	}
	return strconv.FormatFloat(*x, 'g', 5, 64)
}

func outside(f profiles.FeatureView) string {
	if f.Below+f.Above == 0 {
		return "0"
	}
	return fmt.Sprintf("%d below, %d above", f.Below, f.Above)
}

func unseen(f profiles.FeatureView) string { return fmt.Sprintf("%d unseen", f.Unseen) }

// top lists the most frequent categories.
func top(f profiles.FeatureView) string {
	names := make([]string, 0, len(f.Categories))
	for n, count := range f.Categories {
		if count > 0 {
			names = append(names, n)
		}
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := f.Categories[names[i]], f.Categories[names[j]]
		return a > b || a == b && names[i] < names[j]
	})
	var parts []string
	for i, n := range names {
		if i == 5 {
			parts = append(parts, fmt.Sprintf("… %d more", len(names)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("%s %.0f%%", n, 100*float64(f.Categories[n])/float64(max(1, f.N))))
	}
	return strings.Join(parts, ", ")
}

// shape draws the counts as they lie on the cells, in sixteen groups of cells.
func shape(f profiles.FeatureView) string {
	if f.Bins == nil || len(f.Bins.Counts) == 0 {
		return ""
	}
	groups := min(16, len(f.Bins.Counts))
	shares := make([]float64, groups)
	for i, n := range f.Bins.Counts {
		shares[i*groups/len(f.Bins.Counts)] += float64(n)
	}
	return profiles.Sparkline(shares)
}
