package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"plumbline/sinks"
)

const (
	// DefaultTimeout is a whole request's, as the Standard Webhooks specification advises (15 to 30 s).
	DefaultTimeout = 20 * time.Second
	// maxBody is the largest body sent.
	maxBody = 1 << 20
)

// Config is one destination.
type Config struct {
	URL     string
	Headers map[string]string
	// Secrets returns the active signing secrets, each whsec_ and base64; more than one while they are rotated. nil: unsigned.
	Secrets func() ([]string, error)
	Bearer  func() (string, error) // a token for the Authorization header; nil: none
	TLS     *tls.Config            // nil: the system's certificate authorities
	Timeout time.Duration          // 0: DefaultTimeout
	// AllowPrivate lets a host name resolve to a loopback or private address. An address written literally in URL is always taken
	// at its word; link-local, multicast and unspecified addresses are always refused.
	AllowPrivate bool
	Now          func() time.Time // nil: time.Now
}

// Validate reports what is wrong with the destination, without asking the network.
func (c Config) Validate() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return errors.New("url is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("url must begin with http:// or https://")
	case u.Host == "":
		return errors.New("url names no host")
	}
	return nil
}

// client posts to one destination.
type client struct {
	config Config
	http   *http.Client
}

func newClient(c Config) (*client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	u, _ := url.Parse(c.URL) // parsed by Validate just now
	dialer := &net.Dialer{Timeout: c.Timeout / 2, Control: guard(c.AllowPrivate || literal(u.Hostname()))}
	transport := &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: c.TLS, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 2,
		IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10}
	return &client{config: c, http: &http.Client{Timeout: c.Timeout, Transport: &sinks.Transport{Base: transport, Now: c.Now}}}, nil
}

// literal reports whether a host is an address, or this machine by its own name, rather than a name that resolves to anything.
func literal(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost"
}

var (
	broadcast = netip.MustParseAddr("255.255.255.255")
	shared    = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598: private to a provider, which may keep its metadata there
)

// guard checks the address really dialled, so that a name cannot resolve to one thing when checked and another when used.
func guard(allowPrivate bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return errors.New("not an address")
		}
		a := ap.Addr().Unmap()
		switch {
		case a.IsLinkLocalUnicast(), a.IsMulticast(), a.IsUnspecified(), a == broadcast:
			return errors.New("the host is a link-local, multicast, broadcast or unspecified address, which is never dialled")
		case (a.IsLoopback() || a.IsPrivate() || shared.Contains(a)) && !allowPrivate:
			return errors.New("the host's name resolves to a private address; set allow_private: true to allow it")
		}
		return nil
	}
}

// post sends body under the stable key id. Headers are added to the signature's.
func (c *client) post(ctx context.Context, id string, body []byte, headers map[string]string) error {
	if len(body) > maxBody {
		return &sinks.Permanent{Err: fmt.Errorf("the body has %d bytes, at most %d are sent", len(body), maxBody)}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.URL, bytes.NewReader(body))
	if err != nil {
		return &sinks.Permanent{Err: errors.New("the request could not be made")}
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	for k, v := range c.config.Headers {
		req.Header.Set(k, v)
	}
	req.Header.Set("User-Agent", "plumbline")
	if c.config.Bearer != nil {
		token, err := c.config.Bearer()
		if err != nil {
			return fmt.Errorf("read the bearer token: %w", err)
		}
		if !printable(token) {
			return &sinks.Permanent{Err: errors.New("the bearer token holds a line break or another control character")}
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if err := c.sign(req.Header, id, body); err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("post: %w", sinks.Redact(err))
	}
	_, _ = io.Copy(io.Discard, resp.Body) // the status said that it was taken, whatever becomes of the rest
	resp.Body.Close()
	return nil
}

// has reports whether the configuration sets a header.
func (c *client) has(name string) bool {
	for k := range c.config.Headers {
		if strings.EqualFold(k, name) {
			return true
		}
	}
	return false
}

// printable reports whether s can be a header's value.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
