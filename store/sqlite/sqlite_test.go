package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline"
	"plumbline/internal/sqlitefile"
	"plumbline/store"
	"plumbline/store/storetest"
)

// openAt opens the store at path and closes it when the test ends.
func openAt(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var day0 = time.Date(2013, 7, 1, 0, 0, 0, 0, time.UTC)

var all = plumbline.Stream{Model: "delay", Version: "1"}

func part(id int32) plumbline.Partition {
	return plumbline.Partition{Source: "kafka", Topic: "inferences", ID: id}
}

// batch is a flush of n records from an offset on, one a minute: each with its pane, answer, label and sample, and an hour's
// and a day's pane on top.
func batch(p int32, from, n int64) store.Flush {
	f := store.Flush{Checkpoint: store.Checkpoint{Partition: part(p), Next: from + n, Read: from + n, Folded: from + n}}
	pane := func(width time.Duration, at time.Time, offset int64, size int) {
		body := make([]byte, size)
		rand.NewChaCha8([32]byte{byte(p), byte(offset), byte(offset >> 8), byte(offset >> 16)}).Read(body)
		f.Panes = append(f.Panes, store.Pane{Key: plumbline.PaneKey{Stream: all, Width: width, Start: at.Truncate(width), Partition: part(p)},
			LastOffset: offset, Records: 1, Body: body})
	}
	for o := from; o < from+n; o++ {
		at := day0.Add(time.Duration(o) * time.Minute)
		id, score := fmt.Sprintf("%d-%08d", p, o), float64(o%1000)/1009
		pane(time.Minute, at, o, 130)
		f.Answers = append(f.Answers, store.Answer{Partition: part(p), Offset: o, Model: "delay", Version: "1", ID: id, Time: at, Prediction: "0",
			Score: &score, Slices: []string{fmt.Sprint("carrier=", o%16), fmt.Sprint("origin=", o%3)}, Query: uint64(o) * 0x9E3779B97F4A7C15})
		f.Labels = append(f.Labels, store.Label{Partition: part(p), Offset: o, Model: "delay", ID: id, Time: at, Value: "1"})
		f.Samples = append(f.Samples, store.Sample{Partition: part(p), Offset: o, Model: "delay", Version: "1", ID: id, Time: at,
			Record: fmt.Appendf(nil, `{"id":%q,"ts":%q,"score":%v,"features":{"carrier":"C%d","origin":"O%d","distance":%d}}`,
				id, at.Format(time.RFC3339), score, o%16, o%3, o*7919%3000)})
	}
	last := day0.Add(time.Duration(from+n-1) * time.Minute)
	pane(time.Hour, last, from+n-1, 1000)
	pane(24*time.Hour, last, from+n-1, 2000)
	return f
}

func flush(t testing.TB, s *Store, f store.Flush) {
	t.Helper()
	if err := s.Flush(context.Background(), &f); err != nil {
		t.Fatal(err)
	}
}

func TestContract(t *testing.T) {
	paths := map[store.Store]string{}
	storetest.Harness{
		Open: func(t *testing.T) store.Store {
			path := filepath.Join(t.TempDir(), "plumbline.db")
			s := openAt(t, path)
			paths[s] = path
			return s
		},
		Reopen: func(t *testing.T, old store.Store) store.Store {
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			s := openAt(t, paths[old])
			paths[s] = paths[old]
			return s
		},
	}.Test(t)
}

func TestTheFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plumbline.db")
	flush(t, openAt(t, path), batch(0, 0, 10))
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 3 {
		t.Fatalf("files %v, %v; want the database, its log and its index", files, err)
	}
	for _, f := range files {
		if i, err := os.Stat(f); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v; want 0600", f, i.Mode(), err)
		}
	}
}

func TestFilesThatAreNoStore(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	f := func(name, want string, is error, prepare func(path string) error) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := prepare(path); err != nil {
			t.Fatal(err)
		}
		s, err := Open(ctx, path, Options{})
		if err == nil {
			s.Close()
			t.Fatalf("%s was opened", name)
		}
		if !strings.Contains(err.Error(), want) || is != nil && !errors.Is(err, is) || errors.Is(err, ErrCorrupt) != (is == ErrCorrupt) {
			t.Errorf("%s: error %q, want one about %q", name, err, want)
		}
	}
	sqlFile := func(statement string) func(path string) error {
		return func(path string) error {
			f, err := sqlitefile.Open(ctx, path)
			if err != nil {
				return err
			}
			defer f.Close()
			return f.Exclusive(ctx, func(c *sql.Conn) error {
				_, err := c.ExecContext(ctx, statement)
				return err
			})
		}
	}
	f("noise", "damaged", ErrCorrupt, func(path string) error {
		return os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600)
	})
	f("newer", "format 99", nil, sqlFile("PRAGMA user_version = 99"))
	f("foreign", "another program", nil, sqlFile("CREATE TABLE users (name)"))
	f("missing/x.db", "check the path", os.ErrNotExist, func(string) error { return nil })
}

func TestADamagedFileIsNoticed(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "plumbline.db")
	s := openAt(t, path)
	for i := range int64(20) {
		flush(t, s, batch(0, 100*i, 100))
	}
	if err := s.Check(ctx); err != nil {
		t.Fatalf("a sound file: %v", err)
	}
	s.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	for i := 4096; i < len(damaged); i++ {
		damaged[i] ^= 0x55
	}
	for name, content := range map[string][]byte{"overwritten": damaged, "cut short": whole[:len(whole)/2]} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(ctx, path, Options{})
		if err == nil {
			err = s.Check(ctx)
			s.Close()
		}
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v, want %v", name, err, ErrCorrupt)
		}
	}
}

func TestReadOnly(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "plumbline.db")
	if _, err := Open(ctx, path, Options{ReadOnly: true}); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("error %v, want %v", err, os.ErrNotExist)
	}
	w := openAt(t, path)
	flush(t, w, batch(0, 0, 10))
	r, err := Open(ctx, path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for next := int64(10); next < 40; next += 10 { // it sees what the other writes
		c, ok, err := r.Checkpoint(ctx, part(0))
		if err != nil || !ok || c.Next != next {
			t.Fatalf("checkpoint %v, %v, %v; want %d", c.Next, ok, err, next)
		}
		flush(t, w, batch(0, next, 10))
	}
	f := batch(0, 40, 10)
	if err := r.Flush(ctx, &f); err == nil {
		t.Error("a reader flushed")
	}
	if err := r.PutBaseline(ctx, store.Baseline{}); err == nil {
		t.Error("a reader put a baseline")
	}
	if _, err := r.Expire(ctx, day0.AddDate(9, 0, 0), day0.AddDate(9, 0, 0)); err == nil {
		t.Error("a reader deleted")
	}
}

func TestExpiryShrinksTheFile(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "plumbline.db")
	s := openAt(t, path)
	const n = 6000
	for i := int64(0); i < n; i += 1500 {
		flush(t, s, batch(0, i, 1500))
	}
	size := func() int64 {
		var pages int64
		if err := s.file.Read.QueryRow("SELECT page_count FROM pragma_page_count").Scan(&pages); err != nil {
			t.Fatal(err)
		}
		return pages * 4096
	}
	before := size()
	cut := day0.Add(n * 3 / 4 * time.Minute)
	if _, err := s.Expire(ctx, cut, cut); err != nil {
		t.Fatal(err)
	}
	if after := size(); after > before/2 {
		t.Errorf("%d bytes before, %d after three quarters expired", before, after)
	}
	w := plumbline.Window{From: day0, To: day0.AddDate(1, 0, 0)}
	rest, err := s.Samples(ctx, "delay", "1", w, 0)
	if err != nil || len(rest) != n/4 {
		t.Errorf("%d samples left, %v; want %d", len(rest), err, n/4)
	}
	if o, err := s.Outcomes(ctx, all, w, w.To); err != nil || len(o) != n/4 || o[0].Label == "" {
		t.Errorf("%d outcomes left, %v; want %d with their labels", len(o), err, n/4)
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

// Samples that come one a flush must compress as well as those that come together.
func TestSmallFlushesShareBlocks(t *testing.T) {
	size := func(step int64) (bytes, blocks int64) {
		s := openAt(t, filepath.Join(t.TempDir(), "plumbline.db"))
		for i := int64(0); i < 1000; i += step {
			flush(t, s, batch(0, i, step))
		}
		if err := s.file.Read.QueryRow("SELECT sum(length(body)), count(*) FROM sample_blocks").Scan(&bytes, &blocks); err != nil {
			t.Fatal(err)
		}
		return bytes, blocks
	}
	together, _ := size(1000)
	apart, blocks := size(2)
	if blocks > 20 || apart > together*5/4 {
		t.Errorf("%d bytes in %d blocks apart, %d bytes together", apart, blocks, together)
	}
}

func TestSliceCodesAreNeverPartsOfOthers(t *testing.T) {
	var codes [][]byte
	for _, id := range []int64{1, 2, 63, 64, 127, 128, 129, 191, 192, 2047, 2048, 4095, 55295, 55296, 57343, 57344, 65535, 65536, 1_000_000} {
		b, err := appendSlice(nil, id)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, b)
	}
	for i, a := range codes {
		for j, b := range codes {
			for k, c := range codes {
				if i != j && i != k && bytes.Contains(append(bytes.Clone(b), c...), a) {
					t.Errorf("code %x is in %x %x", a, b, c)
				}
			}
		}
	}
	if _, err := appendSlice(nil, 1_200_000); err == nil {
		t.Error("there is no such code")
	}
}
