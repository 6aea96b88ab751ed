package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"plumbline/internal/config"
)

var (
	binaryOnce sync.Once
	binaryPath string
	binaryErr  error
)

func TestMain(m *testing.M) {
	code := m.Run()
	if binaryPath != "" {
		os.RemoveAll(filepath.Dir(binaryPath))
	}
	os.Exit(code)
}

// binary builds the program once.
func binary(t testing.TB) string {
	t.Helper()
	binaryOnce.Do(func() {
		dir, err := os.MkdirTemp("", "plumbline-e2e-")
		if err != nil {
			binaryErr = err
			return
		}
		binaryPath = filepath.Join(dir, "plumbline")
		cmd := exec.Command("go", "build", "-o", binaryPath, "plumbline/cmd/plumbline")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			binaryErr = fmt.Errorf("build: %w\n%s", err, out)
		}
	})
	if binaryErr != nil {
		t.Fatal(binaryErr)
	}
	return binaryPath
}

// plumbline runs a command to its end and returns what it printed.
func plumbline(t testing.TB, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(binary(t), args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("plumbline %s: %v\n%s", strings.Join(args, " "), err, tail(errs.Bytes()))
	}
	return out.Bytes()
}

func tail(b []byte) []byte { return b[max(0, len(b)-4000):] }

// summary is the last line of `run --until-idle`.
type summary struct {
	Records struct {
		Read, Folded int64
		Rejected     map[string]int64
	}
	Alerts        struct{ Fired, Resolved int }
	Notifications struct{ Sent, Failed int }
	Triggers      struct{ Sent, Failed, Suppressed int }
}

func untilIdle(t testing.TB, file string) summary {
	t.Helper()
	out := bytes.TrimSpace(plumbline(t, "run", "-c", file, "--until-idle"))
	var s summary
	if err := json.Unmarshal(out[bytes.LastIndexByte(out, '\n')+1:], &s); err != nil {
		t.Fatalf("the summary %q: %v", tail(out), err)
	}
	return s
}

// daemon is a running `plumbline run`.
type daemon struct {
	t       testing.TB
	cmd     *exec.Cmd
	url     string // of its pages
	records string // of its HTTP source, if it has one

	mu  sync.Mutex
	log bytes.Buffer
	eof chan struct{}
}

var serving = regexp.MustCompile(`msg=(serving|"listening for records") .*address=(\S+)`)

// start starts the daemon and returns when it serves its pages, and takes records if it has an HTTP source.
func start(t testing.TB, file string) *daemon {
	t.Helper()
	d := &daemon{t: t, eof: make(chan struct{}), cmd: exec.Command(binary(t), "run", "-c", file)}
	pipe, err := d.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.kill)
	awaited := 1
	for _, s := range load(t, file).Sources {
		if s.HTTP != nil {
			awaited++
		}
	}
	addresses := make(chan [2]string, awaited)
	go d.read(pipe, addresses)
	for range awaited {
		select {
		case a := <-addresses:
			if a[0] == "serving" {
				d.url = "http://" + a[1]
			} else {
				d.records = "http://" + a[1] + "/v1/records"
			}
		case <-d.eof:
			t.Fatalf("the daemon ended: %s", d.said())
		case <-time.After(time.Minute):
			t.Fatalf("the daemon does not serve: %s", d.said())
		}
	}
	return d
}

func (d *daemon) read(r io.Reader, addresses chan<- [2]string) {
	defer close(d.eof)
	for s := bufio.NewScanner(r); s.Scan(); {
		d.mu.Lock()
		if d.log.Len() < 1<<20 {
			d.log.Write(append(s.Bytes(), '\n'))
		}
		d.mu.Unlock()
		if m := serving.FindStringSubmatch(s.Text()); m != nil {
			addresses <- [2]string{m[1], m[2]}
		}
	}
}

func (d *daemon) said() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return string(tail(d.log.Bytes()))
}

// kill is kill -9.
func (d *daemon) kill() {
	if d.cmd.ProcessState != nil {
		return
	}
	d.cmd.Process.Kill()
	<-d.eof
	d.cmd.Wait() // the error says that it was killed
}

// stop ends the daemon as an operator does, and waits until it has.
func (d *daemon) stop() {
	d.t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		d.t.Fatal(err)
	}
	<-d.eof
	if err := d.cmd.Wait(); err != nil {
		d.t.Errorf("after SIGTERM: %v\n%s", err, d.said())
	}
}

// until polls until done, for at most two minutes; the daemon must stay alive meanwhile.
func (d *daemon) until(what string, done func() bool) {
	d.t.Helper()
	for limit := time.Now().Add(2 * time.Minute); !done(); time.Sleep(2 * time.Millisecond) {
		select {
		case <-d.eof:
			d.t.Fatalf("the daemon ended by itself: %s", d.said())
		default:
		}
		if time.Now().After(limit) {
			folded, rejected := d.handled("")
			d.t.Fatalf("after 2 minutes still not %s, but at %d folded and %v rejected: %s", what, folded, rejected, d.said())
		}
	}
}

// counters are the daemon's own metrics: values by name and labels, as they are exposed.
func (d *daemon) counters() map[string]int64 {
	out := map[string]int64{}
	resp, err := http.Get(d.url + "/metrics")
	if err != nil {
		return out // it is going down
	}
	defer resp.Body.Close()
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		series, value, _ := strings.Cut(s.Text(), " ")
		if !strings.HasPrefix(series, "plumbline_records_") && series != "plumbline_flush_duration_seconds_count" {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			d.t.Errorf("metric line %q: %v", s.Text(), err)
		}
		out[series] = int64(n)
	}
	return out
}

var reasonLabel = regexp.MustCompile(`reason="(\w+)"`)

// handled is how many messages of one source, or of all (""), this process has folded and rejected, by reason.
func (d *daemon) handled(source string) (folded int64, rejected map[string]int64) {
	rejected = map[string]int64{}
	for series, n := range d.counters() {
		switch {
		case source != "" && !strings.Contains(series, `source="`+source+`"`):
		case strings.HasPrefix(series, "plumbline_records_total{"):
			folded += n
		case strings.HasPrefix(series, "plumbline_records_rejected_total{"):
			rejected[reasonLabel.FindStringSubmatch(series)[1]] += n
		}
	}
	return folded, rejected
}

// flushes is how often this process has made something durable.
func (d *daemon) flushes() int64 { return d.counters()["plumbline_flush_duration_seconds_count"] }

func total(folded int64, rejected map[string]int64) int64 {
	for _, n := range rejected {
		folded += n
	}
	return folded
}

func load(t testing.TB, file string) *config.Config {
	t.Helper()
	c, problems := config.Load(file)
	if problems.Errors() {
		t.Fatal(problems)
	}
	return c
}
