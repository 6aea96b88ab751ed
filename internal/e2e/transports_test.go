package e2e

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"plumbline/internal/kafkatest"
)

// transport brings lines to a running daemon.
type transport interface {
	// source is the source's configuration, in YAML.
	source() string
	// send sends a part of a log.
	send(d *daemon, part int, lines [][]byte)
	// partition names the partition a line of a part is in: what is late is told by its order.
	partition(part, line int) string
}

// appended is one text file that grows and is followed.
type appended struct{ path string }

func (a appended) source() string {
	return fmt.Sprintf("file: {paths: [%s], follow: true, poll: 10ms}", a.path)
}

func (a appended) send(d *daemon, _ int, lines [][]byte) {
	f, err := os.OpenFile(a.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(append(bytes.Join(lines, []byte{'\n'}), '\n')); err != nil {
		d.t.Fatal(err)
	}
}

func (a appended) partition(int, int) string { return a.path }

// topic is a Kafka topic.
type topic struct {
	client     *kafkatest.Client
	addr, name string
	partitions int
}

func newTopic(t testing.TB, addr, name string, partitions int) *topic {
	c := kafkatest.NewClient(t, addr)
	c.CreateTopic(name, int32(partitions))
	return &topic{c, addr, name, partitions}
}

func (k *topic) source() string {
	return fmt.Sprintf("kafka: {brokers: [%q], topics: [%s], group: %s}", k.addr, k.name, k.name)
}

func (k *topic) partition(_, line int) string { return fmt.Sprint(line % k.partitions) }

func (k *topic) send(_ *daemon, _ int, lines [][]byte) {
	for p := range k.partitions {
		for mine := every(lines, p, k.partitions); len(mine) > 0; { // the broker has a limit for what waits at once
			n := min(len(mine), 5000)
			k.client.Produce(k.name, int32(p), mine[:n]...)
			mine = mine[n:]
		}
	}
}

// every is each n-th line from i on.
func every(lines [][]byte, i, n int) (out [][]byte) {
	for ; i < len(lines); i += n {
		out = append(out, lines[i])
	}
	return out
}
