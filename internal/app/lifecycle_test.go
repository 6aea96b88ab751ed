package app

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/internal/sqlitefile"
)

const quiet = `groups:
- name: trips
  rules:
  - alert: Quiet
    for_each: {model: trips}
    expr: volume("1d") < 1
`

const oneRecord = `{"id":"1","model":"trips","version":"1","ts":"2026-01-01T00:00:00Z","features":{"distance":1}}` + "\n"

func overHTTP(more string) map[string]string {
	return map[string]string{
		"plumbline.yaml": "data_dir: data\nweb: {listen: 127.0.0.1:0}\nrule_files: [rules.yaml]\nsources: [{name: calls, http: {listen: 127.0.0.1:0}}]\n" + more,
		"rules.yaml":     quiet,
	}
}

// TestStartsServesAndStops also looks for what is left running.
func TestStartsServesAndStops(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, overHTTP(""))
	for range 2 { // the second time on what the first left
		d := start(t, dir)
		eventually(t, "ready", func() bool { status, _ := d.ask("GET", "/-/ready"); return status == 200 })
		if status, body := d.post("", oneRecord); status != 202 {
			t.Fatalf("%d: %s", status, body)
		}
		for path, part := range map[string]string{
			"/-/healthy": "healthy", "/": "/metrics", "/api/v1/rules": `"alert":"Quiet"`, "/api/v1/alerts": `"status":"success"`, "/api/v1/triggers": `"triggers":[]`,
			"/api/v1/status/config": "data_dir", "/api/v1/models": `"status":"success"`, "/metrics": "\nplumbline_build_info{",
		} {
			if status, body := d.ask("GET", path); status != 200 || !strings.Contains(body, part) {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
		d.stop()
		if d.err != nil {
			t.Error(d.err)
		}
		if strings.Contains(d.log.String(), "level=ERROR") {
			t.Errorf("the log holds an error:\n%s", d.log)
		}
	}
	eventually(t, "goroutines ended", func() bool { return len(goroutines()) == 0 })
}

func TestAnswersOfTheAPI(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, overHTTP("store: {flush_interval: 100ms}\n"))
	d := start(t, dir)
	d.post("", oneRecord)
	eventually(t, "the record is stored", func() bool { _, body := d.ask("GET", "/api/v1/models"); return strings.Contains(body, `"records":1`) })
	for _, c := range []struct {
		path   string
		status int
		part   string
	}{
		{"/api/v1/profile?model=trips&from=2026-01-01&to=2026-01-02", 200, `"records":1`},
		{"/api/v1/profile?model=tripz&from=2026-01-01&to=2026-01-02", 404, `did you mean trips?`},
		{"/api/v1/profile?model=trips&from=soon", 400, `is not a time`},
		{"/api/v1/profile?model=trips&from=2026-01-02&to=2026-01-01", 400, `from must be before to`},
		{"/api/v1/profile?model=trips&slice=carrier", 400, `is not a slice`},
		{"/api/v1/profile", 400, `the parameter model is missing`},
		{"/nothing", 404, ""},
	} {
		if status, body := d.ask("GET", c.path); status != c.status || !strings.Contains(body, c.part) {
			t.Errorf("%s: %d %s", c.path, status, body)
		}
	}
	if status, _ := d.ask("GET", "/-/reload"); status != 405 {
		t.Errorf("a reload by GET answers %d", status)
	}
}

// TestNotReadyUntilTheSourcesAreThere has a source whose port is taken, and then free.
func TestNotReadyUntilTheSourcesAreThere(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := overHTTP("")
	files["plumbline.yaml"] = strings.Replace(files["plumbline.yaml"], "http: {listen: 127.0.0.1:0}", "http: {listen: "+taken.Addr().String()+"}", 1)
	write(t, dir, files)
	d := start(t, dir)
	eventually(t, "the failure is told", func() bool {
		status, body := d.ask("GET", "/-/ready")
		return status == 503 && strings.Contains(body, "source calls failed and is waiting to be started again, the log says why")
	})
	if status, _ := d.ask("GET", "/-/healthy"); status != 200 {
		t.Error("not healthy while a source waits")
	}
	if log := d.log.String(); !strings.Contains(log, "address already in use") {
		t.Errorf("the log does not say why:\n%s", log)
	}
	taken.Close()
	eventually(t, "ready", func() bool {
		status, _ := d.ask("GET", "/-/ready")
		return status == 200 && strings.Contains(d.log.String(), "listening for records")
	})
	if status, body := d.post("", oneRecord); status != 202 {
		t.Errorf("after it was started again: %d %s", status, body)
	}
}

func TestNotReadyWithoutABroker(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"plumbline.yaml": "data_dir: data\nweb: {listen: 127.0.0.1:0}\nsources: [{name: topic, kafka: {brokers: [127.0.0.1:1], topics: [t]}}]\n"})
	d := start(t, dir)
	if status, body := d.ask("GET", "/-/ready"); status != 503 || !strings.Contains(body, "source topic") {
		t.Errorf("%d %s", status, body)
	}
	d.stop()
}

// TestTheSecondSignalEndsTheWait holds the store's only writer's place while the daemon wants to make a record durable.
func TestTheSecondSignalEndsTheWait(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, overHTTP("store: {flush_interval: 1h}\n"))
	d := start(t, dir)
	if status, body := d.post("", oneRecord); status != 202 {
		t.Fatalf("%d: %s", status, body)
	}
	eventually(t, "folded", func() bool { return d.metric(`plumbline_records_total{model="trips",source="calls"}`) == "1" })
	f, err := sqlitefile.Open(t.Context(), DatabaseFile(d.app.config.Load()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	held, free := make(chan struct{}), make(chan struct{})
	freed := make(chan error, 1)
	go func() {
		freed <- f.Tx(context.Background(), func(context.Context, *sql.Conn) error {
			close(held)
			<-free
			return nil
		}, nil)
	}()
	<-held
	d.soft()
	eventually(t, "not ready", func() bool { return !d.app.ready.Load() })
	select {
	case <-d.done:
		t.Error("stopped although the record could not be durable")
	case <-time.After(200 * time.Millisecond):
	}
	d.hard()
	close(free)
	if err := <-freed; err != nil {
		t.Error(err)
	}
	<-d.done

	again := start(t, dir) // what was taken is not lost
	eventually(t, "folded after all", func() bool { return again.metric(`plumbline_records_total{model="trips",source="calls"}`) == "1" })
}

func TestWhatIsTakenIsSaid(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, overHTTP(""))
	d := start(t, dir)
	refused := func(role Role, parts ...string) {
		t.Helper()
		o := options(t, dir, &output{})
		o.Role = role
		a, err := New(t.Context(), o)
		if err == nil {
			a.Close(t.Context())
			t.Fatalf("a second %s was started", role)
		}
		for _, p := range parts {
			if !strings.Contains(err.Error(), p) {
				t.Errorf("%v does not say %s", err, p)
			}
		}
	}
	for _, role := range []Role{All, Collector, Evaluator} {
		refused(role, "data_dir "+filepath.Join(dir, "data"), "in use by another plumbline (process ", "a data_dir of its own")
	}
	other := t.TempDir()
	write(t, other, map[string]string{"plumbline.yaml": "data_dir: data\nweb: {listen: \"" + d.app.Address() + "\"}\n"})
	a, err := New(t.Context(), options(t, other, &output{}))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(t.Context())
	if _, err = a.Run(t.Context(), t.Context()); err == nil || !strings.Contains(err.Error(), "web.listen: ") || !strings.Contains(err.Error(), "is another plumbline running?") {
		t.Errorf("with a port in use: %v", err)
	}
	d.stop()
	refusedNot, err := New(t.Context(), options(t, dir, &output{})) // the lock ends with its owner
	if err != nil {
		t.Fatal(err)
	}
	refusedNot.Close(t.Context())
}

// TestTheTwoHalvesShareAFolder has a collector and an evaluator in one data_dir, as on one machine with two processes.
func TestTheTwoHalvesShareAFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, overHTTP(""))
	collector := start(t, dir, func(o *Options) { o.Role = Collector })
	evaluator := start(t, dir, func(o *Options) { o.Role = Evaluator })
	collector.post("", oneRecord)
	if status, body := evaluator.ask("GET", "/api/v1/rules"); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	if status, body := collector.ask("GET", "/api/v1/rules"); status != 404 || !strings.Contains(body, "--role=evaluator") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := collector.ask("POST", "/-/reload"); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}

func TestAFolderThatCantBeWritten(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("root may write everywhere: only what stops root too is tested")
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"notes": "text", "plumbline.yaml": "data_dir: notes/data\n", "locked/plumbline.yaml": "data_dir: data\n"})
	for _, folder := range []string{".", "locked"} {
		if folder == "locked" {
			if err := os.Mkdir(filepath.Join(dir, folder, "data"), 0o500); err != nil {
				t.Fatal(err)
			}
			if os.Getuid() == 0 {
				continue
			}
		}
		a, err := New(t.Context(), options(t, filepath.Join(dir, folder), &output{}))
		if err == nil {
			a.Close(t.Context())
			t.Errorf("%s: started", folder)
		} else if !strings.HasPrefix(err.Error(), "data_dir can't be ") {
			t.Errorf("%s: %v", folder, err)
		}
	}
	if stacks := goroutines(); len(stacks) > 0 {
		t.Errorf("a start that failed left\n%s", strings.Join(stacks, "\n\n"))
	}
}

// TestEverythingIsReleasedInReverse is about the stack of what New acquires.
func TestEverythingIsReleasedInReverse(t *testing.T) {
	var c cleanups
	var order []string
	broken := errors.New("broken")
	for _, name := range []string{"first", "second", "third"} {
		c.add(name, func(context.Context) error {
			order = append(order, name)
			if name == "second" {
				return broken
			}
			return nil
		})
	}
	err := c.close(t.Context())
	if got := strings.Join(order, " "); got != "third second first" {
		t.Errorf("released %s", got)
	}
	if !errors.Is(err, broken) || err.Error() != "second: broken" {
		t.Error(err)
	}
	if err := c.close(t.Context()); err != nil || len(order) != 3 {
		t.Errorf("closed twice: %v, %v", order, err)
	}
}
