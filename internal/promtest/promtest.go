// Package promtest gives tests a real Prometheus and Alertmanager: Debian's programs, started on free loopback ports with a data
// folder of their own, and killed with the test. It owns processes of tests and asks them over HTTP; it never parses PromQL or
// rules itself, because the point is what the real ones say. Tests that use it carry the build tag real, and fail where a
// program is missing.
package promtest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// The programs and the variables that name others in their place.
const (
	EnvPrometheus   = "PLUMBLINE_TEST_PROMETHEUS"
	EnvPromtool     = "PLUMBLINE_TEST_PROMTOOL"
	EnvAlertmanager = "PLUMBLINE_TEST_ALERTMANAGER"
)

// Hint is the line that installs the programs.
const Hint = "apt-get install -y --no-install-recommends prometheus prometheus-alertmanager"

// startTimeout is generous: both are ready within a second on an idle machine.
const startTimeout = 30 * time.Second

// program finds one of the programs: by its variable, else by its name in PATH.
func program(t testing.TB, env string, names ...string) string {
	t.Helper()
	if path := os.Getenv(env); path != "" {
		return path
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing, tests with the real one need it: %s, or name it in %s", names[0], Hint, env)
	return ""
}

// Promtool runs promtool and fails the test if it does not end with status 0. It returns what was printed.
func Promtool(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command(program(t, EnvPromtool, "promtool"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// server is a started program.
type server struct {
	Addr string // host:port
	URL  string
	cmd  *exec.Cmd
	log  *lockedBuffer
	gone chan struct{} // closed when the process has ended
}

// serve starts a program and waits until it says it is ready. The test's end kills it.
func serve(t testing.TB, path, addr string, args ...string) *server {
	t.Helper()
	s := &server{Addr: addr, URL: "http://" + addr, log: new(lockedBuffer), gone: make(chan struct{})}
	s.cmd = exec.Command(path, args...)
	s.cmd.Dir = t.TempDir()
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	dieWithParent(s.cmd)
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	go func() {
		_ = s.cmd.Wait() // how it ended is in its log
		close(s.gone)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it may have ended already
		<-s.gone
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(path), s.log.String())
		}
	})
	s.await(t, path)
	return s
}

func (s *server) await(t testing.TB, path string) {
	t.Helper()
	deadline := time.NewTimer(startTimeout)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if r, err := http.Get(s.URL + "/-/ready"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-tick.C:
		case <-s.gone:
			t.Fatalf("%s ended instead of starting:\n%s", path, s.log.String())
		case <-deadline.C:
			t.Fatalf("%s is not ready after %s:\n%s", path, startTimeout, s.log.String())
		}
	}
}

// Reload makes the program read its configuration again, and fails the test if it does not accept it.
func (s *server) Reload(t testing.TB) {
	t.Helper()
	r, err := http.Post(s.URL+"/-/reload", "", nil)
	if err != nil {
		t.Fatalf("reload: %v", err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(r.Body)
		t.Fatalf("reload: %s: %s", r.Status, body)
	}
}

// freeAddr is a loopback address nobody listens on. Somebody may take it before the program does; then it ends and says so.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
}

func writeConfig(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// lockedBuffer is a program's output, written while it is read.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// ScrapeConfig is a configuration that scrapes one target every second under a job's name, with rule files.
func ScrapeConfig(job, target string, ruleFiles ...string) string {
	text := "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
	if len(ruleFiles) > 0 {
		text += "rule_files:\n"
		for _, f := range ruleFiles {
			text += fmt.Sprintf("- %q\n", f)
		}
	}
	return text + fmt.Sprintf("scrape_configs:\n- job_name: %q\n  static_configs: [{targets: [%q]}]\n", job, target)
}
