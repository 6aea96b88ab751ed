package file

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"plumbline"
	"plumbline/collectors/collectorstest"
)

// forgetful is a handler whose first Close fails, as when the store can't be reached: what was handed over is forgotten.
type forgetful struct {
	*collectorstest.Handler
	failed bool
}

func (h *forgetful) Close(ctx context.Context, p plumbline.Partition) error {
	if !h.failed {
		h.failed = true
		h.Kill()
		defer h.Revive()
	}
	return h.Handler.Close(ctx, p)
}

func TestWhatWasForgottenIsReadAgain(t *testing.T) {
	for name, text := range map[string][]byte{"plain": []byte("one\ntwo\n"), "gzip": zip([]byte("one\ntwo\n")), "corrupt": zip([]byte("one\ntwo\n"))[:30]} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			write(t, path, text)
			h := &forgetful{Handler: &collectorstest.Handler{}}
			s := source(t, Config{Paths: []string{path}})
			if err := s.Run(context.Background(), h); !errors.Is(err, collectorstest.ErrKilled) {
				t.Fatal(err)
			}
			for range 2 { // the second time there is nothing new
				if err := s.Run(context.Background(), h); err != nil {
					t.Fatal(err)
				}
			}
			lines := []string{"0:one", "4:two"}
			if name == "corrupt" {
				lines = append(lines, "8:corrupt")
			}
			want(t, h.Handler, path, lines...)
		})
	}
}
