package file

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"plumbline"
	"plumbline/collectors"
)

type discard struct{ n int }

func (d *discard) Open(context.Context, plumbline.Partition, func(int64)) (collectors.Position, error) {
	return collectors.Position{}, nil
}
func (d *discard) Handle(_ context.Context, b collectors.Batch) error {
	d.n += len(b.Messages)
	return nil
}
func (d *discard) Close(context.Context, plumbline.Partition) error { return nil }

// Lines of 900 bytes from the page cache; the floor is reading the file.
func BenchmarkRead(b *testing.B) {
	text := bytes.Repeat(append(bytes.Repeat([]byte("x"), 899), '\n'), 50000)
	for name, pack := range map[string]func([]byte) []byte{"plain": bytes.Clone, "gzip": zip} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "x")
			write(b, path, pack(text))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s, err := New("files", Config{Paths: []string{path}}, quietLog)
				if err != nil {
					b.Fatal(err)
				}
				d := &discard{}
				if err := s.Run(context.Background(), d); err != nil || d.n != 50000 {
					b.Fatal(err, d.n)
				}
			}
		})
	}
}
