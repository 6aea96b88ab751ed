// Package chtest gives tests a real ClickHouse to talk to: the embedded engine behind the native protocol in a process of its
// own, which can be killed and started again, or a server the user names in PLUMBLINE_TEST_CLICKHOUSE. It owns processes and
// databases of tests, and imports no client library. Tests that use it carry the build tag real, and fail where the engine is
// missing.
package chtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"plumbline/internal/chtest/pinned"
)

// Env names a server to use in place of the embedded engine: host:port of its native protocol, where the user default needs
// no password.
const Env = "PLUMBLINE_TEST_CLICKHOUSE"

// Server is a running ClickHouse.
type Server struct {
	Addr string // host:port of the native protocol

	t     testing.TB
	dir   string
	cmd   *exec.Cmd // nil if the server is the user's, or down
	stdin io.Closer // the process ends when this does, so that no test leaves it behind
	logs  *lockedBuffer
}

// Start returns the user's server, or starts the engine on the data directory; the test's end stops it. What is in the
// directory already is served.
func Start(t testing.TB, dir string) *Server {
	t.Helper()
	if addr := os.Getenv(Env); addr != "" {
		return &Server{t: t, Addr: addr}
	}
	return StartEngine(t, dir)
}

// StartEngine starts the engine whatever the environment says: for tests that kill it.
func StartEngine(t testing.TB, dir string) *Server {
	t.Helper()
	if _, err := pinned.Library(); err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, Addr: "127.0.0.1:0", dir: dir}
	s.start()
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			t.Logf("the ClickHouse engine said:\n%s", s.logs.String())
		}
	})
	return s
}

// Kill ends the engine at once, as kill -9 does.
func (s *Server) Kill() {
	s.t.Helper()
	if s.cmd == nil {
		s.t.Fatal("chtest: no engine to kill")
	}
	s.cmd.Process.Kill()
	s.wait()
}

// Stop ends the engine, if it runs.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	s.stdin.Close()
	s.wait()
}

// Restart starts a stopped or killed engine again, on the same address and data.
func (s *Server) Restart() {
	s.t.Helper()
	if s.cmd != nil || s.dir == "" {
		s.t.Fatal("chtest: the engine isn't down")
	}
	s.start()
}

func (s *Server) wait() {
	s.cmd.Wait() // how it ended was the caller's wish
	s.stdin.Close()
	s.cmd = nil
}

// startTimeout is generous: a cold disk takes 1.5 s to map the library.
const startTimeout = time.Minute

func (s *Server) start() {
	s.t.Helper()
	exe, err := executable()
	if err != nil {
		s.t.Fatal(err)
	}
	if s.logs == nil {
		s.logs = new(lockedBuffer)
	}
	cmd := exec.Command(fmt.Sprintf("/proc/self/fd/%d", exe.Fd()), "-addr", s.Addr, "-path", s.dir, "-until-eof")
	cmd.Stderr = s.logs
	stdin, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd, s.stdin = cmd, stdin
	tooLong := time.AfterFunc(startTimeout, func() { cmd.Process.Kill() })
	defer tooLong.Stop()
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		s.Kill()
		s.t.Fatalf("the ClickHouse engine did not start:\n%s", s.logs.String())
	}
	s.Addr = addr
}

// executable builds the server once for each test process. The file is unlinked at once and lives as long as the process.
var executable = sync.OnceValues(func() (*os.File, error) {
	dir, err := os.MkdirTemp("", "chtest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "clickhouse")
	build := exec.Command("go", "build", "-o", file, "plumbline/internal/chtest/cmd/clickhouse")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the ClickHouse test server: %w\n%s", err, out)
	}
	return os.Open(file)
})

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
