package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"plumbline"
	"plumbline/collectors"
)

// counter is a handler that counts messages and calls done when it has seen all.
type counter struct {
	n    atomic.Int64
	want int64
	done context.CancelFunc
}

func (c *counter) Open(context.Context, plumbline.Partition, func(int64)) (collectors.Position, error) {
	return collectors.Position{}, nil
}

func (c *counter) Handle(_ context.Context, b collectors.Batch) error {
	if c.n.Add(int64(len(b.Messages))) >= c.want {
		c.done()
	}
	return nil
}

func (c *counter) Close(context.Context, plumbline.Partition) error { return nil }

// readAlone reads n messages of a source and does nothing with them.
func readAlone(s collectors.Source, n int) error {
	limit, stop := context.WithTimeout(context.Background(), 5*time.Minute)
	defer stop()
	ctx, cancel := context.WithCancel(limit)
	defer cancel()
	c := &counter{want: int64(n), done: cancel}
	if err := s.Run(ctx, c); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if got := c.n.Load(); got != int64(n) {
		return fmt.Errorf("the source alone read %d messages of %d", got, n)
	}
	return nil
}
