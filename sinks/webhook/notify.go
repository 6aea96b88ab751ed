package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline"
	"plumbline/sinks"
)

// Message is the body of a notification: version 4 of Alertmanager's webhook, so that its receivers understand it.
type Message struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	Receiver          string            `json:"receiver"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            []MessageAlert    `json:"alerts"`
}

// MessageAlert is one alert of a Message. Findings is ours: the statistics, without their histograms.
type MessageAlert struct {
	Status       string              `json:"status"`
	Labels       map[string]string   `json:"labels"`
	Annotations  map[string]string   `json:"annotations"`
	StartsAt     time.Time           `json:"startsAt"` // when it fired, as Prometheus says it
	EndsAt       time.Time           `json:"endsAt"`   // zero while it fires
	GeneratorURL string              `json:"generatorURL"`
	Fingerprint  string              `json:"fingerprint"`
	Findings     []plumbline.Finding `json:"findings,omitempty"`
}

// Notifier sends notifications. It implements sinks.Notifier.
type Notifier struct{ client *client }

// NewNotifier makes a notifier for one destination.
func NewNotifier(c Config) (*Notifier, error) {
	cl, err := newClient(c)
	if err != nil {
		return nil, err
	}
	return &Notifier{cl}, nil
}

// Notify implements sinks.Notifier.
func (n *Notifier) Notify(ctx context.Context, note sinks.Notification) error {
	body, err := fit(NewMessage(note))
	if err != nil {
		return &sinks.Permanent{Err: fmt.Errorf("marshal the notification: %w", err)}
	}
	return n.client.post(ctx, note.Key, body, map[string]string{"Content-Type": "application/json"})
}

// fit marshals a message of at most maxBody bytes: better fewer details, then fewer alerts and their number, than none.
func fit(m Message) ([]byte, error) {
	for {
		body, err := json.Marshal(m)
		if err != nil || len(body) <= maxBody || len(m.Alerts) == 0 {
			return body, err
		}
		if m.dropFindings() || m.shortenTexts() {
			continue
		}
		keep := len(m.Alerts) / 2
		m.TruncatedAlerts += len(m.Alerts) - keep
		m.Alerts = m.Alerts[:keep]
	}
}

func (m *Message) dropFindings() (dropped bool) {
	for i := range m.Alerts {
		dropped = dropped || m.Alerts[i].Findings != nil
		m.Alerts[i].Findings = nil
	}
	return dropped
}

// maxText is what is left of an annotation in a message that would be too long.
const maxText = 1000

func (m *Message) shortenTexts() (shortened bool) {
	shorten := func(texts map[string]string) {
		for k, v := range texts {
			if len(v) > maxText+len("…") {
				texts[k], shortened = strings.ToValidUTF8(v[:maxText], "")+"…", true
			}
		}
	}
	shorten(m.CommonAnnotations)
	for _, a := range m.Alerts {
		shorten(a.Annotations)
	}
	return shortened
}

// NewMessage renders a notification.
func NewMessage(note sinks.Notification) Message {
	m := Message{Version: "4", GroupKey: groupKey(note.GroupLabels), Status: status(note.Edge), Receiver: note.Receiver, GroupLabels: copyOf(note.GroupLabels),
		CommonLabels: map[string]string{}, CommonAnnotations: map[string]string{}, ExternalURL: note.ExternalURL, Alerts: []MessageAlert{}}
	for i, a := range note.Alerts {
		x := MessageAlert{Status: m.Status, Labels: copyOf(a.Labels), Annotations: copyOf(a.Annotations), StartsAt: a.FiredAt.UTC(),
			GeneratorURL: note.ExternalURL, Fingerprint: fingerprint(a.Labels), Findings: thin(a.Findings)}
		if note.Edge == plumbline.EdgeResolved {
			x.EndsAt = a.ResolvedAt.UTC()
		}
		m.Alerts = append(m.Alerts, x)
		if i == 0 {
			m.CommonLabels, m.CommonAnnotations = copyOf(a.Labels), copyOf(a.Annotations)
			continue
		}
		intersect(m.CommonLabels, a.Labels)
		intersect(m.CommonAnnotations, a.Annotations)
	}
	return m
}

// groupKey is the same for all notifications of a group, as receivers expect that match an end with its beginning.
func groupKey(labels map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s=%q", name, labels[name])
	}
	return "{}:{" + b.String() + "}"
}

// fingerprint is Prometheus' of a label set: FNV-1a over names and values in order, each closed by the byte 255.
func fingerprint(labels map[string]string) string {
	h := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(h, "%s\xff%s\xff", name, labels[name])
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// thin leaves the histograms out: the numbers, not the picture.
func thin(findings []plumbline.Finding) []plumbline.Finding {
	out := slices.Clone(findings)
	for i := range out {
		out[i].Bins = nil
	}
	return out
}

func status(e plumbline.Edge) string {
	if e == plumbline.EdgeResolved {
		return "resolved"
	}
	return "firing"
}

// copyOf is never nil, so that JSON has an object.
func copyOf(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	maps.Copy(out, m)
	return out
}

func intersect(common, with map[string]string) {
	for k, v := range common {
		if with[k] != v {
			delete(common, k)
		}
	}
}
