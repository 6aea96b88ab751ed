//go:build real

package kafkatest_test

import (
	"testing"

	"plumbline/internal/kafkatest"
)

func TestBrokerKeepsItsRecordsAndPorts(t *testing.T) {
	b := kafkatest.Start(t, kafkatest.Own())
	c := kafkatest.NewClient(t, b.Addr)
	c.CreateTopic("kept", 1)
	c.Produce("kept", 0, []byte("one"))
	b.Kill9()
	if err := b.Restart(); err != nil {
		t.Fatal(err)
	}
	c.Produce("kept", 0, []byte("two"))
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := b.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := c.EndOffset("kept", 0); got != 2 {
		t.Errorf("after a kill and a stop the topic ends at %d, want 2", got)
	}
}
