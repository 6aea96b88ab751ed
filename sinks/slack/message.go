package slack

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"plumbline"
	"plumbline/sinks"
)

// Slack's limits, and ours below them.
const (
	maxHeader  = 150
	maxSection = 2900
	maxAlerts  = 5 // told in full; the rest by name
	maxNames   = 30
)

// Message is what Slack shows: blocks, and the text for notifications and screen readers.
type Message struct {
	Text   string
	Blocks []slack.Block
}

// NewMessage says what moved, by how much, against what, since when, on how many records, and what to do.
func NewMessage(n sinks.Notification) Message {
	if len(n.Alerts) == 0 {
		return Message{Text: "plumbline: a notification without alerts"}
	}
	title := headline(n)
	m := Message{Text: title, Blocks: []slack.Block{slack.NewHeaderBlock(plain(cut(title, maxHeader)))}}
	alerts := append([]plumbline.Alert(nil), n.Alerts...)
	sort.SliceStable(alerts, func(i, j int) bool { return weight(alerts[i]) > weight(alerts[j]) })
	for i, a := range alerts {
		if i == maxAlerts {
			m.add(mrkdwn("*and* " + escape(names(alerts[i:]))))
			break
		}
		m.add(mrkdwn(describe(a, n)))
		if picture := chart(a); picture != "" && n.Edge != plumbline.EdgeResolved {
			m.add(mrkdwn("```\n" + escape(picture) + "\n```"))
		}
	}
	if todo := advice(alerts); todo != "" && n.Edge != plumbline.EdgeResolved {
		m.add(mrkdwn("*What to do*  " + escape(todo)))
	}
	if buttons := links(alerts, n); len(buttons) > 0 {
		m.Blocks = append(m.Blocks, slack.NewActionBlock("", buttons...))
	}
	m.Blocks = append(m.Blocks, slack.NewContextBlock("", mrkdwn(footer(alerts[0], n))))
	return m
}

func (m *Message) add(text *slack.TextBlockObject) {
	text.Text = cut(text.Text, maxSection)
	m.Blocks = append(m.Blocks, slack.NewSectionBlock(text, nil, nil))
}

// headline is like FIRING · flights-delay · InputDrift (3).
func headline(n sinks.Notification) string {
	state := map[plumbline.Edge]string{plumbline.EdgeFiring: "FIRING", plumbline.EdgeRepeat: "STILL FIRING", plumbline.EdgeResolved: "RESOLVED"}[n.Edge]
	if n.DryRun {
		state = "DRY RUN · " + state
	}
	parts := []string{state}
	a := n.Alerts[0]
	if model := a.Labels["model"]; model != "" {
		parts = append(parts, model)
	}
	name := a.Name
	for _, b := range n.Alerts[1:] {
		if b.Name != name {
			name = "several rules"
			break
		}
	}
	if len(n.Alerts) > 1 {
		name += fmt.Sprintf(" (%d)", len(n.Alerts))
	} else if f := subject(a); f != "" {
		name += " · " + f
	}
	return strings.Join(append(parts, name), " · ")
}

func subject(a plumbline.Alert) string {
	s := a.Labels["feature"]
	if slice := a.Labels["slice"]; slice != "" {
		s = strings.TrimSpace(s + " in " + slice)
	}
	return s
}

// describe is one alert: its summary in bold, then each number it rests on.
func describe(a plumbline.Alert, n sinks.Notification) string {
	var b strings.Builder
	summary := a.Annotations["summary"]
	if summary == "" {
		summary = strings.TrimSpace(a.Name + " " + subject(a))
	}
	fmt.Fprintf(&b, "*%s*", escape(summary))
	if n.Edge == plumbline.EdgeResolved {
		fmt.Fprintf(&b, "\nfired %s, resolved %s after %s", stamp(a.FiredAt), stamp(a.ResolvedAt), Span(a.ResolvedAt.Sub(a.FiredAt)))
	} else {
		fmt.Fprintf(&b, "\nsince %s", stamp(a.ActiveAt))
	}
	for _, f := range Evidence(a) {
		fmt.Fprintf(&b, "\n• %s", escape(f))
	}
	if a.Reason != "" {
		fmt.Fprintf(&b, "\n:warning: %s", escape(a.Reason))
	}
	if a.AutoBase {
		b.WriteString("\n:information_source: The baseline was made from the first records seen, not from training data: build one with `plumbline baseline build`.")
	}
	return b.String()
}

// advice is the first description among the alerts.
func advice(alerts []plumbline.Alert) string {
	for _, a := range alerts {
		if d := a.Annotations["description"]; d != "" {
			return d
		}
	}
	return ""
}

func names(alerts []plumbline.Alert) string {
	var out []string
	for i, a := range alerts {
		if i == maxNames {
			out = append(out, fmt.Sprintf("%d more", len(alerts)-i))
			break
		}
		out = append(out, strings.TrimSpace(a.Name+" "+subject(a)))
	}
	return strings.Join(out, ", ")
}

func links(alerts []plumbline.Alert, n sinks.Notification) []slack.BlockElement {
	var out []slack.BlockElement
	for _, l := range []struct{ text, annotation string }{{"Runbook", "runbook_url"}, {"Dashboard", "dashboard"}} {
		if url := alerts[0].Annotations[l.annotation]; strings.HasPrefix(url, "http") {
			out = append(out, slack.NewButtonBlockElement("", "", plain(l.text)).WithURL(url))
		}
	}
	if strings.HasPrefix(n.ExternalURL, "http") {
		out = append(out, slack.NewButtonBlockElement("", "", plain("plumbline")).WithURL(n.ExternalURL))
	}
	return out
}

// footer says where the message comes from, so that anyone can find the rule and recognise a duplicate.
func footer(a plumbline.Alert, n sinks.Notification) string {
	parts := []string{escape(a.Source), escape("`" + a.Expr + "`")}
	if v := a.Labels["version"]; v != "" {
		parts = append(parts, "model version "+escape(v))
	}
	if a.BaselineID != "" {
		parts = append(parts, "baseline "+escape(cut(a.BaselineID, 12)))
	}
	if n.Edge == plumbline.EdgeFiring && a.Trigger != "" {
		parts = append(parts, "pulls trigger "+escape(a.Trigger))
	}
	return cut(strings.Join(append(parts, n.Key), "  ·  "), maxSection)
}

// weight orders alerts: the largest shift first.
func weight(a plumbline.Alert) float64 {
	w := 0.0
	for _, f := range a.Findings {
		if f.SD != nil {
			w = max(w, *f.SD, -*f.SD)
		}
	}
	return w
}

// escape takes the meaning from the three characters Slack gives one: without them data can neither link nor mention.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func plain(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func mrkdwn(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, true)
}

// cut shortens to at most n bytes, at a character's border.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n -= len("…"); n > 0 && s[n]&0xc0 == 0x80; {
		n--
	}
	return s[:n] + "…"
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
