// Command screen draws a terminal's output, colours included, as an SVG picture. The README's picture is made by it:
//
//	script -qec 'stty cols 100; plumbline demo --fast' /dev/null >demo.txt
//	go run ./internal/docs/screen -from 'Which inputs moved' -until 'dewp:' <demo.txt >docs/images/demo.svg
//	go run ./internal/docs/screen -from '▌' -until 'The first of' <demo.txt >docs/images/slack.svg
package main

import (
	"bufio"
	"flag"
	"fmt"
	"html"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// The size of one character's cell, and the margin around all of them, in pixels.
const (
	cellWidth  = 7.8
	cellHeight = 17.0
	margin     = 14.0
	fontSize   = 13
)

const (
	background = "#0d1117"
	foreground = "#d0d7de"
)

// colors are the escape sequences that plumbline prints.
var colors = map[string]string{"0": foreground, "31": "#ff7b72", "32": "#56d364", "33": "#e3b341", "34": "#79c0ff", "36": "#76e3ea", "90": "#6e7681",
	"2": "#8b949e", "38;5;208": "#f0883e", "38;5;203": "#ff7b72"}

func main() {
	from := flag.String("from", "", "begin with the line that begins so; without it with the first")
	until := flag.String("until", "", "end before the line that begins so; without it with the last")
	flag.Parse()
	if err := draw(os.Stdout, os.Stdin, *from, *until); err != nil {
		fmt.Fprintln(os.Stderr, "screen:", err)
		os.Exit(1)
	}
}

// run is a piece of one line in one style.
type run struct {
	text, color string
	bold        bool
}

func draw(out io.Writer, in io.Reader, from, until string) error {
	var rows [][]run
	columns := 0
	s := bufio.NewScanner(in)
	s.Buffer(nil, 1<<20) // a progress bar is one long line
	for s.Scan() {
		row := parse(strings.TrimRight(s.Text(), "\r"))
		text := ""
		for _, r := range row {
			text += r.text
		}
		if len(rows) == 0 && !strings.HasPrefix(text, from) {
			continue
		}
		if until != "" && strings.HasPrefix(text, until) {
			break
		}
		columns, rows = max(columns, utf8.RuneCountInString(text)), append(rows, row)
	}
	if err := s.Err(); err != nil {
		return err
	}
	for len(rows) > 0 && len(rows[len(rows)-1]) == 0 {
		rows = rows[:len(rows)-1]
	}
	if len(rows) == 0 {
		return fmt.Errorf("no line begins with %q", from)
	}
	w := bufio.NewWriter(out)
	width, height := 2*margin+float64(columns)*cellWidth, 2*margin+float64(len(rows))*cellHeight
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="%d">`+"\n",
		width, height, width, height, fontSize)
	fmt.Fprintf(w, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", background)
	for y, row := range rows {
		x := 0
		for _, r := range row {
			x = r.draw(w, x, y)
		}
	}
	fmt.Fprintln(w, "</svg>")
	return w.Flush()
}

// parse cuts a line at its escape sequences; those that are no colour are left out.
func parse(line string) (row []run) {
	now := run{color: foreground}
	for line != "" {
		text, rest, found := strings.Cut(line, "\x1b[")
		if now.text = text; text != "" {
			if n := len(row); n > 0 && row[n-1].color == now.color && row[n-1].bold == now.bold {
				row[n-1].text += text
			} else {
				row = append(row, now)
			}
		}
		if !found {
			break
		}
		end := strings.IndexFunc(rest, func(c rune) bool { return c >= '@' })
		if end < 0 {
			break
		}
		code := rest[:end]
		if rest[end] == 'm' {
			switch c, known := colors[code]; {
			case code == "1":
				now.bold = true
			case code == "0" || code == "":
				now = run{color: foreground}
			case known:
				now.color = c
			}
		}
		line = rest[end+1:]
	}
	return row
}

// draw draws the run from column x on and returns the column after it. Blocks are drawn as rectangles, because fonts differ in them.
func (r run) draw(w io.Writer, x, y int) int {
	top := margin + float64(y)*cellHeight
	var text []rune
	start := x
	flush := func() {
		if t := strings.TrimRight(string(text), " "); strings.TrimLeft(t, " ") != "" {
			lead := len(t) - len(strings.TrimLeft(t, " "))
			t = t[lead:]
			weight := ""
			if r.bold {
				weight = ` font-weight="bold"`
			}
			fmt.Fprintf(w, `<text x="%.1f" y="%.1f" fill="%s"%s textLength="%.1f" xml:space="preserve">%s</text>`+"\n",
				margin+float64(start+lead)*cellWidth, top+cellHeight-4.5, r.color, weight, float64(utf8.RuneCountInString(t))*cellWidth, html.EscapeString(t))
		}
		text = text[:0]
	}
	all := []rune(r.text)
	for i := 0; i < len(all); i++ {
		wide, tall, opacity := block(all[i])
		if wide == 0 {
			text = append(text, all[i])
			x++
			continue
		}
		flush()
		same := 1 // blocks that fill their cells from side to side are one rectangle
		for wide == 1 && i+1 < len(all) && all[i+1] == all[i] {
			same, i = same+1, i+1
		}
		fmt.Fprintf(w, `<rect x="%.1f" y="%.1f" width="%.2f" height="%.2f" fill="%s" opacity="%.2f"/>`+"\n",
			margin+float64(x)*cellWidth, top+1+(1-tall)*(cellHeight-2), (wide+float64(same-1))*cellWidth, tall*(cellHeight-2), r.color, opacity)
		x += same
		start = x
	}
	flush()
	return x
}

// block says how much of its cell a block element of Unicode fills, from the left and from the bottom, and how densely; 0 for
// other characters.
func block(c rune) (wide, tall, opacity float64) {
	switch {
	case c == '░':
		return 1, 1, .25
	case c == '▒':
		return 1, 1, .5
	case c == '▓':
		return 1, 1, .75
	case c >= '▁' && c <= '█':
		return 1, float64(c-'▁'+1) / 8, 1
	case c >= '▉' && c <= '▏':
		return float64('▏'-c+1) / 8, 1, 1
	}
	return 0, 0, 0
}
