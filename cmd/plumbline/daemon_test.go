package main

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"plumbline/internal/sqlitefile"
)

// eventually asks until it is so.
func eventually(ts *testscript.TestScript, what string, is func() bool) {
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("%s: not within 30 s", what)
		}
	}
}

// await waits until a file holds a text: await FILE TEXT.
func await(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, args[1], func() bool {
		b, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && bytes.Contains(b, []byte(args[1]))
	})
}

// sendSignal sends a signal to the commands in the background: signal term|int|hup|kill.
func sendSignal(ts *testscript.TestScript, _ bool, args []string) {
	number := map[string]os.Signal{"term": syscall.SIGTERM, "int": os.Interrupt, "hup": syscall.SIGHUP, "kill": os.Kill}[args[0]]
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(number))
	}
}

// address finds what a log's first line with a message says after address=.
func address(ts *testscript.TestScript, log, message string) string {
	found := ""
	eventually(ts, message, func() bool {
		b, err := os.ReadFile(ts.MkAbs(log))
		if err != nil {
			return false
		}
		for line := range strings.Lines(string(b)) {
			if _, rest, ok := strings.Cut(line, "address="); ok && strings.Contains(line, message) && strings.HasSuffix(line, "\n") {
				found = strings.Fields(rest)[0]
			}
		}
		return found != ""
	})
	return found
}

func answer(ts *testscript.TestScript, resp *http.Response, err error, status string) {
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), body, 0o600))
	if strconv.Itoa(resp.StatusCode) != status {
		ts.Fatalf("status %d, want %s: %s", resp.StatusCode, status, body)
	}
}

// postRecords sends a file: post LOG FILE STATUS, to the address that the log says records are listened for. The answer's body
// is in the file answer then, as with get and reload.
func postRecords(ts *testscript.TestScript, _ bool, args []string) {
	to := address(ts, args[0], "listening for records")
	f, err := os.Open(ts.MkAbs(args[1]))
	ts.Check(err)
	defer f.Close()
	resp, err := http.Post("http://"+to+"/v1/records", "application/x-ndjson", f)
	answer(ts, resp, err, args[2])
}

// get asks for one of the daemon's pages: get LOG PATH STATUS. It waits for a daemon that is not ready yet: it serves before its
// sources read.
func get(ts *testscript.TestScript, _ bool, args []string) {
	url := "http://" + address(ts, args[0], "msg=serving") + args[1]
	resp, err := http.Get(url)
	for end := time.Now().Add(10 * time.Second); err == nil && resp.StatusCode == http.StatusServiceUnavailable && args[2] == "200" && time.Now().Before(end); {
		resp.Body.Close()
		time.Sleep(20 * time.Millisecond)
		resp, err = http.Get(url)
	}
	answer(ts, resp, err, args[2])
}

// shows asks for a page until it holds a text: shows LOG PATH TEXT.
func shows(ts *testscript.TestScript, _ bool, args []string) {
	url := "http://" + address(ts, args[0], "msg=serving") + args[1]
	eventually(ts, args[2], func() bool {
		resp, err := http.Get(url)
		ts.Check(err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		ts.Check(err)
		return bytes.Contains(body, []byte(args[2]))
	})
}

// reload asks for the configuration to be read anew: reload LOG STATUS.
func reload(ts *testscript.TestScript, _ bool, args []string) {
	resp, err := http.Post("http://"+address(ts, args[0], "msg=serving")+"/-/reload", "", nil)
	answer(ts, resp, err, args[1])
}

// receiver stands in for whoever is notified.
type receiver struct {
	mu     sync.Mutex
	gone   bool // answers 410
	bodies []string
}

type receiversKey struct{}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		w.WriteHeader(http.StatusGone)
	} else if err == nil {
		r.bodies = append(r.bodies, string(body))
	}
}

// receive starts a receiver and puts its URL into the environment: receive NAME, or receive NAME gone for one that takes nothing.
func receive(ts *testscript.TestScript, _ bool, args []string) {
	r := &receiver{gone: len(args) > 1}
	s := httptest.NewServer(r)
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
	ts.Setenv(args[0]+"_ADDRESS", s.Listener.Addr().String())
	ts.Value(receiversKey{}).(map[string]*receiver)[args[0]] = r
}

// received writes what a receiver got into a file, and checks how many: received NAME FILE N.
func received(ts *testscript.TestScript, _ bool, args []string) {
	r := ts.Value(receiversKey{}).(map[string]*receiver)[args[0]]
	r.mu.Lock()
	defer r.mu.Unlock()
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Join(r.bodies, "\n")), 0o600))
	if strconv.Itoa(len(r.bodies)) != args[2] {
		ts.Fatalf("%s received %d, want %s:\n%s", args[0], len(r.bodies), args[2], strings.Join(r.bodies, "\n"))
	}
}

// busy puts the address that a daemon serves at into the environment: busy LOG NAME.
func busy(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[1], address(ts, args[0], "msg=serving"))
}

// ended waits until no command in the background runs: ended WITHIN.
func ended(ts *testscript.TestScript, _ bool, args []string) {
	within, err := time.ParseDuration(args[0])
	ts.Check(err)
	for end := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		running := false
		for _, c := range ts.BackgroundCmds() {
			running = running || c.Process.Signal(syscall.Signal(0)) == nil
		}
		if !running {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("still running after %s", within)
		}
	}
}

type holdsKey struct{}

// hold keeps a database's only writer's place, as a backup that hangs would: hold FILE, until release FILE.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	f, err := sqlitefile.Open(context.Background(), ts.MkAbs(args[0]))
	ts.Check(err)
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() { // ends with the release
		defer close(done)
		_ = f.Tx(context.Background(), func(context.Context, *sql.Conn) error {
			close(held)
			<-free
			return nil
		}, nil)
		f.Close()
	}()
	<-held
	let := sync.OnceFunc(func() { close(free); <-done })
	ts.Value(holdsKey{}).(map[string]func())[args[0]] = let
	ts.Defer(let)
}

func release(ts *testscript.TestScript, _ bool, args []string) {
	ts.Value(holdsKey{}).(map[string]func())[args[0]]()
}
