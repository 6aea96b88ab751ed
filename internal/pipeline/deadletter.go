package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"plumbline"
	"plumbline/collectors"
)

// DeadLetters keeps what could not become a record. Write returns once the letters are durable; the checkpoint that passes
// them is written after that, so that a letter can be written twice but never be lost.
type DeadLetters interface {
	Write(ctx context.Context, letters [][]byte) error
}

// letter is the dead-letter line. The payload is there only where the configuration asks for it.
type letter struct {
	Source    string           `json:"source"`
	Topic     string           `json:"topic"`
	Partition int32            `json:"partition"`
	Offset    int64            `json:"offset"`
	Reason    plumbline.Reason `json:"reason"`
	Detail    string           `json:"detail,omitempty"`
	Payload   []byte           `json:"payload,omitempty"` // base64: it need not be text
	Cut       bool             `json:"payload_cut,omitempty"`
}

// maxLetterPayload bounds what a letter holds of its message. In base64 it stays below the 1 MB that Kafka's brokers take as they
// come: a letter that can't be written would keep its partition from going on.
const maxLetterPayload = 600 << 10

func encodeLetter(p plumbline.Partition, m collectors.Message, r *plumbline.Reject, payload bool) []byte {
	l := letter{Source: p.Source, Topic: p.Topic, Partition: p.ID, Offset: m.Offset, Reason: r.Reason, Detail: r.Detail}
	if payload {
		l.Payload, l.Cut = m.Value[:min(len(m.Value), maxLetterPayload)], len(m.Value) > maxLetterPayload
	}
	b, err := json.Marshal(l)
	if err != nil { // unreachable: every field marshals
		return fmt.Appendf(nil, `{"reason":%q}`, r.Reason)
	}
	return b
}

// DeadLetterFile appends letters to a file, one JSON object a line. Several workers share it.
type DeadLetterFile struct {
	mu   sync.Mutex
	f    *os.File
	torn bool // the last line may have no end, because a disk was full or a process died
}

// OpenDeadLetterFile opens or creates the file, readable by its owner only.
func OpenDeadLetterFile(path string) (*DeadLetterFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open dead-letter file: %w", err)
	}
	d, last := &DeadLetterFile{f: f}, make([]byte, 1)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		_, err := f.ReadAt(last, info.Size()-1)
		d.torn = err != nil || last[0] != '\n'
	}
	return d, nil
}

func (d *DeadLetterFile) Write(_ context.Context, letters [][]byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	text := append(bytes.Join(letters, []byte{'\n'}), '\n')
	if d.torn {
		text = append([]byte{'\n'}, text...) // readers of lines of JSON pass over an empty one
	}
	d.torn = true
	if _, err := d.f.Write(text); err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	if err := d.f.Sync(); err != nil {
		return fmt.Errorf("sync dead letters: %w", err)
	}
	d.torn = false
	return nil
}

// Close closes the file.
func (d *DeadLetterFile) Close() error { return d.f.Close() }
