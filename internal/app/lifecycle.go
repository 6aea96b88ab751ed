package app

import (
	"context"
	"errors"
	"fmt"
)

// cleanups is a stack of named teardown steps: what is acquired registers its release on the next line, and all of them run in
// reverse, whatever fails.
type cleanups struct{ steps []cleanup }

type cleanup struct {
	name string
	run  func(ctx context.Context) error
}

func (c *cleanups) add(name string, run func(ctx context.Context) error) {
	c.steps = append(c.steps, cleanup{name, run})
}

// close runs and forgets every step.
func (c *cleanups) close(ctx context.Context) error {
	var errs []error
	for i := len(c.steps) - 1; i >= 0; i-- {
		if err := c.steps[i].run(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.steps[i].name, err))
		}
	}
	c.steps = nil
	return errors.Join(errs...)
}
