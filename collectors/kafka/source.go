package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"plumbline/collectors"
)

const (
	fetchTimeout = 15 * time.Second // of one request; a fetch without news takes maxWait
	metadataTTL  = 2 * time.Second  // how soon a new leader is known, at the latest
	joinBackoff  = 500 * time.Millisecond
	leaveTimeout = 5 * time.Second
	commitEvery  = 5 * time.Second
)

// Source reads the partitions of its topics that its consumer group gives it. It implements collectors.Source.
type Source struct {
	name         string
	config       Config
	log          *slog.Logger
	metrics      Metrics
	addr         net.Addr
	transport    roundTripper
	client       *kafkago.Client
	dialer       *kafkago.Dialer
	decompressor *decompressor
	maxWait      time.Duration // a broker waits so long for records before it answers that there are none
	heartbeat    time.Duration // how soon a rebalance is noticed
	watch        time.Duration // how soon a new partition is noticed

	mu       sync.Mutex
	readers  []*reader      // of this generation
	assigned bool           // there is a generation
	seen     map[string]int // partitions of a topic when it was first looked at

	refreshed time.Time
}

var _ collectors.Source = (*Source)(nil)

// New makes a source. It does not connect; Run does, and goes on trying.
func New(name string, c Config, log *slog.Logger, m Metrics) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("kafka source %s: %w", name, err)
	}
	c = c.withDefaults()
	d, err := newDecompressor(c.MaxDecompressed)
	if err != nil {
		return nil, err
	}
	s := &Source{name: name, config: c, log: log.With("source", name), metrics: m, decompressor: d, seen: map[string]int{},
		maxWait: 500 * time.Millisecond, heartbeat: min(3*time.Second, c.SessionTimeout/4), watch: 5 * time.Second}
	t := c.transport()
	s.addr, s.transport, s.dialer = kafkago.TCP(c.Brokers...), t, c.dialer()
	s.client = &kafkago.Client{Addr: s.addr, Transport: t, Timeout: fetchTimeout}
	return s, nil
}

// Name implements collectors.Source.
func (s *Source) Name() string { return s.name }

// Idle reports whether all partitions of this member were read to their end, as the last fetch of each saw it. A member
// without partitions is idle; one that is outside the group is not.
func (s *Source) Idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.readers {
		if !r.idle() {
			return false
		}
	}
	return s.assigned
}

func (s *Source) setReaders(rs []*reader, assigned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers, s.assigned = rs, assigned
}

// Run implements collectors.Source. It returns when ctx ends, when the handler fails, and when a position of the store does
// not fit its partition and the policy is to fail; brokers that can't be reached are waited for.
func (s *Source) Run(ctx context.Context, h collectors.Handler) error {
	defer s.setReaders(nil, false)
	if _, err := s.awaitTopics(ctx); err != nil {
		return err
	}
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID:                s.config.Group,
		Brokers:           s.config.Brokers,
		Topics:            s.config.Topics,
		Dialer:            s.dialer,
		StartOffset:       kafkago.FirstOffset,
		HeartbeatInterval: s.heartbeat,
		SessionTimeout:    s.config.SessionTimeout,
		RebalanceTimeout:  s.config.RebalanceTimeout,
		JoinGroupBackoff:  joinBackoff,
	})
	if err != nil {
		return fmt.Errorf("kafka source %s: %w", s.name, err)
	}
	defer leave(group)
	for complain := complainer(s.log); ; {
		// A generation whose topic is missing ends at once; joining again and again would do nothing else.
		partitions, err := s.awaitTopics(ctx)
		if err != nil {
			return err
		}
		gen, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, kafkago.RebalanceInProgress):
			continue
		case err != nil:
			complain("can't join the consumer group, trying again", err)
			continue
		}
		ended := make(chan error, 1)
		gen.Start(func(genCtx context.Context) { ended <- s.generation(ctx, genCtx, gen, partitions, h) })
		if err := <-ended; err != nil {
			return fmt.Errorf("kafka source %s: %w", s.name, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// leave leaves the group. A member that is just joining can't be called back before the group has settled, which takes up to
// the rebalance timeout; it has no partitions then, so it is left to itself.
func leave(group *kafkago.ConsumerGroup) {
	left := make(chan struct{})
	go func() {
		defer close(left)
		group.Close()
	}()
	select {
	case <-left:
	case <-time.After(leaveTimeout):
	}
}

// generation reads the partitions of one generation until it or run ends, or its topics have other numbers of partitions than
// before it was joined, and gives them up. Its error is fatal.
func (s *Source) generation(run, genCtx context.Context, gen *kafkago.Generation, partitions map[string]int, h collectors.Handler) error {
	ctx, cancel := context.WithCancelCause(genCtx)
	defer cancel(nil)
	defer context.AfterFunc(run, func() { cancel(context.Cause(run)) })()

	commits := &commits{gen: gen, log: s.log}
	var readers []*reader
	for topic, ps := range gen.Assignments {
		for _, p := range ps {
			readers = append(readers, newReader(s, topic, int32(p.ID), commits.add))
		}
	}
	s.setReaders(readers, true)
	s.log.Info("joined the consumer group", "group", s.config.Group, "generation", gen.ID, "partitions", len(readers))

	var wg sync.WaitGroup
	errs := make([]error, len(readers))
	for i, r := range readers {
		wg.Go(func() {
			if errs[i] = r.run(ctx, h); errs[i] != nil {
				cancel(errs[i]) // the others give up as well
			}
		})
	}
	wg.Go(func() { commits.run(ctx) })
	wg.Go(func() {
		if s.awaitChange(ctx, partitions) {
			s.log.Info("a topic has other partitions than before, joining the consumer group again", "group", s.config.Group)
			cancel(nil)
		}
	})
	wg.Wait()
	s.setReaders(nil, false)
	commits.flush() // still as a member: the group waits for this function
	return errors.Join(errs...)
}

// awaitTopics returns when all topics exist, and with how many partitions.
func (s *Source) awaitTopics(ctx context.Context) (partitions map[string]int, err error) {
	for complain := complainer(s.log); ; {
		partitions, err := s.checkTopics(ctx)
		if err == nil {
			return partitions, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		complain("waiting for Kafka", err)
		if err := sleep(ctx, time.Second/4); err != nil {
			return nil, err
		}
	}
}

func (s *Source) checkTopics(ctx context.Context) (partitions map[string]int, err error) {
	m, err := s.client.Metadata(ctx, &kafkago.MetadataRequest{Topics: s.config.Topics})
	if err != nil {
		return nil, s.reason(ctx, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	partitions = map[string]int{}
	for _, t := range m.Topics {
		if t.Error != nil {
			return nil, fmt.Errorf("topic %s: %w", t.Name, t.Error)
		}
		partitions[t.Name] = len(t.Partitions)
		if _, ok := s.seen[t.Name]; !ok {
			s.seen[t.Name] = len(t.Partitions)
		}
	}
	return partitions, nil
}

// awaitChange returns true when a topic has another number of partitions, or is gone. The numbers must have been read before the
// group was joined: a partition that was added meanwhile may be assigned to nobody. (kafka-go's own watcher begins to count after
// it has joined, and never notices such a partition.)
func (s *Source) awaitChange(ctx context.Context, partitions map[string]int) bool {
	for sleep(ctx, s.watch) == nil {
		m, err := s.client.Metadata(ctx, &kafkago.MetadataRequest{Topics: s.config.Topics})
		if err != nil {
			continue // the readers notice a broker that is away
		}
		for _, t := range m.Topics {
			gone := errors.Is(t.Error, kafkago.UnknownTopicOrPartition)
			if gone || t.Error == nil && len(t.Partitions) != partitions[t.Name] {
				return true
			}
		}
	}
	return false
}

// reason replaces a transport's error by what a broker says to a single connection, which names a wrong password or
// certificate where the transport only knows that no broker is available.
func (s *Source) reason(ctx context.Context, err error) error {
	for _, b := range s.config.Brokers {
		conn, dialErr := s.dialer.DialContext(ctx, "tcp", b)
		if dialErr == nil {
			conn.Close()
			return err
		}
		err = fmt.Errorf("broker %s: %w", b, dialErr)
	}
	return err
}

// isNew reports whether a partition was added to its topic after the source first saw it.
func (s *Source) isNew(topic string, partition int32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.seen[topic]
	return ok && int(partition) >= n
}

// refresh drops all connections and what is known about leaders, at most once a second. Requests under way go on.
func (s *Source) refresh() {
	s.mu.Lock()
	recently := time.Since(s.refreshed) < time.Second
	if !recently {
		s.refreshed = time.Now()
	}
	s.mu.Unlock()
	if t, ok := s.transport.(interface{ CloseIdleConnections() }); ok && !recently {
		t.CloseIdleConnections()
	}
}

// complainer returns a function that logs a problem that comes again and again: at once, and then every half minute.
func complainer(log *slog.Logger) func(msg string, err error) {
	var last time.Time
	return func(msg string, err error) {
		if time.Since(last) > 30*time.Second {
			last = time.Now()
			log.Warn(msg, "error", err)
		}
	}
}

// sleep waits; its error is ctx's.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
