package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"plumbline/internal/e2e/recount"
)

const model = "flights-delay"

// declared are the model's features, with what is declared of their ranges.
var declared = []struct {
	name, typ string
	min, max  string
}{
	{"carrier", "category", "", ""}, {"origin", "category", "", ""}, {"dest", "category", "", ""}, {"day_of_week", "category", "", ""},
	{"manufacturer", "category", "", ""}, {"near_holiday", "boolean", "", ""}, {"plane_known", "boolean", "", ""},
	{"sched_dep_minute", "number", "0", "1439"}, {"hour_departures", "number", "0", ""}, {"distance", "number", "200", "2500"},
	{"temp", "number", "", ""}, {"dewp", "number", "", ""}, {"humid", "number", "20", "100"}, {"wind_speed", "number", "0", ""},
	{"wind_gust", "number", "", ""}, {"precip", "number", "", ""}, {"pressure", "number", "", ""}, {"visib", "number", "0", "9.5"},
	{"plane_age", "number", "", ""}, {"seats", "number", "", ""},
}

// house is a folder with a model, its baselines and a configuration.
type house struct {
	dir   string
	model recount.Model
}

func newHouse(t testing.TB) *house {
	h := &house{dir: t.TempDir(), model: recount.Model{Name: model, Types: map[string]string{}, Bounds: map[string][2]*float64{},
		Baselines: map[string]*recount.Baseline{}, Lateness: 90 * time.Second}} // a pane of a minute, and evaluation.offset
	for _, f := range declared {
		h.model.Types[f.name] = f.typ
		h.model.Bounds[f.name] = [2]*float64{number(t, f.min), number(t, f.max)}
	}
	return h
}

func number(t testing.TB, s string) *float64 {
	if s == "" {
		return nil
	}
	x := new(float64)
	if _, err := fmt.Sscan(s, x); err != nil {
		t.Fatal(err)
	}
	return x
}

func (h *house) path(name string) string { return filepath.Join(h.dir, name) }

func (h *house) write(t testing.TB, name, body string) string {
	t.Helper()
	path := h.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// manifest writes the model's manifest.
func (h *house) manifest(t testing.TB) string {
	var b strings.Builder
	fmt.Fprintf(&b, "model: %s\ntask: binary\npositive: 1\nlabels: {delay: 48h}\nslices: [origin, carrier, [origin, carrier]]\nbaseline: {file: v1.json}\n", model)
	b.WriteString("versions: {\"2\": {deployment: shadow, baseline: {file: v2.json}}}\nfeatures:\n")
	for _, f := range declared {
		fmt.Fprintf(&b, "  %s: {type: %s", f.name, f.typ)
		if f.min != "" {
			fmt.Fprintf(&b, ", min: %s", f.min)
		}
		if f.max != "" {
			fmt.Fprintf(&b, ", max: %s", f.max)
		}
		b.WriteString("}\n")
	}
	return h.write(t, "model.yaml", b.String())
}

// baseline builds the baseline of a version with the program, and reads its edges for the recount.
func (h *house) baseline(t testing.TB, version, from string) {
	t.Helper()
	out := h.path("v" + version + ".json")
	manifest := h.manifest(t)
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	// Building must not need the baselines that are being built.
	bare := regexp.MustCompile(`(?m)^(baseline|versions):.*\n`).ReplaceAll(text, nil)
	plumbline(t, "baseline", "build", "--model", model, "--version", version, "--manifest", h.write(t, "bare.yaml", string(bare)), "--from-file", from, "-o", out)
	if h.model.Baselines[version], err = recount.ReadBaseline(out); err != nil {
		t.Fatal(err)
	}
}

// config writes plumbline.yaml with one source and what else there is to say.
func (h *house) config(t testing.TB, by transport, more string) string {
	t.Helper()
	h.manifest(t)
	return h.write(t, "plumbline.yaml", "data_dir: data\nweb: {listen: 127.0.0.1:0}\nmodel_files: [model.yaml]\nsources:\n  - name: source\n    "+by.source()+"\n"+more)
}

// readLines calls do with each line of a file, gzipped or not.
func readLines(t testing.TB, path string, do func(line []byte)) {
	t.Helper()
	if err := eachLine(path, do); err != nil {
		t.Fatal(err)
	}
}

func eachLine(path string, do func(line []byte)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return err
		}
	}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 4<<20)
	for s.Scan() {
		do(s.Bytes())
	}
	return s.Err()
}

// timeOf is a line's event time as text, which sorts as the time does: all of the log is in UTC and to the second.
func timeOf(line []byte) string {
	_, rest, _ := bytes.Cut(line, []byte(`"ts":"`))
	ts, _, _ := bytes.Cut(rest, []byte{'"'})
	return string(ts)
}

// queries are windows that make the program merge panes of every width: everything, months, hours, minutes, odd bounds, and
// slices, which have no panes under an hour.
func queries(versions map[string][2]time.Time, n int, rng *rand.Rand) (list []recount.Query) {
	for _, version := range sortedKeys(versions) {
		first, last := versions[version][0], versions[version][1]
		from, to := first.Truncate(24*time.Hour), last.Truncate(24*time.Hour).Add(24*time.Hour)
		add := func(slice map[string]string, from, to time.Time) {
			list = append(list, recount.Query{Version: version, Slice: slice, From: from, To: to})
		}
		at := func() time.Time { return from.Add(time.Duration(rng.Int64N(int64(to.Sub(from))))) }
		add(nil, from, to)
		for month := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC); month.Before(to); month = month.AddDate(0, 1, 0) {
			add(nil, month, month.AddDate(0, 1, 0))
		}
		for range n {
			hour, minute, a := at().Truncate(time.Hour), at().Truncate(time.Minute), at().Truncate(time.Minute)
			add(nil, hour, hour.Add(time.Hour))
			add(nil, minute, minute.Add(time.Minute))
			add(nil, a, a.Add(time.Duration(1+rng.IntN(5*24*60))*time.Minute))
		}
		for _, slice := range []map[string]string{{"origin": "EWR"}, {"carrier": "UA"}, {"carrier": "B6", "origin": "JFK"}} {
			a := at().Truncate(time.Hour)
			add(slice, from, to)
			add(slice, a, a.Add(time.Duration(1+rng.IntN(20*24))*time.Hour))
			add(slice, a, a.Add(time.Hour))
		}
	}
	return list
}

func sortedKeys[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// profile asks the program for a window.
func profile(t testing.TB, file string, q recount.Query) []byte {
	t.Helper()
	args := []string{"profile", model, "-c", file, "--version", q.Version, "--from", q.From.Format(time.RFC3339), "--to", q.To.Format(time.RFC3339), "--format", "json"}
	var slice []string
	for _, name := range sortedKeys(q.Slice) {
		slice = append(slice, name+"="+q.Slice[name])
	}
	if len(slice) > 0 {
		args = append(args, "--slice", strings.Join(slice, ","))
	}
	return plumbline(t, args...)
}

// compare holds every window of the store against the recount and returns what was printed.
func compare(t *testing.T, file string, r *recount.Recount) [][]byte {
	t.Helper()
	var printed [][]byte
	wrong := 0
	for _, c := range r.Counts() {
		p := profile(t, file, c.Query)
		printed = append(printed, p)
		if diff := r.Compare(c, p); len(diff) > 0 {
			if wrong++; wrong <= 3 {
				t.Errorf("version %s, slice %v, %s to %s: %d differences:\n%s", c.Version, c.Slice, c.From.Format(time.RFC3339), c.To.Format(time.RFC3339), len(diff),
					strings.Join(diff[:min(len(diff), 10)], "\n"))
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d windows are wrong", wrong, len(printed))
	}
	return printed
}

// same reports windows that are not printed as they were: also what a recount can't say to the last bit. Some are enough.
func same(t *testing.T, file string, r *recount.Recount, before [][]byte) {
	t.Helper()
	for i, c := range r.Counts() {
		if i%4 == 0 && !bytes.Equal(profile(t, file, c.Query), before[i]) {
			t.Errorf("version %s, slice %v, %s to %s: printed in other bytes after a run without kills", c.Version, c.Slice, c.From, c.To)
		}
	}
}
