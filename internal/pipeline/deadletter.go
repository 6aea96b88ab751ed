package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

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
}

func encodeLetter(p plumbline.Partition, m collectors.Message, r *plumbline.Reject, payload bool) []byte {
	l := letter{Source: p.Source, Topic: p.Topic, Partition: p.ID, Offset: m.Offset, Reason: r.Reason, Detail: r.Detail}
	if payload {
		l.Payload = m.Value
	}
	b, err := json.Marshal(l)
	if err != nil { // unreachable: every field marshals
		return fmt.Appendf(nil, `{"reason":%q}`, r.Reason)
	}
	return b
}

// DeadLetterFile appends letters to a file, one JSON object a line. Several workers share it: an append of one write is whole.
type DeadLetterFile struct{ f *os.File }

// OpenDeadLetterFile opens or creates the file, readable by its owner only.
func OpenDeadLetterFile(path string) (*DeadLetterFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open dead-letter file: %w", err)
	}
	return &DeadLetterFile{f}, nil
}

func (d *DeadLetterFile) Write(_ context.Context, letters [][]byte) error {
	if _, err := d.f.Write(append(bytes.Join(letters, []byte{'\n'}), '\n')); err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	if err := d.f.Sync(); err != nil {
		return fmt.Errorf("sync dead letters: %w", err)
	}
	return nil
}

// Close closes the file.
func (d *DeadLetterFile) Close() error { return d.f.Close() }
