package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"plumbline"
	"plumbline/collectors"
)

// One path's offsets: the generation counts the files that came one after the other under it.
const (
	generationBits = 40
	positionMask   = 1<<generationBits - 1
)

// tail is one path being read. One goroutine advances it at a time.
type tail struct {
	s         *Source
	path      string
	partition plumbline.Partition

	opened  bool // in the handler
	stream  *stream
	lines   lines
	base    int64 // offset of the file's first byte: its generation
	done    bool  // the file was read for good
	corrupt bool  // because it can't be read any further
	next    bool  // what comes under this path now is another generation
	quiet   time.Time
	left    time.Time // when it was seen that the file is no longer under its path

	mu   sync.Mutex
	end  os.FileInfo // the file as it was when all of it had been read
	open bool        // stream is open
}

func newTail(s *Source, path string) *tail {
	return &tail{s: s, path: path, partition: plumbline.Partition{Source: s.name, Topic: s.c.nameOf(path)}}
}

// nameOf is what the store calls a file. It must not depend on where the program was started, or the file would be read, and
// counted, once from each place.
func (c Config) nameOf(path string) string {
	if path == stdin || c.Root == "" {
		return path
	}
	root, err := filepath.Abs(c.Root)
	if err != nil {
		return path
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if name, err := filepath.Rel(root, full); err == nil && filepath.IsLocal(name) {
		return name
	}
	return full
}

// restart forgets what was read of the file, since the Run before may have ended in an error: what was handed over then need
// not be in the store, which says where reading goes on.
func (t *tail) restart() {
	if t.path != stdin { // which gives nothing twice
		t.done, t.corrupt = false, false
	}
	t.quiet, t.left = time.Time{}, time.Time{}
	t.reached(nil)
}

// advance reads what there is, and reports whether there is more.
func (t *tail) advance(ctx context.Context, h collectors.Handler) (again bool, err error) {
	if t.done && t.path == stdin {
		return false, nil
	}
	now, err := t.stat()
	if err != nil {
		return false, err
	}
	switch file := t.path != stdin; {
	case t.stream == nil && file && (now == nil || t.same(now)):
		return false, nil // gone, or read before
	case t.stream == nil:
		if t.another(now) {
			t.next = true
		}
		if err := t.begin(ctx, h, now); err != nil || t.stream == nil {
			return false, err
		}
	case file && (now == nil || !os.SameFile(now, t.stream.info)):
		return t.replaced(ctx, h)
	case file && now.Size() < t.stream.consumed.Load():
		t.s.log.Warn("file was cut short; reading it from its beginning", "path", t.path, "bytes", now.Size(), "position", t.stream.consumed.Load())
		return true, t.abandon(ctx, h)
	case file && t.same(now):
		return false, t.rest(ctx, h)
	}
	return t.read(ctx, h)
}

// stat is the path's file now, nil if there is none.
func (t *tail) stat() (os.FileInfo, error) {
	if t.path == stdin {
		return nil, nil
	}
	now, err := os.Stat(t.path)
	if errors.Is(err, os.ErrNotExist) && (t.s.c.Follow || t.stream != nil) {
		return nil, nil
	}
	return now, err
}

// begin opens file and partition and goes to where reading stood.
func (t *tail) begin(ctx context.Context, h collectors.Handler, now os.FileInfo) error {
	if t.s.c.Follow && now != nil && now.Size() == 0 {
		t.next = t.next || t.lines.offset > t.base // it was cut to nothing
		t.reached(now)
		return nil
	}
	t.s.settled.Store(false)
	if !t.opened {
		at, err := h.Open(ctx, t.partition, nil)
		if err != nil {
			return err
		}
		t.opened = true
		if base := at.Next &^ positionMask; base >= t.base {
			t.base, t.lines.offset = base, at.Next
		} else {
			t.lines.offset = t.base // the store has nothing of this file yet
		}
		if t.path == stdin && at.Known { // what comes in now never came before
			t.next = true
		}
	}
	t.done, t.corrupt = false, false
	if t.next {
		t.next = false
		t.base += 1 << generationBits
		t.lines.offset = t.base
	}
	return t.openAt(ctx, t.lines.offset-t.base)
}

func (t *tail) openAt(ctx context.Context, position int64) error {
	for {
		s, err := t.openStream(ctx)
		if err != nil {
			return err
		}
		err = s.seek(position)
		if err == nil {
			t.setStream(s)
			t.reached(nil)
			t.lines = lines{r: s, max: t.s.c.MaxMessage, chunk: chunk, offset: t.base + position}
			if t.path == stdin {
				t.lines.chunk, t.lines.eager = 64<<10, true
			}
			return nil
		}
		s.close()
		var other *errOther
		if !errors.As(err, &other) || !t.s.c.Follow {
			return err
		}
		t.s.log.Warn("another file has taken this path; reading it from its beginning", "path", t.path, "why", other.why)
		t.base += 1 << generationBits
		position = 0
	}
}

func (t *tail) openStream(ctx context.Context) (*stream, error) {
	if t.path == stdin {
		return openInput(readerFunc(func(b []byte) (int, error) { return t.s.input.read(ctx, b) })), nil
	}
	return openFile(t.path)
}

// read hands over what there is until the file's end or the end of its turn.
func (t *tail) read(ctx context.Context, h collectors.Handler) (again bool, err error) {
	t.s.settled.Store(false)
	begin := t.lines.offset
	for {
		size := t.stream.size()
		if t.stream.text == nil && size >= 0 { // don't take a large buffer for a few bytes
			t.lines.chunk = int(min(max(size-t.stream.consumed.Load(), 0)+1, chunk))
		}
		messages, next, err := t.lines.read()
		if failed := t.handOver(ctx, h, messages, next); failed != nil {
			return false, failed
		}
		switch {
		case errors.Is(err, io.EOF):
			return false, t.atEOF(ctx, h)
		case ctx.Err() != nil:
			return false, ctx.Err()
		case t.stream.broken != nil:
			return false, t.brokenOff(ctx, h)
		case err != nil:
			return false, err
		case next-t.base > positionMask:
			return false, fmt.Errorf("more than %d GiB of text", positionMask>>30)
		case t.s.c.Follow && t.path != stdin && next-begin > turn:
			return true, nil
		}
	}
}

func (t *tail) handOver(ctx context.Context, h collectors.Handler, messages []collectors.Message, next int64) error {
	if len(messages) > 0 {
		end := int64(-1)
		if t.stream.info != nil {
			at := t.stream.info.ModTime()
			for i := range messages {
				messages[i].Time = at
			}
			if t.stream.text == nil {
				end = max(t.base+t.stream.info.Size(), next)
			}
		}
		if err := h.Handle(ctx, collectors.Batch{Partition: t.partition, Messages: messages, Next: next, End: end}); err != nil {
			return err
		}
	}
	if t.s.c.Progress != nil {
		t.s.c.Progress(t.path, t.stream.consumed.Load(), t.stream.size())
	}
	return nil
}

// atEOF ends the reading of a file that will not grow, and otherwise remembers how it was.
func (t *tail) atEOF(ctx context.Context, h collectors.Handler) error {
	if t.s.c.Follow && t.path != stdin && t.stream.text == nil {
		// How the file was when its last byte was read, not how it is now.
		if size := t.stream.size(); size == t.stream.consumed.Load() {
			t.reached(t.stream.info)
		}
		t.quiet = time.Time{}
		return nil
	}
	return t.finish(ctx, h)
}

// finish hands over the line without an end and closes.
func (t *tail) finish(ctx context.Context, h collectors.Handler) error {
	if m, next, ok := t.lines.last(); ok {
		if err := t.handOver(ctx, h, []collectors.Message{m}, next); err != nil {
			return err
		}
	}
	t.done = true
	t.reached(t.stream.info)
	return t.close(ctx, h)
}

// brokenOff tells of a corrupt compressed file: what could be read was handed over, the rest is one message.
func (t *tail) brokenOff(ctx context.Context, h collectors.Handler) error {
	if t.s.c.Follow && errors.Is(t.stream.broken, io.ErrUnexpectedEOF) && t.path != stdin {
		t.s.log.Warn("compressed file ends in the middle; looking again when it has changed", "path", t.path)
		t.reached(t.stream.info)
		at := t.lines.offset
		t.closeStream()
		t.lines.offset = at
		return nil
	}
	if !t.stream.told {
		end := t.lines.offset + t.lines.skip + int64(len(t.lines.rest))
		t.s.log.Error("compressed file is corrupt; what comes after can't be read", "path", t.path, "byte", end-t.base, "error", t.stream.broken)
		m := collectors.Message{Offset: t.lines.offset, Reject: plumbline.ReasonCorrupt}
		if err := t.handOver(ctx, h, []collectors.Message{m}, end+1); err != nil {
			return err
		}
	}
	t.done, t.corrupt = true, true
	t.reached(t.stream.info)
	return t.close(ctx, h)
}

// replaced ends a file that is no longer under its path, once who writes it has had the time to open the one that is.
func (t *tail) replaced(ctx context.Context, h collectors.Handler) (again bool, err error) {
	if t.left.IsZero() {
		t.left = time.Now()
	}
	over := !t.s.c.Follow || time.Since(t.left) >= t.s.linger
	for again = true; again; {
		if again, err = t.read(ctx, h); err != nil {
			return false, err
		}
	}
	switch {
	case t.stream == nil: // it was compressed and has ended
		t.left = time.Time{}
		return true, nil
	case !over:
		return false, nil
	}
	t.left = time.Time{}
	t.s.log.Info("file is no longer under its path; it was read to its end", "path", t.path)
	return true, t.abandon(ctx, h)
}

// abandon leaves a file: what comes under its path is another generation.
func (t *tail) abandon(ctx context.Context, h collectors.Handler) error {
	if m, next, ok := t.lines.last(); ok {
		if err := t.handOver(ctx, h, []collectors.Message{m}, next); err != nil {
			return err
		}
	}
	t.next = true
	t.reached(nil)
	return t.close(ctx, h)
}

// rest gives the partition up when nothing has come for long; it is opened again when something does.
func (t *tail) rest(ctx context.Context, h collectors.Handler) error {
	if t.quiet.IsZero() {
		t.quiet = time.Now()
	}
	if time.Since(t.quiet) < quiet || len(t.lines.rest) > 0 || t.lines.skip > 0 {
		return nil
	}
	t.quiet = time.Time{}
	return t.close(ctx, h)
}

// close gives file and partition up.
func (t *tail) close(ctx context.Context, h collectors.Handler) error {
	t.closeStream()
	if !t.opened {
		return nil
	}
	t.opened = false
	if err := h.Close(context.WithoutCancel(ctx), t.partition); err != nil {
		return fmt.Errorf("close %s: %w", t.partition, err)
	}
	return nil
}

func (t *tail) closeStream() {
	if t.stream != nil {
		t.stream.close()
		t.setStream(nil)
	}
}

func (t *tail) setStream(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stream, t.open = s, s != nil
}

func (t *tail) isOpen() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open
}

func (t *tail) reached(info os.FileInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = info
}

// another reports whether a file is not the one that was read before, or no longer what was read for good. One that was read
// to its end and has grown goes on: another member was added to a compressed file.
func (t *tail) another(now os.FileInfo) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.end == nil || now == nil {
		return t.done
	}
	return !os.SameFile(t.end, now) || t.corrupt || t.done && now.Size() < t.end.Size()
}

// same reports whether a file is as it was when all of it had been read.
func (t *tail) same(now os.FileInfo) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.end != nil && os.SameFile(t.end, now) && t.end.Size() == now.Size()
}

// atEnd reports whether all that is under the path now was read.
func (t *tail) atEnd() bool {
	if t.path == stdin {
		return true
	}
	now, err := os.Stat(t.path)
	return err != nil || t.same(now)
}
