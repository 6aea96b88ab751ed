package kafkatest_test

import (
	"testing"

	"plumbline/internal/kafkatest"
)

func TestFake(t *testing.T) {
	addr := kafkatest.StartFake(t)
	c := kafkatest.NewClient(t, addr)
	c.CreateTopic("a", 2)
	c.Produce("a", 1, []byte("one"), []byte("two"))
	if got := c.EndOffset("a", 1); got != 2 {
		t.Errorf("partition 1 ends at %d, want 2", got)
	}
	c.DeleteRecords("a", 1, 1)
	c.AddPartitions("a", 3)
	c.DeleteTopic("a")
	c.CreateTopic("a", 1)
	c.Produce("a", 0, []byte("one"))
	if got := c.EndOffset("a", 0); got != 1 {
		t.Errorf("the new topic ends at %d, want 1", got)
	}
}
