package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"plumbline"
)

// daemon is the built binary, with a model and its baseline, and everything else as it comes.
type daemon struct {
	binary string
	dir    string
	runs   int
}

// ended is what one run of the daemon took.
type ended struct {
	usage
	rss int64 // at its peak, in bytes
}

const manifest = `model: ` + model + `
task: binary
positive: "true"
baseline: {file: baseline.json}
`

func newDaemon(o options) (*daemon, error) {
	dir, err := os.MkdirTemp(o.Dir, "daemon-")
	if err != nil {
		return nil, err
	}
	d := &daemon{binary: filepath.Join(dir, "plumbline"), dir: dir}
	args := []string{"build", "-trimpath", "-o", d.binary}
	if o.Profile != "" {
		overlay, err := profiling(dir)
		if err != nil {
			return nil, err
		}
		args = append(args, "-overlay", overlay)
	}
	build := exec.Command("go", append(args, "plumbline/cmd/plumbline")...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build plumbline: %w\n%s", err, out)
	}
	m := plumbline.Model{Name: model}
	return d, errors.Join(writeBaseline(filepath.Join(dir, "baseline.json"), &m),
		os.WriteFile(filepath.Join(dir, "model.yaml"), []byte(manifest), 0o644))
}

// job is what a run of the daemon is to do. The configuration is the default but for the model and what is here.
type job struct {
	name    string // of its profile
	source  string // a source without its name, as YAML
	store   string // the key store as YAML; empty: SQLite
	migrate bool   // the store needs its schema first, which is not measured
	records int    // how many there are
}

// run runs the daemon until it has read its source to the end, judged it and made everything durable, and checks that it folded
// all records.
func (d *daemon) run(o options, j job) (ended, error) {
	d.runs++
	data := filepath.Join(d.dir, fmt.Sprintf("data-%d", d.runs))
	config := filepath.Join(d.dir, fmt.Sprintf("%d.yaml", d.runs))
	text := fmt.Sprintf("data_dir: %s\nweb: {listen: 127.0.0.1:0}\nevaluation: {clock: data}\nmodel_files: [model.yaml]\nsources:\n  - name: bench\n    %s\n%s", data, j.source, j.store)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return ended{}, err
	}
	if j.migrate {
		if out, err := exec.Command(d.binary, "migrate", "-c", config).CombinedOutput(); err != nil {
			return ended{}, fmt.Errorf("plumbline migrate: %w\n%s", err, out)
		}
	}
	var out, errs bytes.Buffer
	cmd := exec.Command(d.binary, "run", "-c", config, "--until-idle")
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", cores))
	if o.Profile != "" {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%s-%s-%d.pprof", profileEnv, o.Profile, j.name, d.runs))
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return ended{}, err
	}
	peak := make(chan int64)
	go func() { // ends with the process
		most := int64(0)
		for at, ok := peakRSS(cmd.Process.Pid); ok; at, ok = peakRSS(cmd.Process.Pid) {
			most = at
			time.Sleep(20 * time.Millisecond)
		}
		peak <- most
	}()
	err := cmd.Wait()
	e := ended{usage: usage{wall: time.Since(began)}, rss: <-peak}
	if err != nil {
		return e, fmt.Errorf("plumbline run: %w\n%s", err, errs.Bytes())
	}
	e.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	var summary struct {
		Records struct {
			Read, Folded int
			Rejected     map[string]int
		}
	}
	if err := json.Unmarshal(out.Bytes(), &summary); err != nil {
		return e, fmt.Errorf("plumbline run printed no summary: %w", err)
	}
	if got := summary.Records; got.Folded != j.records || got.Read != j.records {
		return e, fmt.Errorf("plumbline run read %d records and folded %d of %d; rejected: %v", got.Read, got.Folded, j.records, got.Rejected)
	}
	return e, os.RemoveAll(data)
}

// rows are the lines of the report about runs of the daemon on n records, compared with what the source alone takes.
func (d *daemon) rows(part, what string, n int, alone []usage, aloneName string, runs []ended, target float64) []row {
	uses := make([]usage, len(runs))
	for i, e := range runs {
		uses[i] = e.usage
	}
	floor := row{Part: part, Name: aloneName, Unit: "records/s", spread: spreadOf(alone, perWall(n))}
	own := row{Part: part, Name: what, Unit: "records/s", spread: spreadOf(uses, perWall(n)), Target: target}.than(floor)
	own.Floor = "read only"
	return []row{floor, own,
		{Part: part, Name: what, Unit: "records/s per core", spread: spreadOf(uses, perCPU(n))},
		{Part: part, Name: what, Unit: "MB at peak", spread: spreadOf(runs, func(e ended) float64 { return float64(e.rss) / 1e6 })},
	}
}

// profileEnv names the file a daemon built with profiling writes its CPU profile to.
const profileEnv = "BENCH_CPU_PROFILE"

// profiler is added to the daemon's main package, which has no profiler of its own.
const profiler = `package main

import (
	"os"
	"runtime/pprof"
	"time"
)

func init() {
	f, err := os.Create(os.Getenv("` + profileEnv + `"))
	if err != nil {
		return
	}
	pprof.StartCPUProfile(f)
	time.AfterFunc(4*time.Second, func() { pprof.StopCPUProfile(); f.Close() })
}
`

// profiling returns an overlay for go build that adds profiler.
func profiling(dir string) (string, error) {
	where, err := exec.Command("go", "list", "-f", "{{.Dir}}", "plumbline/cmd/plumbline").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	code, overlay := filepath.Join(dir, "profiled.go"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(string(bytes.TrimSpace(where)), "profiled.go"): code}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(code, []byte(profiler), 0o644), os.WriteFile(overlay, text, 0o644))
}
