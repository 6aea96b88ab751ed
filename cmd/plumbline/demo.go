package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
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

	"github.com/spf13/cobra"

	"plumbline/examples"
	"plumbline/internal/app"
	"plumbline/internal/config"
	"plumbline/sinks"
)

// demoMarker tells a folder that the demo made from one it must not touch.
const demoMarker = ".plumbline-demo"

func (p *program) demoCommand() *cobra.Command {
	var dir string
	var fast, serve bool
	c := &cobra.Command{
		Use: "demo", Short: "shows the whole product on a real inference log, with nothing else installed", Args: takes(),
		Long: `Replays half a year of a real model's questions and answers through the daemon's own pipeline, on one machine, and shows
which inputs drifted, when and by how much, what Slack would have said, and what would have been sent to the training
pipeline. It leaves a folder that the other commands can be pointed at.`,
		RunE: func(c *cobra.Command, _ []string) error {
			width, color, is := terminal(c.OutOrStdout())
			d := &demo{p: p, dir: dir, serve: serve, out: c.OutOrStdout(), width: min(width, 120), color: color}
			if is && !fast {
				d.pause = 700 * time.Millisecond
			}
			return d.run(c.Context())
		},
	}
	c.Flags().StringVar(&dir, "data", "plumbline-demo", "the folder to leave")
	c.Flags().BoolVar(&fast, "fast", false, "no pauses between the parts of the show")
	c.Flags().BoolVar(&serve, "serve", false, "keep the web pages up afterwards, until Ctrl-C")
	return c
}

type demo struct {
	p     *program
	dir   string
	serve bool
	out   io.Writer
	width int
	color bool
	pause time.Duration

	mu    sync.Mutex
	notes []sinks.Notification
	pulls []sinks.TriggerRequest
}

// Notify and Pull keep what would have been sent, to be shown.
func (d *demo) Notify(_ context.Context, n sinks.Notification) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notes = append(d.notes, n)
	return nil
}

func (d *demo) Pull(_ context.Context, r sinks.TriggerRequest) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pulls = append(d.pulls, r)
	return nil
}

func (d *demo) run(ctx context.Context) error {
	began := time.Now()
	if err := d.lay(); err != nil {
		return err
	}
	bar := newProgress(d.p.errs)
	if err := d.baseline(bar); err != nil {
		return err
	}
	file := filepath.Join(d.dir, "plumbline.yaml")
	conf, problems := config.Load(file)
	d.p.print(problems)
	if problems.Errors() {
		return errors.New("the demo's own configuration can't be used")
	}
	if !d.serve {
		conf.Web.Listen = "127.0.0.1:0" // a daemon may be running already
	}
	a, err := app.New(ctx, app.Options{Config: conf, UntilIdle: true, Log: slog.New(slog.NewTextHandler(d.p.errs, &slog.HandlerOptions{Level: slog.LevelError})),
		Version: version, Revision: revision(), Progress: bar, Notify: d, Pull: d})
	if err != nil {
		return err
	}
	summary, err := a.Run(ctx, d.p.hard)
	bar.done(err)
	if err == nil {
		err = d.show(ctx, a, conf, summary, time.Since(began))
	}
	if closed := a.Close(d.p.hard); err == nil {
		err = closed
	}
	if err != nil || !d.serve {
		return err
	}
	return d.stay(ctx, file)
}

// stay runs the daemon on what the demo left, for its pages.
func (d *demo) stay(ctx context.Context, file string) error {
	conf, problems := config.Load(file)
	if problems.Errors() {
		return problems
	}
	a, err := app.New(ctx, app.Options{Config: conf, DryRun: true, Log: slog.New(slog.NewTextHandler(d.p.errs, &slog.HandlerOptions{Level: slog.LevelWarn})), Version: version, Revision: revision()})
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "The pages are at http://%s until Ctrl-C.\n", conf.Web.Listen)
	_, err = a.Run(ctx, d.p.hard)
	return errors.Join(err, a.Close(d.p.hard))
}

// lay writes the example into the folder. A folder of an earlier demo is made anew; any other folder must be empty.
func (d *demo) lay() error {
	entries, err := os.ReadDir(d.dir)
	if err == nil && len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(d.dir, demoMarker)); err != nil {
			return fmt.Errorf("%s is not empty and not from a demo; give another folder with --data", d.dir)
		}
		if err := d.clear(); err != nil {
			return fmt.Errorf("clear the last demo: %w", err)
		}
	}
	err = fs.WalkDir(examples.Flights, "flights", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(d.dir, strings.TrimPrefix(path, "flights"))
		if e.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		body, err := examples.Flights.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, body, 0o644)
	})
	if err != nil {
		return fmt.Errorf("write the example: %w", err)
	}
	return d.secrets()
}

// clear removes what the last demo stored, unless something still runs on it.
func (d *demo) clear() error {
	data := filepath.Join(d.dir, "data")
	release, err := app.LockDataDir(data, app.All)
	if err != nil {
		return err
	}
	return errors.Join(release(), os.RemoveAll(data))
}

// secrets writes stand-ins for what only a team itself has.
func (d *demo) secrets() error {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return fmt.Errorf("make a signing secret: %w", err)
	}
	for _, f := range []struct{ name, body string }{
		{"secrets/slack.url", "http://127.0.0.1:8080/slack\n"},
		{"secrets/retrain.whsec", "whsec_" + base64.StdEncoding.EncodeToString(key) + "\n"},
		{demoMarker, "made by plumbline demo; the next demo may clear data/\n"},
	} {
		path := filepath.Join(d.dir, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(f.body), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// baseline builds the training baseline, as a user would with `plumbline baseline build`.
func (d *demo) baseline(bar *progress) error {
	m, problems := config.LoadModel(filepath.Join(d.dir, "models", "flights-delay.yaml"))
	if problems.Errors() {
		return problems
	}
	b, _, err := buildBaseline(&m, buildOptions{files: []string{filepath.Join(d.dir, "baseline.ndjson.gz")}}, map[string]string{}, bar.Step)
	if err != nil {
		return err
	}
	return writeBaseline(filepath.Join(d.dir, "baselines", "flights.json"), b)
}
