package sinkstest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestLeaksNoSecret makes deliveries fail in every way and looks for secrets in the errors. send makes one delivery to url, which
// ends in a path and a query that hold the secret token given to it; every secret that it uses beside must be among secrets. An
// attempt that is not answered must end when ctx does.
func TestLeaksNoSecret(t *testing.T, send func(ctx context.Context, url string) error, secrets ...string) {
	t.Helper()
	const token = "T0kenInTheUrl"
	secrets = append(secrets, token)
	check := func(t *testing.T, ctx context.Context, base string) error {
		t.Helper()
		err := send(ctx, base+"/hooks/"+token+"?token="+token)
		if err == nil {
			t.Fatal("the delivery did not fail")
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			for _, s := range secrets {
				if strings.Contains(e.Error(), s) || strings.Contains(fmt.Sprintf("%+v", e), s) {
					t.Errorf("a secret is in the error: %q", strings.ReplaceAll(e.Error(), s, "<the secret>"))
				}
			}
		}
		if len(err.Error()) > 500 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
		return err
	}
	background := context.Background()

	t.Run("refused", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if err := check(t, background, "http://"+l.Addr().String()); outcomeOf(err) != temporary {
			t.Errorf("a refused connection is %s: %v", outcomeOf(err), err)
		}
	})
	t.Run("unknown host", func(t *testing.T) {
		ctx, stop := context.WithTimeout(background, time.Second) // where there is no DNS at all
		defer stop()
		check(t, ctx, "http://unknown.invalid")
	})
	t.Run("status", func(t *testing.T) {
		for _, status := range []int{301, 400, 401, 404, 410, 429, 500, 503} {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
				w.Header().Set("Location", r.URL.String()+"%zz")
				w.Header().Set("Retry-After", r.URL.String())
				w.WriteHeader(status)
				fmt.Fprintf(w, "%s %s %s", r.URL, r.Header, body) // what it was told, it repeats
			}))
			check(t, background, s.URL)
			s.Close()
		}
	})
	t.Run("timeout", func(t *testing.T) {
		stuck := make(chan struct{})
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stuck }))
		defer s.Close()
		defer close(stuck)
		ctx, stop := context.WithTimeout(background, 50*time.Millisecond)
		defer stop()
		if err := check(t, ctx, s.URL); !errors.Is(err, context.DeadlineExceeded) || outcomeOf(err) != temporary {
			t.Errorf("no answer in time is %s: %v", outcomeOf(err), err)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		asked, stuck := make(chan struct{}), make(chan struct{})
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(asked); <-stuck }))
		defer s.Close()
		defer close(stuck)
		ctx, stop := context.WithCancel(background)
		go func() { <-asked; stop() }()
		if err := check(t, ctx, s.URL); !errors.Is(err, context.Canceled) || outcomeOf(err) != temporary {
			t.Errorf("a stopped delivery is %s: %v", outcomeOf(err), err)
		}
	})
	// What answers may speak no HTTP and repeat the request's first line.
	for name, speak := range map[string]string{
		"no HTTP": "%s\r\n\r\n", "bad status": "HTTP/1.1 %s\r\n\r\n", "bad header": "HTTP/1.1 500 no\r\n%s\r\n\r\n",
		"bad length": "HTTP/1.1 500 no\r\nContent-Length: %s\r\n\r\n", "bad encoding": "HTTP/1.1 500 no\r\nTransfer-Encoding: %s\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) { check(t, background, "http://"+parrot(t, speak)) })
	}
	t.Run("closed", func(t *testing.T) { check(t, background, "http://"+parrot(t, "")) })
	t.Run("no TLS", func(t *testing.T) { check(t, background, "https://"+parrot(t, "%s\r\n")) })
	t.Run("no URL", func(t *testing.T) {
		for _, base := range []string{"http://127.0.0.1:" + token, "http://[" + token, "ftp://127.0.0.1", "http://%zz" + token, "http:///", "\x7fhttp://127.0.0.1"} {
			check(t, background, base)
		}
	})
}

// parrot answers each connection with the first line it hears, in a form.
func parrot(t *testing.T, form string) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				line, _ := bufio.NewReader(io.LimitReader(c, 1<<16)).ReadString('\n')
				if form != "" {
					fmt.Fprintf(c, form, strings.TrimSpace(line))
				}
			}()
		}
	}()
	return l.Addr().String()
}
