package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"plumbline"
	"plumbline/sinks"
)

// EventType is the CloudEvents type of a retraining request.
const EventType = "plumbline.retrain.requested.v1"

// Event is a structured CloudEvent 1.0.
type Event struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject,omitempty"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            Request   `json:"data"`
}

// Request is what a training pipeline needs to know. It holds no records.
type Request struct {
	Trigger     string              `json:"trigger"`
	Model       string              `json:"model"`
	Version     string              `json:"version,omitempty"`
	Slice       string              `json:"slice,omitempty"`
	Alert       string              `json:"alert"`
	Rule        string              `json:"rule"`
	Summary     string              `json:"summary,omitempty"`
	Labels      map[string]string   `json:"labels"`
	Episode     Episode             `json:"episode"`
	Findings    []plumbline.Finding `json:"findings"`
	Baseline    string              `json:"baseline,omitempty"`
	AutoBase    bool                `json:"auto_baseline,omitempty"`
	Dataset     *Dataset            `json:"dataset,omitempty"`
	Idempotency string              `json:"idempotency_key"`
	DryRun      bool                `json:"dry_run,omitempty"`
}

// Episode is one life of an alert.
type Episode struct {
	ID      string    `json:"id"` // the same for every trigger that the episode pulls
	Started time.Time `json:"started"`
	Fired   time.Time `json:"fired"`
}

// Dataset names the rows the alert rests on: what to query, not the rows.
type Dataset struct {
	Model   string    `json:"model"`
	Version string    `json:"version,omitempty"`
	Slice   string    `json:"slice,omitempty"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
}

// NewEvent describes a request. source is the CloudEvents source: who asks; empty is plumbline.
func NewEvent(r sinks.TriggerRequest, source string) Event {
	a := r.Alert
	q := Request{
		Trigger: r.Trigger, Model: a.Labels["model"], Version: a.Labels["version"], Slice: a.Labels["slice"], Alert: a.Name, Rule: a.Source,
		Summary: a.Annotations["summary"], Labels: copyOf(a.Labels), Episode: Episode{ID: episodeID(a), Started: a.ActiveAt.UTC(), Fired: a.FiredAt.UTC()},
		Findings: append([]plumbline.Finding{}, thin(a.Findings)...),
		Baseline: a.BaselineID, AutoBase: a.AutoBase, Idempotency: r.Key, DryRun: r.DryRun,
	}
	for _, f := range q.Findings {
		if q.Version == "" {
			q.Version = f.Version
		}
	}
	if len(q.Findings) > 0 {
		w := q.Findings[0].Window
		q.Dataset = &Dataset{Model: q.Model, Version: q.Version, Slice: q.Slice, From: w.From.UTC(), To: w.To.UTC()}
	}
	if source == "" {
		source = "plumbline"
	}
	return Event{SpecVersion: "1.0", ID: r.Key, Source: source, Type: EventType, Subject: q.Model, Time: r.At.UTC(), DataContentType: "application/json", Data: q}
}

func episodeID(a plumbline.Alert) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %d", a.Rule, fingerprint(a.Labels), a.ActiveAt.UnixNano())
	return "ep_" + hex.EncodeToString(h.Sum(nil)[:8])
}

// Trigger pulls a training pipeline. It implements sinks.Puller.
type Trigger struct {
	client *client
	source string
	body   *Body
}

// NewTrigger makes a trigger. body, if not empty, is a template that replaces the body; see ParseBody. source is the CloudEvents
// source.
func NewTrigger(c Config, source, body string) (*Trigger, error) {
	cl, err := newClient(c)
	if err != nil {
		return nil, err
	}
	t := &Trigger{client: cl, source: source}
	if body != "" {
		if t.body, err = ParseBody(body); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Body renders what is sent and its content type.
func (t *Trigger) Body(r sinks.TriggerRequest) (body []byte, contentType string, err error) {
	e := NewEvent(r, t.source)
	body, err = json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, "", fmt.Errorf("marshal the event: %w", err)
	}
	if t.body == nil {
		return body, "application/cloudevents+json; charset=utf-8", nil
	}
	var members map[string]any // plain values: a template can call no method
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, "", fmt.Errorf("read the event back: %w", err)
	}
	if body, err = t.body.Render(members); err != nil {
		return nil, "", err
	}
	if !json.Valid(body) && !t.client.has("Content-Type") {
		return nil, "", errors.New("the rendered body is not JSON: put texts through json, as in {{ json .data.summary }}, or give headers another Content-Type")
	}
	return body, "application/json; charset=utf-8", nil
}

// Pull implements sinks.Puller.
func (t *Trigger) Pull(ctx context.Context, r sinks.TriggerRequest) error {
	body, contentType, err := t.Body(r)
	if err != nil {
		return &sinks.Permanent{Err: err}
	}
	headers := map[string]string{"Content-Type": contentType}
	if t.body != nil { // binary mode: the event's context travels in headers
		e := NewEvent(r, t.source)
		for k, v := range map[string]string{"ce-specversion": e.SpecVersion, "ce-id": e.ID, "ce-source": e.Source, "ce-type": e.Type, "ce-time": e.Time.Format(time.RFC3339)} {
			headers[k] = v
		}
	}
	return t.client.post(ctx, r.Key, body, headers)
}
