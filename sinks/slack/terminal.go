package slack

import (
	"fmt"
	"io"
	"strings"

	"github.com/slack-go/slack"
)

// Print draws the message roughly as Slack would, for a terminal of that many columns.
func (m Message) Print(w io.Writer, columns int, color bool) error {
	var b strings.Builder
	bar := "│ "
	if color {
		bar = "\x1b[38;5;203m▌\x1b[0m "
	}
	for _, block := range m.Blocks {
		switch block := block.(type) {
		case *slack.HeaderBlock:
			write(&b, bar, strong(block.Text.Text, color), columns)
		case *slack.SectionBlock:
			write(&b, bar, unmark(block.Text.Text, color), columns)
		case *slack.ContextBlock:
			for _, e := range block.ContextElements.Elements {
				if t, ok := e.(*slack.TextBlockObject); ok {
					write(&b, bar, faint(unmark(t.Text, false), color), columns)
				}
			}
		case *slack.ActionBlock:
			var buttons []string
			for _, e := range block.Elements.ElementSet {
				if button, ok := e.(*slack.ButtonBlockElement); ok {
					buttons = append(buttons, "["+button.Text.Text+"]")
				}
			}
			write(&b, bar, strings.Join(buttons, " "), columns)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// write breaks text at spaces to the width, after the bar.
func write(b *strings.Builder, bar, text string, columns int) {
	for _, line := range strings.Split(strings.Trim(text, "\n"), "\n") {
		indent := ""
		if strings.HasPrefix(line, "• ") {
			indent = "  "
		}
		for first := true; ; first = false {
			room := max(20, columns-4)
			if !first {
				line = indent + line
			}
			head, rest := breakAt(line, room)
			fmt.Fprintf(b, "%s%s\n", bar, head)
			if rest == "" {
				break
			}
			line = rest
		}
	}
	fmt.Fprintln(b, strings.TrimRight(bar, " "))
}

func breakAt(line string, room int) (head, rest string) {
	runes := []rune(line)
	if len(runes) <= room {
		return line, ""
	}
	at := room
	for at > room/2 && runes[at] != ' ' {
		at--
	}
	if runes[at] != ' ' {
		at = room
	}
	return string(runes[:at]), strings.TrimLeft(string(runes[at:]), " ")
}

// unmark renders the little mrkdwn that messages use.
func unmark(s string, color bool) string {
	s = strings.NewReplacer("```\n", "", "\n```", "", "&lt;", "<", "&gt;", ">", "&amp;", "&", ":warning:", "⚠", ":information_source:", "ℹ").Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if rest, ok := strings.CutPrefix(l, "*"); ok {
			if bold, tail, ok := strings.Cut(rest, "*"); ok {
				lines[i] = strong(bold, color) + tail
			}
		}
	}
	return strings.Join(lines, "\n")
}

func strong(s string, color bool) string {
	if color {
		return "\x1b[1m" + s + "\x1b[0m"
	}
	return s
}

func faint(s string, color bool) string {
	if color {
		return "\x1b[2m" + strings.ReplaceAll(s, "\n", "\x1b[0m\n\x1b[2m") + "\x1b[0m"
	}
	return s
}
