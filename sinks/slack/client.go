package slack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"plumbline/sinks"
)

// timeout is a whole request's.
const timeout = 20 * time.Second

// Config is one Slack destination: exactly one of WebhookURL and BotToken.
type Config struct {
	WebhookURL func() (string, error) // of an incoming webhook; a secret
	BotToken   func() (string, error) // needs chat:write
	Channel    string                 // for a bot token; a webhook has its own
	APIURL     string                 // of the Web API, for a proxy in front of it; empty: Slack's own
	Now        func() time.Time       // nil: time.Now
}

// Notifier sends notifications to Slack. It implements sinks.Notifier.
type Notifier struct {
	config Config
	http   *http.Client
}

// NewNotifier checks the configuration without asking the network.
func NewNotifier(c Config) (*Notifier, error) {
	switch {
	case (c.WebhookURL == nil) == (c.BotToken == nil):
		return nil, errors.New("give exactly one of an incoming webhook's URL and a bot token")
	case c.BotToken != nil && c.Channel == "":
		return nil, errors.New("a bot token needs a channel")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Notifier{config: c, http: &http.Client{Timeout: timeout, Transport: &sinks.Transport{Base: http.DefaultTransport, Now: c.Now, Explain: word}}}, nil
}

// Notify implements sinks.Notifier.
func (s *Notifier) Notify(ctx context.Context, n sinks.Notification) error {
	m := NewMessage(n)
	if s.config.WebhookURL != nil {
		u, err := s.config.WebhookURL()
		if err != nil {
			return fmt.Errorf("read the webhook's URL: %w", err)
		}
		if parsed, err := url.Parse(u); err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" {
			return &sinks.Permanent{Err: errors.New("the webhook's URL is not a URL like https://hooks.slack.com/services/…")}
		}
		return classify(slack.PostWebhookCustomHTTPContext(ctx, u, s.http, &slack.WebhookMessage{Text: m.Text, Channel: s.config.Channel, Blocks: &slack.Blocks{BlockSet: m.Blocks}}))
	}
	token, err := s.config.BotToken()
	if err != nil {
		return fmt.Errorf("read the bot token: %w", err)
	}
	options := []slack.Option{slack.OptionHTTPClient(s.http)}
	if s.config.APIURL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimSuffix(s.config.APIURL, "/")+"/"))
	}
	_, _, err = slack.New(token, options...).PostMessageContext(ctx, s.config.Channel, slack.MsgOptionBlocks(m.Blocks...), slack.MsgOptionText(m.Text, false),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "plumbline_notification", EventPayload: map[string]any{"key": n.Key}}))
	return classify(err)
}

// word is Slack's name of a failure, such as invalid_blocks or no_service; "" for an answer that is anything else.
func word(answer []byte) string {
	w := string(bytes.TrimSpace(answer))
	if w == "" || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return w
}

// passing are refusals in a body that say nothing against the message.
var passing = map[string]bool{"internal_error": true, "fatal_error": true, "service_unavailable": true, "request_timeout": true,
	"ratelimited": true, "rate_limited": true, "message_limit_exceeded": true, "team_added_to_org": true}

// classify turns slack-go's errors into ours, without the URL, which is a secret.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var status slack.StatusCodeError // of 2xx only, as the Transport lets no other through: slack-go knows no success but 200
	if errors.As(err, &status) {
		return nil
	}
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) {
		why := word([]byte(refused.Err))
		if why == "" {
			why = "without a reason"
		}
		if passing[why] {
			return fmt.Errorf("slack: %s", why)
		}
		return &sinks.Permanent{Err: fmt.Errorf("slack refused the message: %s%s", why, hints[why])}
	}
	return fmt.Errorf("slack: %w", sinks.Redact(err))
}

// hints say what to do about refusals that are the configuration's.
var hints = map[string]string{
	"invalid_auth":      "; check the bot token",
	"not_authed":        "; check the bot token",
	"token_revoked":     "; make a new bot token",
	"token_expired":     "; make a new bot token",
	"account_inactive":  "; make a new bot token",
	"missing_scope":     "; give the app the scope chat:write",
	"channel_not_found": "; check channel, and invite the app to it",
	"not_in_channel":    "; invite the app to the channel",
	"is_archived":       "; choose another channel",
}
