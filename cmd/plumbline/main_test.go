package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"plumbline": main})
}

// TestScripts runs each script of testdata/script with the real program, in a folder of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("COLUMNS", "100")
			e.Values[receiversKey{}] = map[string]*receiver{}
			e.Values[holdsKey{}] = map[string]func(){}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status": statusIs, "json": jsonIs, "mode": modeIs, "log": writeLog, "parquet": writeParquet, "signal": sendSignal, "post": postRecords, "lines": countLines, "balanced": balanced, "receive": receive, "received": received, "await": await, "get": get, "shows": shows, "reload": reload,
			"shipped": shipped, "busy": busy, "hold": hold, "release": release, "ended": ended,
		},
	})
}

// statusIs runs the program: status N ARG… expects it to exit with N.
func statusIs(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("plumbline", args[1:]...)
	got := 0
	if err != nil {
		if _, scanErr := fmt.Sscanf(err.Error(), "exit status %d", &got); scanErr != nil {
			ts.Fatalf("plumbline: %v", err)
		}
	}
	if (got == want) == neg {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// jsonIs looks into JSON: json FILE PATH VALUE, where a path is names and numbers joined by dots, len is the length of what is
// there, and the last line is taken of a file of several documents.
func jsonIs(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: json FILE PATH VALUE")
	}
	text := strings.TrimSpace(ts.ReadFile(args[0]))
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		text = text[strings.LastIndexByte(text, '\n')+1:]
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			ts.Fatalf("%s is not JSON: %v", args[0], err)
		}
	}
	for _, part := range strings.Split(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			if part == "len" {
				v = float64(len(x))
			} else {
				v = x[part]
			}
		case []any:
			if part == "len" {
				v = float64(len(x))
			} else if i, err := strconv.Atoi(part); err == nil && i < len(x) {
				v = x[i]
			} else {
				ts.Fatalf("there is no element %s", part)
			}
		default:
			ts.Fatalf("%s: nothing is below %v", args[1], x)
		}
	}
	got, err := json.Marshal(v)
	ts.Check(err)
	if s, ok := v.(string); ok {
		got = []byte(s)
	}
	if (string(got) == args[2]) == neg {
		ts.Fatalf("%s is %s, want %s", args[1], got, args[2])
	}
}

// shipped copies a folder of the repository: shipped FROM TO.
func shipped(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(filepath.WalkDir(filepath.Join("..", "..", args[0]), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(filepath.Join("..", "..", args[0]), path)
		if err != nil {
			return err
		}
		to := filepath.Join(ts.MkAbs(args[1]), rel)
		if e.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, body, 0o644)
	}))
}

// modeIs checks permissions: mode PATH 0700.
func modeIs(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); (got == args[1]) == neg {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

// countLines checks a file's lines: lines FILE N.
func countLines(ts *testscript.TestScript, neg bool, args []string) {
	if got := strings.Count(ts.ReadFile(args[0]), "\n"); (strconv.Itoa(got) == args[1]) == neg {
		ts.Fatalf("%s has %d lines, want %s", args[0], got, args[1])
	}
}

// balanced checks that the last line of a run accounts for every message: balanced FILE.
func balanced(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.TrimSpace(ts.ReadFile(args[0]))
	var s struct {
		Records struct {
			Read, Folded int64
			Rejected     map[string]int64
		}
	}
	ts.Check(json.Unmarshal([]byte(text[strings.LastIndexByte(text, '\n')+1:]), &s))
	sum := s.Records.Folded
	for _, n := range s.Records.Rejected {
		sum += n
	}
	if s.Records.Read != sum || sum == 0 {
		ts.Fatalf("read %d, folded and rejected %d", s.Records.Read, sum)
	}
}

// trip is a record of the model trips: distance and fare in a cycle of a hundred, three carriers, and a few missing values.
func trip(i int, at time.Time, shift float64) string {
	distance := fmt.Sprint(float64(i*37%100) + shift)
	if i%50 == 7 {
		distance = "null"
	}
	return fmt.Sprintf(`{"id":"t%d","model":"trips","version":"1","ts":%q,"features":{"distance":%s,"fare":%d,"carrier":%q},"prediction":%d,"score":%.2f,"runtime":{"latency_ms":%d},"session":"s%d"}`,
		i, at.UTC().Format(time.RFC3339Nano), distance, i*53%100, []string{"UA", "B6", "AA"}[i%3], i%2, float64(i%10)/10, 1+i%20, i/10)
}

// writeLog writes records: log FILE FROM COUNT STEP SHIFT, one every step from an instant on.
func writeLog(ts *testscript.TestScript, _ bool, args []string) {
	from, err := time.Parse(time.RFC3339, args[1])
	ts.Check(err)
	count, err := strconv.Atoi(args[2])
	ts.Check(err)
	step, err := time.ParseDuration(args[3])
	ts.Check(err)
	shift, err := strconv.ParseFloat(args[4], 64)
	ts.Check(err)
	var b bytes.Buffer
	for i := range count {
		b.WriteString(trip(i, from.Add(time.Duration(i)*step), shift) + "\n")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

// writeParquet writes a table of the same hundred values: parquet FILE.
func writeParquet(ts *testscript.TestScript, _ bool, args []string) {
	type row struct {
		Distance   *float64 `parquet:"distance,optional"`
		Carrier    string   `parquet:"carrier"`
		Prediction int32    `parquet:"prediction"`
	}
	var rows []row
	for i := range 1000 {
		r := row{Carrier: []string{"UA", "B6", "AA"}[i%3], Prediction: int32(i % 2)}
		if x := float64(i * 37 % 100); i%50 != 7 {
			r.Distance = &x
		}
		rows = append(rows, r)
	}
	ts.Check(parquet.WriteFile(ts.MkAbs(args[0]), rows))
}

// TestScriptsAreFound fails when the scripts are not where they are looked for.
func TestScriptsAreFound(t *testing.T) {
	if found, err := filepath.Glob("testdata/script/*.txtar"); err != nil || len(found) < 9 {
		t.Errorf("%d scripts, %v", len(found), err)
	}
}
