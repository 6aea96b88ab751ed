// Package sinks is the contract of what carries an effect out of the house, under a key that never changes, and what HTTP
// destinations have in common: how an answer is judged, and errors without secrets.
package sinks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"plumbline"
)

// Notification is one message to one receiver about the alerts of one group.
type Notification struct {
	Key         string // stable over retries: the idempotency key
	Receiver    string
	GroupLabels map[string]string
	Edge        plumbline.Edge // what happened, of all Alerts
	At          time.Time      // when it happened, in event time
	Alerts      []plumbline.Alert
	ExternalURL string
	DryRun      bool
}

// TriggerRequest asks a training pipeline to do its work.
type TriggerRequest struct {
	Key     string // stable over retries: webhook-id and CloudEvents id
	Trigger string // its name in the configuration
	At      time.Time
	Alert   plumbline.Alert
	DryRun  bool
}

// Notifier delivers notifications. An error is retried unless it is Permanent.
type Notifier interface {
	Notify(ctx context.Context, n Notification) error
}

// Puller delivers trigger requests.
type Puller interface {
	Pull(ctx context.Context, r TriggerRequest) error
}

// Permanent marks an error that no retry will mend: a wrong token, a refused body.
type Permanent struct{ Err error }

func (e *Permanent) Error() string { return e.Err.Error() }
func (e *Permanent) Unwrap() error { return e.Err }

// RetryAfter marks an error whose destination said when to come back.
type RetryAfter struct {
	Err   error
	After time.Duration
}

func (e *RetryAfter) Error() string { return fmt.Sprintf("%v (retry after %s)", e.Err, e.After) }
func (e *RetryAfter) Unwrap() error { return e.Err }

// IsPermanent reports whether err says that no retry will help.
func IsPermanent(err error) bool {
	var p *Permanent
	return errors.As(err, &p)
}
