package sqlite

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"plumbline"
)

// crashEnv makes the test binary a writer of the file it names.
const crashEnv = "PLUMBLINE_TEST_CRASH"

// crashBatch is how many records each flush of the writer has.
const crashBatch = 37

func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		writeUntilKilled(path)
	}
	os.Exit(m.Run())
}

// writeUntilKilled goes on where the file says and prints the next offset after each flush that was acknowledged.
func writeUntilKilled(path string) {
	ctx := context.Background()
	s, err := Open(ctx, path, Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c, _, err := s.Checkpoint(ctx, part(0))
	for err == nil {
		f := batch(0, c.Next, crashBatch)
		if err = s.Flush(ctx, &f); err == nil {
			c = f.Checkpoint
			fmt.Println(c.Next)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// What was acknowledged is there after kill -9, and what was not is there entirely or not at all.
func TestKilledWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plumbline.db")
	rnd := rand.New(rand.NewPCG(1, 2))
	var grown int
	for round := range 12 {
		acknowledged := writeAndKill(t, path, time.Duration(rnd.IntN(250))*time.Millisecond)
		next := inspect(t, path)
		if next < acknowledged || next > acknowledged+crashBatch && acknowledged > 0 {
			t.Fatalf("round %d: %d records in the file, %d acknowledged", round, next, acknowledged)
		}
		if acknowledged > 0 {
			grown++
		}
	}
	if grown < 10 {
		t.Fatalf("only %d of the writers were killed at work", grown)
	}
}

// writeAndKill lets a writer acknowledge one flush, kills it after a while, and returns the last offset it acknowledged.
func writeAndKill(t *testing.T, path string, after time.Duration) (last int64) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), crashEnv+"="+path)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var kill *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			t.Fatalf("the writer said %q", lines.Text())
		}
		if last = n; kill == nil {
			kill = time.AfterFunc(after, func() { c.Process.Kill() })
		}
	}
	c.Wait()
	if stderr.Len() > 0 {
		t.Fatalf("the writer failed: %s", &stderr)
	}
	return last
}

// inspect compares everything in the file with its checkpoint and returns that.
func inspect(t *testing.T, path string) int64 {
	t.Helper()
	ctx := context.Background()
	s, err := Open(ctx, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Check(ctx); err != nil {
		t.Fatal(err)
	}
	c, _, err := s.Checkpoint(ctx, part(0))
	if err != nil {
		t.Fatal(err)
	}
	if c.Next%crashBatch != 0 {
		t.Fatalf("a flush is there in part: next offset %d", c.Next)
	}
	w := plumbline.Window{From: day0, To: day0.AddDate(10, 0, 0)}
	panes, err1 := s.Window(ctx, all, time.Minute, w)
	outcomes, err2 := s.Outcomes(ctx, all, w, w.To)
	samples, err3 := s.Samples(ctx, "delay", "1", w, 0)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	if n := int(c.Next); len(panes) != n || len(outcomes) != n || len(samples) != n {
		t.Fatalf("%d panes, %d answers, %d samples; the checkpoint says %d", len(panes), len(outcomes), len(samples), n)
	}
	want := batch(0, 0, c.Next)
	for i, o := range outcomes {
		if !bytes.Equal(panes[i].Body, want.Panes[i].Body) || o.Offset != int64(i) || o.Label != "1" || !bytes.Equal(samples[i].Record, want.Samples[i].Record) {
			t.Fatalf("record %d is not what was written", i)
		}
	}
	return c.Next
}
