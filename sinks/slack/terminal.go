package slack

import (
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/slack-go/slack"
)

// Styles of a terminal, as ANSI sequences.
const (
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
	red   = "\x1b[38;5;203m"
	reset = "\x1b[0m"
)

// leastColumns is the narrowest terminal that is respected: below it a chart would break.
const leastColumns = 60

// Print draws the message roughly as Slack would, for a terminal of that many columns.
func (m Message) Print(w io.Writer, columns int, color bool) error {
	p := printer{bar: "│", columns: max(columns, leastColumns), color: color}
	for i, block := range m.Blocks {
		if i > 0 {
			p.line("", "")
		}
		switch block := block.(type) {
		case *slack.HeaderBlock:
			p.text(block.Text.Text, bold)
		case *slack.SectionBlock:
			p.marked(block.Text.Text, "")
		case *slack.ContextBlock:
			for _, e := range block.ContextElements.Elements {
				if t, ok := e.(*slack.TextBlockObject); ok {
					p.marked(t.Text, faint)
				}
			}
		}
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

type printer struct {
	out     strings.Builder
	bar     string
	columns int
	color   bool
}

func (p *printer) line(text, style string) {
	bar := p.bar
	if p.color {
		bar = red + "▌" + reset
		if style != "" {
			text = style + text + reset
		}
	}
	p.out.WriteString(strings.TrimRight(bar+" "+text, " ") + "\n")
}

// text breaks text at blanks; what belongs to a bullet stays below it. Data can't steer the terminal.
func (p *printer) text(text, style string) {
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		line = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return -1
			}
			return r
		}, line)
		indent := ""
		if strings.HasPrefix(line, "• ") || strings.HasPrefix(line, "ℹ ") || strings.HasPrefix(line, "⚠ ") {
			indent = "  "
		}
		for {
			head, rest := breakAt(line, p.columns-2)
			p.line(head, style)
			if rest == "" {
				break
			}
			line = indent + rest
		}
	}
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

var (
	// link is mrkdwn's: in data no < is left unescaped.
	link = regexp.MustCompile(`<([^|>]+)\|([^>]+)>`)
	// strong is text between stars at a line's beginning.
	strong = regexp.MustCompile(`^\*(.*?)\*(?:\s+(.*))?$`)
	signs  = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", ":warning:", "⚠", ":information_source:", "ℹ")
)

// marked prints the little mrkdwn that messages use.
func (p *printer) marked(text, style string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line == "```" {
			continue
		}
		plain := func(s string) string { return signs.Replace(link.ReplaceAllString(s, "$2: $1")) }
		parts := strong.FindStringSubmatch(line)
		if parts == nil {
			p.text(plain(line), style)
			continue
		}
		p.text(plain(parts[1]), bold)
		if parts[2] != "" {
			p.text(plain(parts[2]), style)
		}
	}
}
