package sinks

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// MaxAnswer is how much of an answer is read, so that its connection can be used again.
const MaxAnswer = 1 << 20

// Judge says what an answer's status means for the delivery: 2xx is success; 408, 425, 429 and 5xx pass by, and 429 and 5xx may
// say in Retry-After when; everything else is Permanent, redirects too, since a body that is signed for one address must not be
// carried to another. now is for a Retry-After that is a date.
func Judge(status int, h http.Header, now time.Time) error {
	err := &refusal{status: status}
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests, status >= 500:
		if after, ok := retryAfter(h.Get("Retry-After"), now); ok {
			return &RetryAfter{Err: err, After: after}
		}
		return err
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		return err
	case status >= 300 && status < 400:
		err.why = "redirects are not followed, give the final address"
	}
	return &Permanent{err}
}

// refusal is an answer that is no success. why, if known, is in words of ours or of Explain's.
type refusal struct {
	status int
	why    string
}

func (r *refusal) Error() string {
	s := fmt.Sprintf("the destination answered %d", r.status)
	if text := http.StatusText(r.status); text != "" {
		s += " " + text
	}
	if r.why != "" {
		s += ": " + r.why
	}
	return s
}

// retryAfter reads the header's two forms: seconds, or a date.
func retryAfter(s string, now time.Time) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 32); err == nil && n >= 0 {
		return time.Duration(n) * time.Second, true
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(0, t.Sub(now)), true
	}
	return 0, false
}

// Transport is an http.RoundTripper for deliveries. Unlike others it turns every answer that Judge takes for a failure into an
// error, before the client can follow it anywhere, and ends every body at MaxAnswer.
type Transport struct {
	Base http.RoundTripper
	Now  func() time.Time
	// Explain, if set, names a failure from the first bytes of its answer; "" says nothing. What it returns is logged and stored.
	Explain func(answer []byte) string
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.Base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &endingBody{io.LimitReader(resp.Body, MaxAnswer), resp.Body}
	err = Judge(resp.StatusCode, resp.Header, t.Now())
	if err == nil {
		return resp, nil
	}
	start := make([]byte, 256)
	n, _ := io.ReadFull(resp.Body, start)
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	var refused *refusal
	if t.Explain != nil && errors.As(err, &refused) {
		if why := t.Explain(start[:n]); why != "" {
			refused.why = why
		}
	}
	return nil, err
}

// endingBody reads at most so much and closes the whole.
type endingBody struct {
	io.Reader
	io.Closer
}

// Redact keeps of an HTTP client's error what is known to quote neither the URL, which may hold a token, nor the answer, which
// may repeat one: our own errors, and those of the network, of TLS and of contexts.
func Redact(err error) error {
	if err == nil {
		return nil
	}
	var permanent *Permanent
	var after *RetryAfter
	switch {
	case errors.As(err, &permanent):
		return permanent
	case errors.As(err, &after):
		return after
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("stopped: %w", context.Canceled)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var (
		refused     *refusal
		timeout     net.Error
		operation   *net.OpError
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		number      syscall.Errno
	)
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
	case errors.As(err, &operation):
		return operation
	case errors.As(err, &name):
		return name
	case errors.As(err, &certificate):
		return certificate
	case errors.As(err, &alert):
		return alert
	case errors.As(err, &record):
		return errors.New("the destination does not speak TLS")
	case errors.As(err, &number):
		return number
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the destination closed the connection without an answer")
	}
	return errors.New("the request failed or its answer was no HTTP")
}
