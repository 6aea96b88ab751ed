// Package slack tells people in Slack: through an incoming webhook or a bot token, as Block Kit. It owns the message, what it says
// and how it looks; it never lets data format a message, mention anyone, or bring a webhook's URL into an error. It is the only
// importer of slack-go.
package slack
