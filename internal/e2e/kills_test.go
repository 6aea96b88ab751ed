package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"

	"plumbline/internal/app"
	"plumbline/internal/e2e/recount"
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

// rotated is a folder in which each part appears as some compressed files.
type rotated struct {
	dir   string
	files int
}

func (r rotated) source() string {
	return fmt.Sprintf("file: {paths: [%s/*.ndjson.gz], follow: true, poll: 10ms}", r.dir)
}

func (r rotated) partition(part, line int) string { return fmt.Sprintf("%d-%d", part, line%r.files) }

func (r rotated) send(d *daemon, part int, lines [][]byte) {
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		d.t.Fatal(err)
	}
	for i := range r.files {
		path := fmt.Sprintf("%s/%s.ndjson.gz", r.dir, r.partition(part, i))
		if err := os.WriteFile(path+".tmp", zip(every(lines, i, r.files)), 0o600); err != nil {
			d.t.Fatal(err)
		}
		if err := os.Rename(path+".tmp", path); err != nil {
			d.t.Fatal(err)
		}
	}
}

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

// posted is POST /v1/records. All that send sends is acknowledged, and no request is under way when it returns: what a client
// got no answer for it may or may not have to send again, and nobody could say how often it is counted.
type posted struct{}

func (posted) source() string            { return "http: {listen: 127.0.0.1:0}" }
func (posted) partition(int, int) string { return "spool" }

func (posted) send(d *daemon, _ int, lines [][]byte) {
	for ; len(lines) > 0; lines = lines[min(len(lines), 2000):] {
		req, err := http.NewRequest(http.MethodPost, d.records, bytes.NewReader(zip(lines[:min(len(lines), 2000)])))
		if err != nil {
			d.t.Fatal(err)
		}
		req.Header.Set("Content-Encoding", "gzip")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			d.t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusAccepted {
			d.t.Fatalf("POST %s: %s", d.records, resp.Status)
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

func zip(lines [][]byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	for _, line := range lines {
		_, _ = z.Write(line)
		_, _ = z.Write([]byte{'\n'})
	}
	_ = z.Close()
	return b.Bytes()
}

// split cuts a log into n parts.
func split(lines [][]byte, n int) (parts [][][]byte) {
	for i := range n {
		parts = append(parts, lines[len(lines)*i/n:len(lines)*(i+1)/n])
	}
	return parts
}

// count adds parts to a recount as the transport brings them.
func count(r *recount.Recount, by transport, parts [][][]byte) {
	for i, lines := range parts {
		for j, line := range lines {
			r.Add(by.partition(i, j), line)
		}
	}
}

// throughKills sends a log part by part and kills the daemon in each: so every kill but the last is in the middle of the log,
// however fast the daemon is. What the last leaves is read to its end, judged and told to the ears, if there are any.
func throughKills(t *testing.T, file string, by transport, parts [][][]byte, rng *rand.Rand, e *ears) {
	t.Helper()
	var sent, durable int64
	for i, lines := range parts {
		d := start(t, file)
		by.send(d, i, lines)
		sent += int64(len(lines))
		target := 1 + rng.Int64N(int64(len(lines))) // no process before can have had them
		d.until(fmt.Sprintf("through %d messages", target), func() bool { return total(d.handled("")) >= target })
		if i%2 == 1 { // else it may have been killed before its first flush
			d.until("durable in a part", func() bool { return d.flushes() > 0 })
		}
		time.Sleep(time.Duration(rng.Int64N(int64(30 * time.Millisecond)))) // into a flush, or between two
		d.kill()
		e.died()
		if k, ok := by.(*topic); ok {
			k.client.Expel(k.name) // sessions of the dead are not waited for
		}
		now := durably(t, file) // or more: a server may still be busy with what the dead sent last
		if now < durable || now > sent {
			t.Fatalf("after kill %d the store has %d messages; before it had %d, and %d were sent", i+1, now, durable, sent)
		}
		t.Logf("kill %d after %d messages or more of this run: of %d, %d are durable", i+1, target, sent, now)
		durable = now
	}
	if s := untilIdle(t, file); s.Records.Read > sent-durable {
		t.Errorf("the last run read %d messages, there were %d left", s.Records.Read, sent-durable)
	}
	if now := durably(t, file); now != sent {
		t.Errorf("the store counts %d messages, %d were sent", now, sent)
	}
}

// durably is how many messages the store has taken. All of them must be folded or rejected.
func durably(t testing.TB, file string) (read int64) {
	t.Helper()
	s, err := app.OpenStore(context.Background(), load(t, file), false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Checkpoints(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		known := c.Folded
		for _, n := range c.Rejected {
			known += n
		}
		if c.Read != known {
			t.Fatalf("%s: %d read, %d folded or rejected", c.Partition, c.Read, known)
		}
		read += c.Read
	}
	return read
}
