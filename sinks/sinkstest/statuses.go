package sinkstest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"plumbline/sinks"
)

// Now is what the clock of a sink under test says.
var Now = time.Date(2013, 7, 3, 6, 0, 0, 0, time.UTC)

// outcome is what becomes of a delivery.
type outcome string

const (
	sent      outcome = "sent"
	permanent outcome = "given up"
	temporary outcome = "tried again"
)

func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return sent
	case sinks.IsPermanent(err):
		return permanent
	}
	return temporary
}

// TestStatuses answers send's request with every status there is. send makes one delivery to url, once, by the clock Now.
func TestStatuses(t *testing.T, send func(url string) error) {
	t.Helper()
	for status := 200; status < 600; status++ {
		want := permanent
		switch {
		case status < 300:
			want = sent
		case status == 408, status == 425, status == 429, status >= 500:
			want = temporary
		}
		requests, err := answer(send, status, nil)
		if got := outcomeOf(err); got != want {
			t.Errorf("after %d %s a delivery is %s, want %s: %v", status, http.StatusText(status), got, want, err)
		}
		if requests != 1 {
			t.Errorf("%d: %d requests for one attempt", status, requests)
		}
	}
	t.Run("redirects", func(t *testing.T) { testRedirects(t, send) })
	t.Run("retry after", func(t *testing.T) { testRetryAfter(t, send) })
}

// answer lets send make its request and answers it.
func answer(send func(url string) error, status int, header http.Header) (requests int, err error) {
	var n atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		if status != http.StatusNoContent && status != http.StatusNotModified {
			fmt.Fprint(w, `{"ok":true}`)
		}
	}))
	defer s.Close()
	err = send(s.URL)
	return int(n.Load()), err
}

func testRedirects(t *testing.T, send func(url string) error) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{other.URL, "http://%zz", ""} {
			_, err := answer(send, status, http.Header{"Location": {to}})
			if got := outcomeOf(err); got != permanent {
				t.Errorf("after %d to %q a delivery is %s, want %s: %v", status, to, got, permanent, err)
			}
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

func testRetryAfter(t *testing.T, send func(url string) error) {
	for _, status := range []int{429, 503} {
		for header, want := range map[string]time.Duration{
			"0": 0, "30": 30 * time.Second, " 120 ": 2 * time.Minute,
			"Wed, 03 Jul 2013 06:10:00 GMT":     10 * time.Minute,
			"Wednesday, 03-Jul-13 06:10:00 GMT": 10 * time.Minute,
			"Wed Jul  3 06:10:00 2013":          10 * time.Minute,
			"Wed, 03 Jul 2013 05:00:00 GMT":     0, // it is past already
		} {
			_, err := answer(send, status, http.Header{"Retry-After": {header}})
			var after *sinks.RetryAfter
			if !errors.As(err, &after) || after.After != want {
				t.Errorf("%d with Retry-After %q: %v, want to come back after %s", status, header, err, want)
			}
			if sinks.IsPermanent(err) {
				t.Errorf("%d with Retry-After %q is permanent", status, header)
			}
		}
		for _, header := range []string{"", "-1", "soon", "1e3", "99999999999999999999"} {
			_, err := answer(send, status, http.Header{"Retry-After": {header}})
			var after *sinks.RetryAfter
			if errors.As(err, &after) || outcomeOf(err) != temporary {
				t.Errorf("%d with Retry-After %q: %v, want a plain temporary error", status, header, err)
			}
		}
	}
}
