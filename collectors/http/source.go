package http

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"plumbline"
	"plumbline/collectors"
)

// Topic is the topic of the partition that is the spool.
const Topic = "spool"

// Config is an HTTP source. Zero sizes mean the default, which is named with each.
type Config struct {
	Listen     string                 // host:port
	TLS        *tls.Config            // nil: plain HTTP
	Token      func() (string, error) // asked at each request; nil: anybody may post
	Dir        string                 // of the spool; no other source may use it
	MaxBody    int64                  // of a request as sent; 16 MiB
	MaxText    int64                  // of a request after decompression; 64 MiB
	MaxMessage int                    // 1 MiB
	MaxSpool   int64                  // accepted and not yet taken over, in bytes on disk; 256 MiB
	// Validate says what is wrong with a message, so that the sender learns it; nil takes everything. It is called from many
	// goroutines.
	Validate func(message []byte, arrival time.Time) *plumbline.Reject
	Rejected func(reason plumbline.Reason) // called for each message that was refused with an answer
	Now      func() time.Time              // stamps arrivals; nil is time.Now

	memory int64 // all requests' texts together
}

// Source takes records over HTTP. It implements collectors.Source.
type Source struct {
	name   string
	c      Config
	log    *slog.Logger
	now    func() time.Time
	spool  *spool
	memory atomic.Int64 // taken by the texts of requests in progress
	handed atomic.Int64 // position in the spool up to which everything was handed over; -1 before Run

	mu      sync.Mutex
	address net.Addr
}

// New opens the spool. Run must follow, or Close.
func New(name string, c Config, log *slog.Logger) (*Source, error) {
	if c.Dir == "" {
		return nil, fmt.Errorf("source %s: no folder for the spool", name)
	}
	for _, d := range []struct {
		size  *int64
		usual int64
	}{{&c.MaxBody, 16 << 20}, {&c.MaxText, 4 * max(c.MaxBody, 16<<20)}, {&c.MaxSpool, 256 << 20}} {
		if *d.size <= 0 {
			*d.size = d.usual
		}
	}
	if c.MaxMessage <= 0 {
		c.MaxMessage = 1 << 20
	}
	c.MaxMessage = min(c.MaxMessage, maxPayload)
	c.memory = 4 * c.MaxText
	s := &Source{name: name, c: c, log: log.With("source", name), now: c.Now}
	if s.now == nil {
		s.now = time.Now
	}
	s.handed.Store(-1)
	var err error
	if s.spool, err = openSpool(c.Dir, c.MaxSpool, s.now(), s.log); err != nil {
		return nil, fmt.Errorf("source %s: %w", name, err)
	}
	return s, nil
}

// Name implements collectors.Source.
func (s *Source) Name() string { return s.name }

// Addr is where the source listens, nil before Run does.
func (s *Source) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// Idle implements collectors.Source.
func (s *Source) Idle() bool { return s.handed.Load() == s.spool.durable() }

// Close closes the spool of a source that is not run.
func (s *Source) Close() { s.spool.close() }

// Run implements collectors.Source: it listens, and hands over what the spool holds. What was answered with 202 and not handed
// over when it ends is handed over by the next Run, of this source or of another over the same folder.
func (s *Source) Run(ctx context.Context, h collectors.Handler) (err error) {
	s.spool.reopen()
	defer s.spool.close()
	p := plumbline.Partition{Source: s.name, Topic: Topic}
	at, err := h.Open(ctx, p, s.spool.ack)
	if err != nil {
		return fmt.Errorf("source %s: %w", s.name, err)
	}
	defer func() {
		if failed := h.Close(context.WithoutCancel(ctx), p); failed != nil {
			err = errors.Join(err, fmt.Errorf("source %s: close %s: %w", s.name, p, failed))
		}
		s.spool.prune()
	}()
	if at.Known {
		if err := s.spool.startAt(at.Next); err != nil {
			return fmt.Errorf("source %s: %w", s.name, err)
		}
		s.spool.ack(at.Next)
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	wait, err := s.serve(cancel)
	if err != nil {
		return fmt.Errorf("source %s: %w", s.name, err)
	}
	defer wait()
	err = s.replay(ctx, h, p, at.Next)
	if cause := context.Cause(ctx); err != nil && errors.Is(err, context.Canceled) && cause != nil {
		err = cause
	}
	return err
}

// serve begins to listen. A server that fails cancels; wait ends the server and waits until the last request is answered.
func (s *Source) serve(cancel context.CancelCauseFunc) (wait func(), err error) {
	if s.c.Listen == "" { // the handler is served by somebody else
		return func() {}, nil
	}
	l, err := net.Listen("tcp", s.c.Listen)
	if err != nil {
		return nil, err
	}
	if s.c.TLS != nil {
		l = tls.NewListener(l, s.c.TLS)
	}
	s.mu.Lock()
	s.address = l.Addr()
	s.mu.Unlock()
	server := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 90 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	done := make(chan struct{})
	go func() { // ends with Shutdown or Close below, or by its own error
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			cancel(fmt.Errorf("source %s: listener: %w", s.name, err))
		}
	}()
	s.log.Info("listening for records", "address", l.Addr().String())
	return func() {
		soft, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		if server.Shutdown(soft) != nil {
			server.Close()
		}
		<-done
	}, nil
}

// replay hands over what the spool holds, and what comes.
func (s *Source) replay(ctx context.Context, h collectors.Handler, p plumbline.Partition, at int64) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.spool.prune()
		messages, next, err := s.spool.read(at, s.c.MaxMessage)
		if err != nil {
			return fmt.Errorf("source %s: %w", s.name, err)
		}
		if len(messages) > 0 {
			b := collectors.Batch{Partition: p, Messages: messages, Next: next, End: max(s.spool.durable(), next)}
			if err := h.Handle(ctx, b); err != nil {
				return err
			}
		}
		at = next
		s.handed.Store(at)
		if len(messages) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.spool.ready:
		}
	}
}
