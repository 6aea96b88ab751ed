package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"plumbline/internal/kafkatest"
)

// benchClickHouse measures the daemon from Kafka to ClickHouse: the broker and the embedded engine run on the same cores. With
// ClickHouse every record is kept as a sample, unless told otherwise; without samples is what can be compared with SQLite.
func benchClickHouse(r *report, o options) (err error) {
	d, err := newDaemon(o)
	if err != nil {
		return err
	}
	b, err := kafkatest.Launch(kafkatest.Options{Dir: filepath.Join(o.Dir, "kafka-clickhouse")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	addr, stop, err := startClickHouse(o)
	if err != nil {
		return err
	}
	defer stop()
	n := o.scaled(500_000)
	const topic = "inference-lz4"
	if err := produce(b.Addr, topic, kgo.Lz4Compression(), n); err != nil {
		return fmt.Errorf("fill %s: %w", topic, err)
	}
	run := func(runs *[]ended, rate string) func() error {
		return func() error {
			keep := fmt.Sprintf("store:\n  kind: clickhouse\n  samples: {rate: %s}\n  clickhouse: {addresses: [%s], database: bench_%d}\n", rate, addr, d.runs)
			e, err := d.run(o, job{name: "clickhouse", source: d.topic(b.Addr, topic), store: keep, migrate: true, records: n})
			*runs = append(*runs, e)
			return err
		}
	}
	var without, with []ended
	taken, err := byTurns(min(o.Rounds, 3), func() error { return fetchAlone(b.Addr, topic, n) }, run(&without, "0"), run(&with, "1"))
	if err != nil {
		return err
	}
	const alone = "Kafka (lz4), fetched by collectors/kafka, read only"
	r.add(d.rows("clickhouse", "Kafka (lz4) → ClickHouse, no samples", n, taken[0], alone, without, 0)...)
	r.add(d.rows("clickhouse", "Kafka (lz4) → ClickHouse, every record kept", n, taken[0], alone, with, 0)[1:]...)
	return nil
}

// startClickHouse builds and starts the engine of the tests, or takes the user's server.
func startClickHouse(o options) (addr string, stop func(), err error) {
	if addr := os.Getenv("PLUMBLINE_TEST_CLICKHOUSE"); addr != "" {
		return addr, func() {}, nil
	}
	binary := filepath.Join(o.Dir, "clickhouse-server")
	build := exec.Command("go", "build", "-o", binary, "plumbline/internal/chtest/cmd/clickhouse")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("build the ClickHouse test server: %w\n%s", err, out)
	}
	cmd := exec.Command(binary, "-addr", "127.0.0.1:0", "-path", filepath.Join(o.Dir, "clickhouse-data"), "-until-eof")
	var logs strings.Builder
	cmd.Stderr = &logs
	stdin, err := cmd.StdinPipe() // the engine ends when this does
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		stdin.Close()
		cmd.Wait()
	}
	tooLong := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer tooLong.Stop()
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		stop()
		return "", nil, fmt.Errorf("the ClickHouse engine did not start; `go run ./internal/chtest/cmd/fetch` brings it in:\n%s", logs.String())
	}
	return addr, stop, nil
}
