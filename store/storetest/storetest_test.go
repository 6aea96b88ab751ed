package storetest

import (
	"testing"

	"plumbline/store"
)

func TestMemory(t *testing.T) {
	Harness{
		Open:   func(*testing.T) store.Store { return Memory() },
		Reopen: func(_ *testing.T, old store.Store) store.Store { return old },
	}.Test(t)
}
