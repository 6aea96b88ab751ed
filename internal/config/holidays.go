package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"plumbline"
	"plumbline/internal/holidays"
	"plumbline/internal/strictyaml"
)

// Holidays says which days are unlike others of their day of the week: one entry or a list of them, each a calendar's name, a date,
// or a file of dates.
type Holidays struct {
	entries []string
	nodes   []*yaml.Node
	days    []string // calendars and dates, those of files too
}

// UnmarshalStrict implements strictyaml.Unmarshaler.
func (h *Holidays) UnmarshalStrict(n *yaml.Node, d *strictyaml.Decoder) {
	h.nodes = []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		h.nodes = n.Content
	}
	for _, e := range h.nodes {
		text, _ := d.Scalar(e, "a calendar, a date, or a list of them")
		h.entries = append(h.entries, text)
	}
}

func (h *Holidays) check(k *check) {
	for i, e := range h.entries {
		fail := func(message, hint string) {
			at := h.nodes[i]
			k.problems = append(k.problems, k.doc.ProblemAt(at.Line, at.Column, plumbline.SeverityError, message, hint))
		}
		switch {
		case e == "": // not a scalar: already told
		case holidays.Known(e):
			h.days = append(h.days, e)
		case strings.ContainsAny(e, "./"):
			h.read(k, e, fail)
		default:
			fail(fmt.Sprintf("%q is neither a calendar nor a day", e), strictyaml.Suggest(e, holidays.Names())+"; a day is written 2026-12-24")
		}
	}
}

// read takes the dates of a file.
func (h *Holidays) read(k *check, file string, fail func(message, hint string)) {
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(k.doc.File()), file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		fail(fmt.Sprintf("the file %s of holidays can't be read: %s", file, reason(err)), "relative paths are relative to the folder of "+filepath.Base(k.doc.File()))
		return
	}
	dates, err := holidays.ReadDates(data)
	if err != nil {
		fail(fmt.Sprintf("the file %s of holidays: %s", file, err), "write one date a line, like 2026-12-24")
		return
	}
	h.days = append(h.days, dates...)
}
