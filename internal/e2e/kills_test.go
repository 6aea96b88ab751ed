package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"plumbline/internal/app"
	"plumbline/internal/e2e/recount"
)

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
