//go:build real

package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
)

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
