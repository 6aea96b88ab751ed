package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"plumbline"
	"plumbline/internal/config"
	"plumbline/internal/pipeline"
	"plumbline/internal/secret"
	"plumbline/sinks"
	"plumbline/sinks/slack"
	"plumbline/sinks/webhook"
)

// giveUp is how long a delivery is tried: the schedule of the Standard Webhooks advice would go on for days, a page or a
// training a day late is worse than none.
const giveUp = 24 * time.Hour

// receivers builds a notifier for each place of each configured receiver.
func (a *App) receivers(c *config.Config) (map[string]sinks.Notifier, map[string][]pipeline.Place, error) {
	out, places := map[string]sinks.Notifier{}, map[string][]pipeline.Place{}
	add := func(receiver, kind string, i int, n sinks.Notifier, resolved bool) {
		name := fmt.Sprintf("%s/%s", receiver, kind)
		if i > 0 {
			name = fmt.Sprintf("%s-%d", name, i+1)
		}
		out[name] = n
		places[receiver] = append(places[receiver], pipeline.Place{Name: name, Resolved: resolved})
	}
	for _, r := range c.Receivers {
		if a.options.Notify != nil {
			add(r.Name, "shown", 0, a.options.Notify, r.SendsResolved())
			continue
		}
		if a.options.DryRun {
			add(r.Name, "printed", 0, &printer{w: a.options.Print, width: a.options.Width, color: a.options.Color}, r.SendsResolved())
			continue
		}
		for i, s := range r.SlackConfigs {
			n, err := slack.NewNotifier(slackConfig(s))
			if err != nil {
				return nil, nil, fmt.Errorf("receiver %s: slack: %w", r.Name, err)
			}
			add(r.Name, "slack", i, n, s.SendResolved)
		}
		for i, w := range r.WebhookConfigs {
			target, err := webhookConfig(w.URL, w.URLFile, w.Secret, w.Timeout, w.TLS, w.AllowPrivate)
			if err != nil {
				return nil, nil, fmt.Errorf("receiver %s: webhook: %w", r.Name, err)
			}
			n, err := webhook.NewNotifier(target)
			if err != nil {
				return nil, nil, fmt.Errorf("receiver %s: webhook: %w", r.Name, err)
			}
			add(r.Name, "webhook", i, n, w.SendResolved)
		}
	}
	return out, places, nil
}

func slackConfig(s config.SlackConfig) slack.Config {
	out := slack.Config{Channel: s.Channel, APIURL: s.BotAPIURL}
	if !s.APIURL.IsZero() {
		out.WebhookURL = s.APIURL.Get
	} else {
		out.BotToken = s.BotToken.Get
	}
	return out
}

func webhookConfig(url string, urlFile, signing secret.Ref, timeout time.Duration, t config.TLS, private bool) (webhook.Config, error) {
	out := webhook.Config{URL: url, Timeout: timeout, AllowPrivate: private, Now: time.Now}
	if url == "" {
		u, err := urlFile.Get()
		if err != nil {
			return out, err
		}
		out.URL = u
	}
	if t.On() {
		tc, err := clientTLS(t)
		if err != nil {
			return out, err
		}
		out.TLS = tc
	}
	if !signing.IsZero() {
		out.Secrets = func() ([]string, error) {
			s, err := signing.Get()
			if err != nil {
				return nil, err
			}
			return webhook.SplitSecrets(s), nil
		}
	}
	return out, nil
}

func triggerConfig(w *config.TriggerWebhook) (webhook.Config, error) {
	out, err := webhookConfig(w.URL, w.URLFile, w.Secret, w.Timeout, w.TLS, w.AllowPrivate)
	out.Headers = w.Headers
	if !w.Token.IsZero() {
		out.Bearer = w.Token.Get
	}
	return out, err
}

// CheckTriggers reports what is wrong with the templates of the triggers' bodies.
func CheckTriggers(c *config.Config) (problems plumbline.Problems) {
	for _, t := range c.Triggers {
		if t.Webhook == nil || t.Webhook.Body == "" {
			continue
		}
		if _, err := webhook.ParseBody(t.Webhook.Body); err != nil {
			problems = append(problems, c.Problem(&t.Webhook.Body, fmt.Sprintf("the trigger %q: %v", t.Name, err), "docs/triggers.md shows what a body may hold"))
		}
	}
	return problems
}

// pullers builds every trigger and its restraint.
func (a *App) pullers(c *config.Config) (map[string]sinks.Puller, map[string]pipeline.TriggerPolicy, error) {
	out, policies := map[string]sinks.Puller{}, map[string]pipeline.TriggerPolicy{}
	for _, t := range c.Triggers {
		policies[t.Name] = pipeline.TriggerPolicy{Cooldown: t.Cooldown, MaxCount: t.MaxPerWindow.Count, Window: t.MaxPerWindow.Window, DryRun: t.DryRun}
		target, err := triggerConfig(t.Webhook)
		if err != nil {
			return nil, nil, fmt.Errorf("trigger %s: %w", t.Name, err)
		}
		p, err := webhook.NewTrigger(target, c.Web.ExternalURL, t.Webhook.Body)
		if err != nil {
			return nil, nil, fmt.Errorf("trigger %s: %w", t.Name, err)
		}
		out[t.Name] = &dryRunner{next: p, render: p.Body, w: a.options.Print}
		if a.options.Pull != nil {
			out[t.Name] = a.options.Pull
		}
	}
	return out, policies, nil
}

// printer shows notifications instead of sending them.
type printer struct {
	mu    sync.Mutex
	w     io.Writer
	width int
	color bool
}

func (p *printer) Notify(_ context.Context, n sinks.Notification) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w == nil {
		return nil
	}
	fmt.Fprintf(p.w, "would notify %s (%s)\n", n.Receiver, n.Key)
	return slack.NewMessage(n).Print(p.w, max(p.width, 60), p.color)
}

// dryRunner prints requests that are dry runs and sends the others.
type dryRunner struct {
	mu     sync.Mutex
	next   sinks.Puller
	render func(sinks.TriggerRequest) ([]byte, string, error)
	w      io.Writer
}

func (d *dryRunner) Pull(ctx context.Context, r sinks.TriggerRequest) error {
	if !r.DryRun {
		return d.next.Pull(ctx, r)
	}
	body, _, err := d.render(r)
	if err != nil {
		return &sinks.Permanent{Err: err}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.w != nil {
		fmt.Fprintf(d.w, "would pull the trigger %s (%s)\n", r.Trigger, r.Key)
		var compact json.RawMessage = body
		fmt.Fprintf(d.w, "%s\n", compact)
	}
	return nil
}

// routes turns the configuration's tree into the pipeline's.
func routes(r *config.Route) (*pipeline.Route, error) {
	if r == nil {
		return nil, nil
	}
	out := &pipeline.Route{Receiver: r.Receiver, GroupBy: r.GroupBy, GroupWait: r.GroupWait, GroupInterval: r.GroupInterval, RepeatInterval: r.RepeatInterval, Continue: r.Continue}
	for _, m := range r.Matchers {
		parsed, err := pipeline.ParseMatcher(m)
		if err != nil {
			return nil, err
		}
		out.Matchers = append(out.Matchers, parsed)
	}
	for i := range r.Routes {
		child, err := routes(&r.Routes[i])
		if err != nil {
			return nil, err
		}
		out.Routes = append(out.Routes, child)
	}
	return out, nil
}
