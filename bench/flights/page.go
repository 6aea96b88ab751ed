package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// fill puts each table between its two marks, <!-- begin NAME --> and <!-- end NAME -->.
func fill(page string, tables map[string]string) (string, error) {
	for _, name := range sorted(tables) {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
		i, j := strings.Index(page, begin), strings.Index(page, end)
		if i < 0 || j < i {
			return "", fmt.Errorf("no place for the table %s: %q and %q are missing", name, strings.TrimSpace(begin), end)
		}
		page = page[:i+len(begin)] + tables[name] + page[j:]
	}
	return page, nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// table is Markdown; columns in right are set to the right.
func table(head []string, rows [][]string, right ...int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|", strings.Join(head, " | "))
	for i := range head {
		if slices.Contains(right, i) {
			b.WriteString("--:|")
		} else {
			b.WriteString("---|")
		}
	}
	b.WriteString("\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
	}
	return b.String()
}
