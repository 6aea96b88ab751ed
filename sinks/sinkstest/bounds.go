package sinkstest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestBounds answers without an end: a sink reads only so much of an answer. most is the largest body the sink may send; large
// makes a delivery with as much to say as there can be.
func TestBounds(t *testing.T, most int64, large func(url string) error) {
	t.Helper()
	for _, status := range []int{200, 400, 503} {
		var written, read int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			read, _ = io.Copy(io.Discard, io.LimitReader(r.Body, most+1))
			w.WriteHeader(status)
			chunk := make([]byte, 1<<16)
			for i := range chunk {
				chunk[i] = ' '
			}
			for written < 64<<20 {
				n, err := w.Write(chunk)
				written += int64(n)
				if err != nil {
					return
				}
			}
		}))
		err := large(s.URL)
		s.Close()
		if read > most {
			t.Errorf("a body of more than %d bytes was sent", most)
		}
		if read == 0 {
			t.Errorf("nothing was sent: %v", err)
		}
		if written >= 64<<20 {
			t.Errorf("after %d the sink read all of %d bytes", status, written)
		}
	}
}
