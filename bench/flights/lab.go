package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"plumbline"
	"plumbline/collectors/decode"
	"plumbline/examples"
	"plumbline/internal/app"
	"plumbline/internal/config"
	"plumbline/profiles"
	"plumbline/sinks"
)

const model = "flights-delay"

//go:embed rules.yaml
var ruleFile []byte

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// lab is a log and the folder in which it is watched.
type lab struct {
	log, dir string
	began    time.Time
}

// place is New York, whose days these are.
var place = func() *time.Location {
	l, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // the binary carries the zones
	}
	return l
}()

// lay writes the configuration, the manifest and the baseline, and returns the configuration as read.
func (l *lab) lay(name string, baseline func(add func(*plumbline.Record)) error, inputs map[string]string) (*config.Config, error) {
	dir := filepath.Join(l.dir, name)
	if err := os.MkdirAll(filepath.Join(dir, "models"), 0o700); err != nil {
		return nil, err
	}
	manifest, err := fs.ReadFile(examples.Flights, "flights/models/flights-delay.yaml")
	if err != nil {
		return nil, err
	}
	conf := "data_dir: data\nweb: {listen: 127.0.0.1:0}\nevaluation: {clock: data, interval: 1h}\nstore: {retention: {samples: 400d}}\n" +
		"model_files: [models/*.yaml]\nrule_files: [rules.yaml]\nroute: {receiver: page, group_by: [\"...\"], group_wait: 0s}\n" +
		"receivers: [{name: page, webhook_configs: [{url: \"http://127.0.0.1:9/\", send_resolved: true}]}]\nsources:\n"
	for _, source := range sorted(inputs) {
		conf += fmt.Sprintf("- name: %s\n  file: {paths: [%q]}\n", source, inputs[source])
	}
	for file, body := range map[string][]byte{"models/flights-delay.yaml": manifest, "rules.yaml": ruleFile, "plumbline.yaml": []byte(conf)} {
		if err := os.WriteFile(filepath.Join(dir, file), body, 0o600); err != nil {
			return nil, err
		}
	}
	file := filepath.Join(dir, "baselines", "flights.json")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := build(file, filepath.Join(dir, "models", "flights-delay.yaml"), baseline); err != nil {
			return nil, err
		}
	}
	c, problems := config.Load(filepath.Join(dir, "plumbline.yaml"))
	if problems.Errors() {
		return nil, problems
	}
	return c, nil
}

// build makes a baseline as `plumbline baseline build` does.
func build(file, manifest string, each func(add func(*plumbline.Record)) error) error {
	m, problems := config.LoadModel(manifest)
	if problems.Errors() {
		return problems
	}
	b := profiles.NewBuilder(&m)
	if err := each(b.Add); err != nil {
		return err
	}
	made, err := b.Build(time.Date(2013, 3, 1, 0, 0, 0, 0, time.UTC), "the flights log")
	if err != nil {
		return err
	}
	body, err := made.Write()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o600)
}

// records reads the records of a file.
func (l *lab) records(file string, each func(*plumbline.Record)) error {
	d := decode.New(decode.DefaultLimits())
	var r plumbline.Record
	return l.lines(file, func(line []byte) error {
		if reject := d.Decode(&r, bytes.Clone(line), time.Time{}); reject != nil { // texts of records point into their line
			return fmt.Errorf("%s: %s", file, reject.Reason)
		}
		each(&r)
		return nil
	})
}

func (l *lab) lines(file string, each func(line []byte) error) error {
	f, err := os.Open(filepath.Join(l.log, file))
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	s := bufio.NewScanner(z)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if err := each(s.Bytes()); err != nil {
			return err
		}
	}
	return s.Err()
}

// idOf is the record's id, without decoding the rest.
func idOf(line []byte) string {
	_, rest, _ := bytes.Cut(line, []byte(`"id":"`))
	id, _, _ := bytes.Cut(rest, []byte{'"'})
	return string(id)
}

// files are the log's files of a kind, in order.
func (l *lab) files(pattern string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(l.log, pattern))
	if err != nil || len(found) == 0 {
		return nil, errors.Join(err, fmt.Errorf("no %s in the folder of the log", pattern))
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found, nil
}

// ears keep what would have been sent.
type ears struct {
	mu    sync.Mutex
	notes []sinks.Notification
}

func (e *ears) Notify(_ context.Context, n sinks.Notification) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.notes = append(e.notes, n)
	return nil
}

// watch runs the daemon until it has read and judged everything, and returns it with what it told.
func watch(ctx context.Context, c *config.Config) (*app.App, []sinks.Notification, error) {
	e := &ears{}
	a, err := app.New(ctx, app.Options{Config: c, UntilIdle: true, Log: quiet, Notify: e, Version: "flights", Progress: silence{}})
	if err != nil {
		return nil, nil, err
	}
	if _, err := a.Run(ctx, ctx); err != nil {
		return nil, nil, errors.Join(err, a.Close(ctx))
	}
	return a, e.notes, nil
}

type silence struct{}

func (silence) File(string, int64, int64)                  {}
func (silence) Evaluating(time.Time, time.Time, time.Time) {}

// day is a date of New York, in words.
func day(t time.Time) string { return t.In(place).Format("2 Jan") }

func words(list []string) string { return strings.Join(list, ", ") }
