package kafkatest

import (
	"os"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Start starts a real broker for the test and stops it when the test ends. With PLUMBLINE_TEST_KAFKA set and no options it
// is the broker named there, which can't be stopped: a test that does that asks for its [Own].
func Start(t testing.TB, opts ...Option) *Broker {
	t.Helper()
	if addr := os.Getenv("PLUMBLINE_TEST_KAFKA"); addr != "" && len(opts) == 0 {
		return &Broker{Addr: addr, listeners: map[string]string{"PLAINTEXT": addr}}
	}
	o := Options{Dir: t.TempDir()}
	for _, opt := range opts {
		opt(&o)
	}
	b, err := Launch(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(); err != nil {
			t.Log(err)
		}
		if t.Failed() {
			t.Logf("the broker's last lines:\n%s", b.Log())
		}
	})
	return b
}

// StartFake starts a broker inside the test process and returns its address. It is kfake: quick and with the protocol's
// behaviour, but not Kafka.
func StartFake(t testing.TB, opts ...kfake.Opt) string {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatalf("start a fake broker: %v", err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()[0]
}
