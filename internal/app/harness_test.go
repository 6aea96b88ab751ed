package app

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline/internal/config"
)

// output is a log that can be read while it is written.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// write makes files in a folder; names may hold folders.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// daemon is the real daemon in this process.
type daemon struct {
	t    *testing.T
	app  *App
	dir  string
	log  *output
	soft context.CancelFunc
	hard context.CancelFunc
	done chan struct{} // closed when Run and Close have returned
	err  error
	sum  Summary
}

// options loads the folder's plumbline.yaml.
func options(t *testing.T, dir string, log io.Writer) Options {
	t.Helper()
	c, problems := config.Load(filepath.Join(dir, "plumbline.yaml"))
	if problems.Errors() {
		t.Fatal(problems)
	}
	return Options{Config: c, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Version: "test", Revision: "none"}
}

// start runs the daemon of a folder until stop or the test's end.
func start(t *testing.T, dir string, change ...func(*Options)) *daemon {
	t.Helper()
	d := &daemon{t: t, dir: dir, log: &output{}, done: make(chan struct{})}
	o := options(t, dir, d.log)
	for _, f := range change {
		f(&o)
	}
	var err error
	if d.app, err = New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	soft, endSoft := context.WithCancel(context.Background())
	hard, endHard := context.WithCancel(context.Background())
	d.soft, d.hard = endSoft, endHard
	go func() {
		defer close(d.done)
		d.sum, d.err = d.app.Run(soft, hard)
		if err := d.app.Close(context.Background()); d.err == nil {
			d.err = err
		}
	}()
	t.Cleanup(func() {
		d.stop()
		endHard()
		<-d.done
	})
	eventually(t, "serving", func() bool { return d.app.Address() != "" })
	return d
}

// stop asks once and waits; a daemon that takes long fails the test.
func (d *daemon) stop() {
	d.t.Helper()
	d.soft()
	select {
	case <-d.done:
	case <-time.After(20 * time.Second):
		d.t.Errorf("not stopped after 20 s; the log:\n%s", d.log)
		d.hard()
	}
}

// ask sends a request to the daemon's own listener.
func (d *daemon) ask(method, path string) (status int, body string) {
	d.t.Helper()
	return request(d.t, method, "http://"+d.app.Address()+path, "", "")
}

func request(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// post sends records to the daemon's HTTP source.
func (d *daemon) post(token, body string) (status int, answer string) {
	d.t.Helper()
	return request(d.t, http.MethodPost, "http://"+d.records()+"/v1/records", token, body)
}

// records is the address of the HTTP source, which its log tells.
func (d *daemon) records() (address string) {
	d.t.Helper()
	eventually(d.t, "listening for records", func() bool {
		for line := range strings.Lines(d.log.String()) {
			if _, rest, ok := strings.Cut(line, "address="); ok && strings.Contains(line, "listening for records") {
				address = strings.Fields(rest)[0]
			}
		}
		return address != ""
	})
	return address
}

// metric is a sample's value on /metrics, by its name with labels; "" if it isn't there.
func (d *daemon) metric(name string) string {
	d.t.Helper()
	_, body := d.ask("GET", "/metrics")
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// goroutines are the stacks of goroutines that run code of the project, tests aside.
func goroutines() (stacks []string) {
	buf := make([]byte, 4<<20)
	for _, s := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(s, "plumbline/") && !strings.Contains(s, "testing.tRunner") && !strings.Contains(s, "_test.go") {
			stacks = append(stacks, s)
		}
	}
	return stacks
}
