package config

import (
	"fmt"
	"strings"
	"time"

	"plumbline"
	"plumbline/internal/secret"
)

// Trigger asks a training pipeline to do its work when a rule says so.
type Trigger struct {
	Name         string          `yaml:"name"`
	Webhook      *TriggerWebhook `yaml:"webhook"`
	Preset       string          `yaml:"preset"`
	Cooldown     time.Duration   `yaml:"cooldown"` // least time between two pulls for one model
	MaxPerWindow MaxPerWindow    `yaml:"max_per_window"`
	DryRun       bool            `yaml:"dry_run"` // write down what would be sent, and send nothing
}

// MaxPerWindow bounds the pulls for one model; Count 0 is no bound.
type MaxPerWindow struct {
	Count  int           `yaml:"count"`
	Window time.Duration `yaml:"window"`
}

// TriggerWebhook is a signed HTTP request.
type TriggerWebhook struct {
	URL     string            `yaml:"url"`
	URLFile secret.Ref        `yaml:"url_file"`
	Secret  secret.Ref        `yaml:"secret_file,alt=secret"` // signs the request as Standard Webhooks does
	Token   secret.Ref        `yaml:"bearer_token_file,alt=bearer_token"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"` // a template; a CloudEvent if empty
	Timeout time.Duration     `yaml:"timeout"`
	// AllowPrivate lets the host's name resolve to a private address.
	AllowPrivate bool `yaml:"allow_private"`
	TLS          TLS  `yaml:"tls"`
}

// SetDefaults implements strictyaml.Defaulter.
func (t *Trigger) SetDefaults() {
	t.Cooldown, t.MaxPerWindow = 24*time.Hour, MaxPerWindow{Count: 2, Window: 7 * 24 * time.Hour}
}

// SetDefaults implements strictyaml.Defaulter.
func (w *TriggerWebhook) SetDefaults() { w.Timeout = 15 * time.Second }

func (c *Config) checkTriggers(k *check) {
	var names []*string
	for i := range c.Triggers {
		t := &c.Triggers[i]
		names = append(names, &t.Name)
		if t.Preset != "" {
			k.fail(&t.Preset, "presets are not available in this version", "use webhook, with headers and body as the pipeline wants them")
		} else if t.Webhook == nil {
			k.missing(t, fmt.Sprintf("the trigger %q has no webhook", t.Name), "add webhook: {url: …, secret_file: …}")
		}
		k.between(&t.Cooldown, "cooldown", 0, 365*24*time.Hour)
		k.atLeast(&t.MaxPerWindow.Count, "count", 0)
		if t.MaxPerWindow.Count > 0 {
			k.between(&t.MaxPerWindow.Window, "window", time.Minute, 365*24*time.Hour)
		}
		if t.Webhook != nil {
			t.Webhook.check(k)
		}
	}
	k.unique("trigger", names)
}

func (w *TriggerWebhook) check(k *check) {
	k.target(&w.URL, &w.URLFile)
	k.secret(&w.Secret, "secret_file")
	k.secret(&w.Token, "bearer_token_file")
	k.between(&w.Timeout, "timeout", time.Second, 5*time.Minute)
	w.TLS.check(k)
	for name, value := range w.Headers {
		line, col := k.doc.MapKeyAt(&w.Headers, name)
		at := func(message, hint string) {
			k.problems = append(k.problems, k.doc.ProblemAt(line, col, plumbline.SeverityError, message, hint))
			k.problems[len(k.problems)-1].Excerpt = ""
		}
		switch lower := strings.ToLower(name); {
		case strings.ContainsAny(name, " :\r\n\t") || name == "" || strings.ContainsAny(value, "\r\n"):
			at(fmt.Sprintf("%q is not a header", name), "a name has no blanks or colons, a value no line breaks")
		case lower == "authorization" || lower == "cookie" || strings.Contains(lower, "token") || strings.Contains(lower, "api-key"):
			if !k.doc.FromEnv(&w.Headers, name) {
				at("the header "+name+" is a secret and must not stand in the configuration", "use bearer_token_file, or write "+name+`: "${VARIABLE}"`)
			}
		case strings.HasPrefix(lower, "webhook-"):
			at("the header "+name+" is set by the signature", "choose another name")
		}
	}
}
