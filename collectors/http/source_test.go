package http

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"plumbline"
	"plumbline/collectors"
	"plumbline/collectors/collectorstest"
)

var quiet = slog.New(slog.DiscardHandler)

type feed struct {
	dir     string
	current *Source
}

func (f *feed) Partitions() []plumbline.Partition {
	return []plumbline.Partition{{Source: "api", Topic: Topic}}
}

// Append writes to the spool as an answered request would; past what the handler lets through, for what is too large.
func (f *feed) Append(t testing.TB, _ int, values ...[]byte) {
	t.Helper()
	err := f.current.spool.append(values, time.Now())
	if errors.Is(err, errClosed) {
		var s *spool
		if s, err = openSpool(f.dir, 1<<30, time.Now(), quiet); err == nil {
			err = s.append(values, time.Now())
			s.close()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (f *feed) Source(t testing.TB) collectors.Source {
	f.current = source(t, Config{Dir: f.dir, MaxMessage: 70 << 10})
	return f.current
}

func source(t testing.TB, c Config) *Source {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	s, err := New("api", c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestPromises(t *testing.T) {
	collectorstest.Test(t, collectorstest.Harness{
		MaxMessage: 70 << 10,
		New: func(t *testing.T) (collectors.Source, collectorstest.Feed) {
			f := &feed{dir: t.TempDir()}
			return f.Source(t), f
		},
	})
}

// refuseX refuses what begins with x, as a decoder would refuse what is no record.
func refuseX(message []byte, _ time.Time) *plumbline.Reject {
	if message[0] == 'x' || bytes.HasPrefix(message, []byte(`"x`)) {
		return &plumbline.Reject{Reason: plumbline.ReasonSyntax, At: 0}
	}
	return nil
}

func gz(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

func zs(s string) string {
	e, _ := zstd.NewWriter(nil)
	return string(e.EncodeAll([]byte(s), nil))
}

func post(s *Source, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, Path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// spooled is what the spool holds.
func spooled(t *testing.T, s *Source) []string {
	t.Helper()
	out := []string{}
	for at := int64(0); ; {
		ms, next, err := s.spool.read(at, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(ms) == 0 {
			return out
		}
		for _, m := range ms {
			if m.Reject != "" {
				t.Fatal(m.Reject)
			}
			out = append(out, string(m.Value))
		}
		at = next
	}
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
		answer  string
		spooled []string
	}{
		"lines":              {"{\"a\":1}\r\n\n{\"a\":2}", nil, 202, `{"accepted":2,"rejected":[]}`, []string{`{"a":1}`, `{"a":2}`}},
		"array":              {" [ {\"a\":[1,\"]\"]}\n, {\"a\":2}]\n", nil, 202, `{"accepted":2,"rejected":[]}`, []string{`{"a":[1,"]"]}`, `{"a":2}`}},
		"one object":         {"\n{\n \"a\": {\"b\\\"}\": 1}\n}\n", nil, 202, `{"accepted":1,"rejected":[]}`, []string{"{\n \"a\": {\"b\\\"}\": 1}\n}"}},
		"one line":           {`{"a":1}`, nil, 202, `{"accepted":1,"rejected":[]}`, []string{`{"a":1}`}},
		"gzip":               {gz("{\"a\":1}\n"), []string{"Content-Encoding", "gzip"}, 202, `{"accepted":1,"rejected":[]}`, []string{`{"a":1}`}},
		"zstd":               {zs("{\"a\":1}\n"), []string{"Content-Encoding", "ZSTD"}, 202, `{"accepted":1,"rejected":[]}`, []string{`{"a":1}`}},
		"some refused":       {"x\n{\"a\":1}\n\nxx\n" + strings.Repeat("l", 101), nil, 202, `{"accepted":1,"rejected":[{"line":1,"reason":"syntax"},{"line":4,"reason":"syntax"},{"line":5,"reason":"too_large"}]}`, []string{`{"a":1}`}},
		"some of an array":   {`["x",{"a":1}]`, nil, 202, `{"accepted":1,"rejected":[{"line":1,"reason":"syntax"}]}`, []string{`{"a":1}`}},
		"all refused":        {"x\nx\n", nil, 400, `{"accepted":0,"rejected":[{"line":1,"reason":"syntax"},{"line":2,"reason":"syntax"}],"error":"no record is usable"}`, nil},
		"empty":              {" \n", nil, 400, `{"accepted":0,"rejected":[],"error":"the body holds no record"}`, nil},
		"empty array":        {"[]", nil, 400, `{"accepted":0,"rejected":[],"error":"the body holds no record"}`, nil},
		"half an array":      {`[{"a":1},{"a":2}`, nil, 400, `{"accepted":0,"rejected":[],"error":"the body is not one whole JSON array"}`, nil},
		"more than an array": {`[{"a":1}] {}`, nil, 400, `{"accepted":0,"rejected":[],"error":"the body is not one whole JSON array"}`, nil},
		"half a gzip":        {gz("{\"a\":1}\n")[:20], []string{"Content-Encoding", "gzip"}, 400, `{"accepted":0,"rejected":[],"error":"the body can't be read whole: the body is not what Content-Encoding says"}`, nil},
		"no gzip":            {"{}", []string{"Content-Encoding", "gzip"}, 400, `{"accepted":0,"rejected":[],"error":"the body can't be read whole: the body is not what Content-Encoding says"}`, nil},
		"brotli":             {"{}", []string{"Content-Encoding", "br"}, 415, `{"accepted":0,"rejected":[],"error":"Content-Encoding is none of gzip and zstd"}`, nil},
		"too large":          {strings.Repeat("{}\n", 700), nil, 413, `{"accepted":0,"rejected":[],"error":"the body is larger than 2000 bytes, or than 10000 uncompressed: send less at once"}`, nil},
		"a gzip bomb":        {gz(strings.Repeat("{}\n", 100000)), []string{"Content-Encoding", "gzip"}, 413, `{"accepted":0,"rejected":[],"error":"the body is larger than 2000 bytes, or than 10000 uncompressed: send less at once"}`, nil},
		"a zstd bomb":        {zs(strings.Repeat("{}\n", 100000)), []string{"Content-Encoding", "zstd"}, 413, `{"accepted":0,"rejected":[],"error":"the body is larger than 2000 bytes, or than 10000 uncompressed: send less at once"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			counted := 0
			s := source(t, Config{MaxBody: 2000, MaxText: 10000, MaxMessage: 100, Validate: refuseX, Rejected: func(plumbline.Reason) { counted++ }})
			w := post(s, c.body, c.headers...)
			if got := strings.TrimSpace(w.Body.String()); w.Code != c.status || got != c.answer {
				t.Errorf("%d %s", w.Code, got)
			}
			want := c.spooled
			if want == nil {
				want = []string{}
			}
			if diff := cmp.Diff(want, spooled(t, s)); diff != "" {
				t.Error(diff)
			}
			var a answer
			if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
				t.Fatal(err)
			}
			if len(a.Rejected) != counted && w.Code == 202 {
				t.Errorf("%d counted, %d in the answer", counted, len(a.Rejected))
			}
			if s.memory.Load() != 0 {
				t.Error("memory is still taken")
			}
		})
	}
}

func TestTheAnswerListsABoundedNumberOfRefusals(t *testing.T) {
	n := 0
	s := source(t, Config{Validate: refuseX, Rejected: func(plumbline.Reason) { n++ }})
	w := post(s, "{}\n"+strings.Repeat("x\n", 2500))
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || len(a.Rejected) != 1000 || a.More != 1500 || n != 2500 {
		t.Error(len(a.Rejected), a.More, n, err)
	}
}

func TestTokens(t *testing.T) {
	token, broken := "geheim", error(nil)
	s := source(t, Config{Token: func() (string, error) { return token, broken }})
	for header, want := range map[string]int{"Bearer geheim": 202, "bearer geheim": 202, "Bearer wrong": 401, "": 401, "geheim": 401, "Basic geheim": 401, "Bearer ": 401} {
		if w := post(s, "{}", "Authorization", header); w.Code != want || want == 401 && w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%q: %d", header, w.Code)
		}
	}
	token = "rotated"
	if w := post(s, "{}", "Authorization", "Bearer rotated"); w.Code != 202 {
		t.Error(w.Code)
	}
	token = ""
	if w := post(s, "{}", "Authorization", "Bearer "); w.Code != 503 {
		t.Error("an empty token opens the door:", w.Code)
	}
	token, broken = "x", errors.New("no such file")
	if w := post(s, "{}", "Authorization", "Bearer x"); w.Code != 503 || strings.Contains(w.Body.String(), "file") {
		t.Error(w.Code, w.Body)
	}
}

func TestOnlyPost(t *testing.T) {
	s := source(t, Config{})
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, Path, nil))
	if w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Error(w.Code)
	}
	w = httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != 404 {
		t.Error(w.Code)
	}
}

func TestPressureIsAnsweredWith429UntilItIsTakenOver(t *testing.T) {
	s := source(t, Config{MaxSpool: 1000})
	accepted := 0
	for range 100 {
		w := post(s, `{"pad":"`+strings.Repeat("x", 80)+`"}`)
		if w.Code == 429 {
			if w.Header().Get("Retry-After") != "5" {
				t.Error("no Retry-After")
			}
			break
		}
		accepted++
	}
	if accepted != 9 { // 9 times 106 bytes
		t.Errorf("%d were accepted", accepted)
	}
	s.spool.ack(s.spool.durable())
	if w := post(s, "{}"); w.Code != 202 {
		t.Error("still full", w.Code)
	}
}

func TestABrokenDiskIsAnsweredWith503AndLosesNothing(t *testing.T) {
	s := source(t, Config{})
	if w := post(s, `{"a":1}`); w.Code != 202 {
		t.Fatal(w.Code)
	}
	s.spool.file.Close() // every write fails from here on
	if w := post(s, `{"a":2}`); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Error(w.Code)
	}
	if w := post(s, `{"a":3}`); w.Code != 202 {
		t.Error("did not begin another segment", w.Code)
	}
	if diff := cmp.Diff([]string{`{"a":1}`, `{"a":3}`}, spooled(t, s)); diff != "" {
		t.Error(diff)
	}
	if len(s.spool.segments) != 2 {
		t.Error(s.spool.segments)
	}
}

func TestOverTheNetworkAndThroughARestart(t *testing.T) {
	dir := t.TempDir()
	h := &collectorstest.Handler{FlushEvery: 1}
	arrival := time.Date(2013, 3, 1, 8, 15, 0, 0, time.UTC)
	var sent atomic.Int64
	for life := range 3 {
		s := source(t, Config{Dir: dir, Listen: "127.0.0.1:0", Now: func() time.Time { return arrival }})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx, h) }()
		h.Wait(t, "the listener", func() bool { return s.Addr() != nil })
		var wg sync.WaitGroup
		for c := range 8 {
			wg.Go(func() {
				for i := range 20 {
					resp, err := http.Post("http://"+s.Addr().String()+Path, "application/x-ndjson", strings.NewReader(fmt.Sprintf("{\"life\":%d,\"client\":%d,\"i\":%d}\n{\"second\":true}\n", life, c, i)))
					if err != nil {
						t.Error(err)
						return
					}
					resp.Body.Close()
					if resp.StatusCode != 202 {
						t.Error(resp.Status)
						return
					}
					sent.Add(2)
				}
			})
		}
		wg.Wait()
		if life < 2 { // stop in the middle of it
			cancel()
		} else {
			h.Wait(t, "everything", func() bool { return h.Len() == int(sent.Load()) && s.Idle() })
			cancel()
		}
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if w := post(s, "{}"); w.Code != 503 {
			t.Error("a source that has ended accepts", w.Code)
		}
	}
	h.Check(t)
	p := plumbline.Partition{Source: "api", Topic: Topic}
	seen := map[string]int{}
	for _, m := range h.Messages(p) {
		seen[string(m.Value)]++
		if !m.Time.Equal(arrival) {
			t.Fatal(m.Time)
		}
	}
	if sent.Load() != 960 || len(h.Messages(p)) != 960 || len(seen) != 481 {
		t.Errorf("%d sent, %d handed over, %d different", sent.Load(), len(h.Messages(p)), len(seen))
	}
}

func TestAListenerThatCantBeHad(t *testing.T) {
	h := &collectorstest.Handler{}
	err := source(t, Config{Listen: "127.0.0.1:99999"}).Run(context.Background(), h)
	if err == nil || len(h.OpenPartitions()) > 0 {
		t.Error(err, h.OpenPartitions())
	}
}
