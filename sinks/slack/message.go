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

// Slack takes 50 blocks, 150 characters in a header, 3,000 in a section, and in all of a message, without saying so, about 13,000.
// Ours are such that their sum stays below.
const (
	maxHeader  = 150
	maxAlert   = 1300 // one alert with its evidence
	maxPicture = 480
	maxTodo    = 1500
	maxFooter  = 800
	maxOthers  = 900
	maxLink    = 500

	maxAlerts   = 5 // told in full; the rest by name
	maxNames    = 30
	maxEvidence = 8 // lines of one alert
	maxExpr     = 200
)

// Message is what Slack shows: blocks, and the text for notifications and screen readers.
type Message struct {
	Text   string // as mrkdwn
	Blocks []slack.Block
}

// NewMessage says what moved, by how much, against what, since when, on how many records, and what to do.
func NewMessage(n sinks.Notification) Message {
	if len(n.Alerts) == 0 {
		return Message{Text: "plumbline: a notification without alerts"}
	}
	alerts := append([]plumbline.Alert(nil), n.Alerts...)
	sort.SliceStable(alerts, func(i, j int) bool { return weight(alerts[i]) > weight(alerts[j]) })
	title := headline(n, alerts)
	m := Message{Text: cut(escape(title), maxOthers), Blocks: []slack.Block{slack.NewHeaderBlock(plain(cut(title, maxHeader)))}}
	over := n.Edge == plumbline.EdgeResolved
	for i, a := range alerts {
		if i == maxAlerts {
			m.add(fmt.Sprintf("*and %s more:* %s", Count(float64(len(alerts)-i)), escape(names(alerts[i:]))), maxOthers)
			break
		}
		m.add(describe(a, n), maxAlert)
		if picture := chart(a); picture != "" && !over {
			m.add("```\n"+cut(escape(picture), maxPicture-8)+"\n```", maxPicture)
		}
	}
	if todo := advice(alerts); todo != "" && !over {
		m.add("*What to do*  "+escape(todo), maxTodo)
	}
	if l := links(alerts, n); l != "" {
		m.add(l, 3*maxLink+100)
	}
	m.Blocks = append(m.Blocks, slack.NewContextBlock("", mrkdwn(cut(footer(alerts[0], n), maxFooter))))
	return m
}

func (m *Message) add(text string, most int) {
	m.Blocks = append(m.Blocks, slack.NewSectionBlock(mrkdwn(cut(text, most)), nil, nil))
}

// headline is like FIRING critical · flights-delay · InputDrift (3).
func headline(n sinks.Notification, alerts []plumbline.Alert) string {
	state := map[plumbline.Edge]string{plumbline.EdgeFiring: "FIRING", plumbline.EdgeRepeat: "STILL FIRING", plumbline.EdgeResolved: "RESOLVED"}[n.Edge]
	if n.DryRun {
		state = "DRY RUN · " + state
	}
	if severity := common(alerts, func(a plumbline.Alert) string { return a.Labels["severity"] }, ""); severity != "" && n.Edge != plumbline.EdgeResolved {
		state += " " + severity
	}
	parts := []string{state}
	if model := common(alerts, func(a plumbline.Alert) string { return a.Labels["model"] }, "several models"); model != "" {
		parts = append(parts, model)
	}
	name := common(alerts, func(a plumbline.Alert) string { return a.Name }, "several rules")
	if len(alerts) > 1 {
		name += fmt.Sprintf(" (%d)", len(alerts))
	} else if s := subject(alerts[0]); s != "" {
		name += " · " + s
	}
	return strings.Join(append(parts, name), " · ")
}

// common is what all alerts have, or several.
func common(alerts []plumbline.Alert, of func(plumbline.Alert) string, several string) string {
	first := of(alerts[0])
	for _, a := range alerts[1:] {
		if of(a) != first {
			return several
		}
	}
	return first
}

func subject(a plumbline.Alert) string {
	s := a.Labels["feature"]
	if slice := a.Labels["slice"]; slice != "" {
		s = strings.TrimSpace(s + " in " + slice)
	}
	return s
}

// describe is one alert: its summary in bold, how long it lasts, and the numbers it rests on.
func describe(a plumbline.Alert, n sinks.Notification) string {
	var b strings.Builder
	summary := a.Annotations["summary"]
	if summary == "" || n.Edge == plumbline.EdgeResolved { // the summary tells of numbers that are over
		summary = strings.TrimSpace(a.Name + " " + subject(a))
	}
	fmt.Fprintf(&b, "*%s*\n%s", escape(strings.TrimSpace(summary)), lasting(a, n))
	lines := Evidence(a)
	for i, l := range lines {
		if i == maxEvidence {
			fmt.Fprintf(&b, "\n• and %d more", len(lines)-i)
			break
		}
		fmt.Fprintf(&b, "\n• %s", escape(l))
	}
	if a.Reason != "" {
		fmt.Fprintf(&b, "\n:warning: %s", escape(a.Reason))
	}
	for _, c := range Caveats(a) {
		fmt.Fprintf(&b, "\n:information_source: %s", escape(c))
	}
	if a.AutoBase {
		b.WriteString("\n:information_source: the baseline was made from the first records seen, not from training data: make one with `plumbline baseline build`")
	}
	return b.String()
}

// lasting is like since 2013-04-01 00:00 UTC (1d), as of 2013-04-02 00:00 UTC.
func lasting(a plumbline.Alert, n sinks.Notification) string {
	if n.Edge == plumbline.EdgeResolved {
		return fmt.Sprintf("fired %s, over %s, after %s", stamp(a.FiredAt), stamp(a.ResolvedAt), Span(a.ResolvedAt.Sub(a.FiredAt)))
	}
	if d := n.At.Sub(a.ActiveAt); d > 0 {
		return fmt.Sprintf("since %s (%s), as of %s", stamp(a.ActiveAt), Span(d), stamp(n.At))
	}
	return "since " + stamp(a.ActiveAt)
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

// links are plain links: a button would ask the app for an answer that nobody gives.
func links(alerts []plumbline.Alert, n sinks.Notification) string {
	var out []string
	add := func(text, url string) {
		if (strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")) && len(url) <= maxLink {
			out = append(out, "<"+strings.NewReplacer("&", "&amp;", "<", "%3C", ">", "%3E", "|", "%7C", " ", "%20", "\n", "").Replace(url)+"|"+text+">")
		}
	}
	for _, l := range []struct{ text, annotation string }{{"Runbook", "runbook_url"}, {"Dashboard", "dashboard"}} {
		for _, a := range alerts {
			if url := a.Annotations[l.annotation]; url != "" {
				add(l.text, url)
				break
			}
		}
	}
	add("plumbline", n.ExternalURL)
	return strings.Join(out, "   ")
}

// footer says where the message comes from, so that anyone can find the rule and recognise a duplicate.
func footer(a plumbline.Alert, n sinks.Notification) string {
	var parts []string
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	add(escape(cut(a.Source, maxExpr)))
	if a.Expr != "" {
		add("`" + escape(cut(strings.ReplaceAll(strings.Join(strings.Fields(a.Expr), " "), "`", "'"), maxExpr)) + "`")
	}
	if v := a.Labels["version"]; v != "" {
		add("model version " + escape(cut(v, maxLabel)))
	}
	if a.BaselineID != "" {
		add("baseline " + escape(cut(strings.TrimPrefix(a.BaselineID, "sha256:"), 12)))
	}
	if n.Edge == plumbline.EdgeFiring && a.Trigger != "" {
		add("asks for trigger " + escape(cut(a.Trigger, maxLabel)))
	}
	add(escape(n.Key))
	return strings.Join(parts, "  ·  ")
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

// escape takes the meaning from the three characters Slack gives one: without them data can neither link nor mention. Nor can it
// begin a block of code.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "```", "'''").Replace(s)
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
