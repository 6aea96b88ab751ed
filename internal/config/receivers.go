package config

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"plumbline/internal/secret"
	"plumbline/internal/strictyaml"
)

// Route is a node of the routing tree, in Alertmanager's words. After Load every node holds its own effective values.
type Route struct {
	Receiver            string        `yaml:"receiver"`
	Matchers            []string      `yaml:"matchers"` // like severity="page", team=~"a|b"
	Continue            bool          `yaml:"continue"`
	GroupBy             []string      `yaml:"group_by"` // [...] groups by all labels
	GroupWait           time.Duration `yaml:"group_wait"`
	GroupInterval       time.Duration `yaml:"group_interval"`
	RepeatInterval      time.Duration `yaml:"repeat_interval"`
	MuteTimeIntervals   []string      `yaml:"mute_time_intervals"`
	ActiveTimeIntervals []string      `yaml:"active_time_intervals"`
	Routes              []Route       `yaml:"routes"`
}

func defaultRoute() *Route {
	return &Route{GroupWait: 30 * time.Second, GroupInterval: 5 * time.Minute, RepeatInterval: 4 * time.Hour}
}

// inherit fills what was not written from the parent.
func (r *Route) inherit(doc *strictyaml.Document, parent *Route) {
	if r.Receiver == "" {
		r.Receiver = parent.Receiver
	}
	if r.GroupBy == nil {
		r.GroupBy = parent.GroupBy
	}
	if !doc.Has(&r.GroupWait) {
		r.GroupWait = parent.GroupWait
	}
	if !doc.Has(&r.GroupInterval) {
		r.GroupInterval = parent.GroupInterval
	}
	if !doc.Has(&r.RepeatInterval) {
		r.RepeatInterval = parent.RepeatInterval
	}
	for i := range r.Routes {
		r.Routes[i].inherit(doc, r)
	}
}

// Receiver is a set of places that are told of alerts.
type Receiver struct {
	Name                string               `yaml:"name"`
	SlackConfigs        []SlackConfig        `yaml:"slack_configs"`
	WebhookConfigs      []WebhookConfig      `yaml:"webhook_configs"`
	AlertmanagerConfigs []AlertmanagerConfig `yaml:"alertmanager_configs"`
	EmailConfigs        []EmailConfig        `yaml:"email_configs"`
}

// SendsResolved reports whether any place of the receiver is told when an alert is over.
func (r Receiver) SendsResolved() bool {
	for _, c := range r.SlackConfigs {
		if c.SendResolved {
			return true
		}
	}
	for _, c := range r.WebhookConfigs {
		if c.SendResolved {
			return true
		}
	}
	return false
}

// SlackConfig posts to Slack, through an incoming webhook (APIURL) or as an app (BotToken).
type SlackConfig struct {
	APIURL       secret.Ref `yaml:"api_url_file,alt=api_url"`
	BotToken     secret.Ref `yaml:"bot_token_file,alt=bot_token"`
	BotAPIURL    string     `yaml:"bot_api_url"` // of Slack's Web API, for a proxy in front of it
	Channel      string     `yaml:"channel"`
	SendResolved bool       `yaml:"send_resolved"`
}

// SetDefaults implements strictyaml.Defaulter.
func (c *SlackConfig) SetDefaults() {
	*c = SlackConfig{SendResolved: true, BotAPIURL: "https://slack.com/api/"}
}

// WebhookConfig posts JSON.
type WebhookConfig struct {
	URL          string        `yaml:"url"`
	URLFile      secret.Ref    `yaml:"url_file"` // a URL that holds credentials
	Secret       secret.Ref    `yaml:"secret_file,alt=secret"`
	Timeout      time.Duration `yaml:"timeout"`
	SendResolved bool          `yaml:"send_resolved"`
	AllowPrivate bool          `yaml:"allow_private"` // the host's name may resolve to a private address
	TLS          TLS           `yaml:"tls"`
}

// SetDefaults implements strictyaml.Defaulter.
func (c *WebhookConfig) SetDefaults() { c.SendResolved, c.Timeout = true, 15*time.Second }

// AlertmanagerConfig hands alerts to an Alertmanager.
type AlertmanagerConfig struct {
	URL          string     `yaml:"url"`
	BearerToken  secret.Ref `yaml:"bearer_token_file,alt=bearer_token"`
	SendResolved bool       `yaml:"send_resolved"`
}

// SetDefaults implements strictyaml.Defaulter.
func (c *AlertmanagerConfig) SetDefaults() { c.SendResolved = true }

// EmailConfig sends mail.
type EmailConfig struct {
	To           string     `yaml:"to"`
	From         string     `yaml:"from"`
	Smarthost    string     `yaml:"smarthost"`
	AuthUsername string     `yaml:"auth_username"`
	AuthPassword secret.Ref `yaml:"auth_password_file,alt=auth_password"`
	SendResolved bool       `yaml:"send_resolved"`
}

// InhibitRule silences alerts while another fires.
type InhibitRule struct {
	SourceMatchers []string `yaml:"source_matchers"`
	TargetMatchers []string `yaml:"target_matchers"`
	Equal          []string `yaml:"equal"`
}

// TimeInterval names times of the week, in Alertmanager's form.
type TimeInterval struct {
	Name          string `yaml:"name"`
	TimeIntervals []any  `yaml:"time_intervals"`
}

func (c *Config) checkReceivers(k *check) {
	var receivers, intervals []*string
	for i := range c.Receivers {
		receivers = append(receivers, &c.Receivers[i].Name)
		c.Receivers[i].check(k)
	}
	k.unique("receiver", receivers)
	for i := range c.TimeIntervals {
		intervals = append(intervals, &c.TimeIntervals[i].Name)
	}
	k.unique("time interval", intervals)
	for i := range c.InhibitRules {
		k.matchers(c.InhibitRules[i].SourceMatchers)
		k.matchers(c.InhibitRules[i].TargetMatchers)
		k.unavailable(&c.InhibitRules[i], "inhibit_rules", "nothing is inhibited")
	}
	if c.Route == nil {
		if len(c.Receivers) > 0 {
			k.fail(&c.Receivers, "there are receivers and no route to them", "add route: {receiver: "+c.Receivers[0].Name+"}")
		}
		return
	}
	k.required(&c.Route.Receiver, "receiver of the route")
	if len(c.Route.Matchers) > 0 {
		k.fail(&c.Route.Matchers, "the root of the routes takes every alert and can't have matchers", "put them on a route under routes")
	}
	c.checkRoute(k, c.Route)
}

func (c *Config) checkRoute(k *check, r *Route) {
	k.reference(&r.Receiver, "receiver", c.ReceiverNames())
	k.matchers(r.Matchers)
	k.written(&r.GroupWait, "group_wait", 0, 24*time.Hour)
	k.written(&r.GroupInterval, "group_interval", time.Second, 7*24*time.Hour)
	k.written(&r.RepeatInterval, "repeat_interval", time.Minute, 365*24*time.Hour)
	if r.RepeatInterval < r.GroupInterval && k.doc.Has(&r.RepeatInterval) {
		k.warn(&r.RepeatInterval, "repeat_interval is shorter than group_interval, and repeats do not wait for it", "make it longer")
	}
	known := names(c.TimeIntervals, func(t TimeInterval) string { return t.Name })
	for _, list := range [][]string{r.MuteTimeIntervals, r.ActiveTimeIntervals} {
		for i := range list {
			k.reference(&list[i], "time interval", known)
			k.unavailable(&list[i], "time intervals", "the route is never muted")
		}
	}
	for i := range r.Routes {
		c.checkRoute(k, &r.Routes[i])
	}
}

// reference reports a name that nothing has.
func (k *check) reference(ptr *string, what string, known []string) {
	if *ptr == "" || !k.doc.Has(ptr) {
		return // missing, or inherited from where it was reported
	}
	for _, n := range known {
		if n == *ptr || n == "" { // a name that is missing or can't be read was reported, and may be the one that is meant
			return
		}
	}
	hint := strictyaml.Suggest(*ptr, known)
	if hint == "" {
		hint = "declare it under " + strings.ReplaceAll(what, " ", "_") + "s"
	}
	k.fail(ptr, fmt.Sprintf("there is no %s %q", what, *ptr), hint)
}

var matcherForm = regexp.MustCompile(`^\s*[a-zA-Z_][a-zA-Z0-9_]*\s*(=~|!~|!=|=)\s*(.*?)\s*$`)

func (k *check) matchers(list []string) {
	for i := range list {
		m := matcherForm.FindStringSubmatch(list[i])
		if m == nil {
			k.fail(&list[i], fmt.Sprintf("%q is not a matcher", list[i]), `write label="value", !=, =~ or !~`)
			continue
		}
		if v := m[2]; (strings.HasPrefix(v, `"`) || strings.HasSuffix(v, `"`)) && (len(v) < 2 || v[0] != v[len(v)-1]) {
			k.fail(&list[i], fmt.Sprintf("%q is not a matcher: a quote is missing", list[i]), `write label="value"`)
			continue
		}
		if strings.HasSuffix(m[1], "~") {
			if _, err := regexp.Compile("^(?:" + strings.Trim(m[2], `"`) + ")$"); err != nil {
				k.fail(&list[i], fmt.Sprintf("%q is not a regular expression: %v", m[2], err), "write \\ in front of signs that mean themselves")
			}
		}
	}
}

// unavailable warns of what can be written already and is not acted on yet.
func (k *check) unavailable(ptr any, what, consequence string) {
	k.warn(ptr, what+" are not acted on in this version: "+consequence, "remove it, or leave it for later versions")
}

func (r *Receiver) check(k *check) {
	if len(r.SlackConfigs)+len(r.WebhookConfigs)+len(r.AlertmanagerConfigs)+len(r.EmailConfigs) == 0 {
		k.warnMissing(r, fmt.Sprintf("the receiver %q tells nobody", r.Name), "give it slack_configs or webhook_configs")
	}
	for i := range r.SlackConfigs {
		r.SlackConfigs[i].check(k)
	}
	for i := range r.WebhookConfigs {
		w := &r.WebhookConfigs[i]
		k.target(&w.URL, &w.URLFile)
		k.secret(&w.Secret, "secret_file")
		k.between(&w.Timeout, "timeout", time.Second, 5*time.Minute)
		w.TLS.check(k)
	}
	for i := range r.AlertmanagerConfigs {
		a := &r.AlertmanagerConfigs[i]
		k.url(&a.URL, "url")
		k.secret(&a.BearerToken, "bearer_token_file")
		k.unavailable(a, "alertmanager_configs", "this one is not told of anything")
	}
	for i := range r.EmailConfigs {
		e := &r.EmailConfigs[i]
		k.required(&e.To, "to")
		k.address(&e.Smarthost, "smarthost")
		k.secret(&e.AuthPassword, "auth_password_file")
		k.unavailable(e, "email_configs", "no mail is sent")
	}
}

func (c *SlackConfig) check(k *check) {
	url, token := k.doc.Has(&c.APIURL), k.doc.Has(&c.BotToken)
	switch {
	case !url && !token:
		k.missing(c, "Slack needs api_url_file (an incoming webhook) or bot_token_file (an app)", "put the URL or the token in a file and name it")
	case url && token:
		k.failKey(&c.BotToken, "api_url_file and bot_token_file exclude each other", "keep one of them")
	case token && c.Channel == "":
		k.missing(&c.Channel, "channel is missing", `an app must be told where to post, like channel: "#ml-alerts"`)
	}
	k.secret(&c.APIURL, "api_url_file")
	k.secret(&c.BotToken, "bot_token_file")
	k.url(&c.BotAPIURL, "bot_api_url")
}

// target reports a destination without a URL, or with two.
func (k *check) target(url *string, file *secret.Ref) {
	switch {
	case *url == "" && !k.doc.Has(file):
		k.missing(url, "url is missing", "write url, or url_file for one that holds credentials")
	case *url != "" && k.doc.Has(file):
		k.failKey(file, "url and url_file exclude each other", "keep one of them")
	case *url != "":
		k.url(url, "url")
	}
	k.secret(file, "url_file")
}
