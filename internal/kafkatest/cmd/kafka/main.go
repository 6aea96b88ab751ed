// Command kafka fetches the real Kafka broker of the tests, or runs it by hand.
//
//	go run ./internal/kafkatest/cmd/kafka -fetch
//	go run ./internal/kafkatest/cmd/kafka -addr 127.0.0.1:9092 -dir kafka-data -topic inference:4
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"plumbline/internal/kafkatest"
)

func main() { os.Exit(run()) }

func run() int {
	fetch := flag.Bool("fetch", false, "only fetch and check the broker")
	addr := flag.String("addr", "127.0.0.1:9092", "where the broker listens")
	dir := flag.String("dir", "", "where it keeps its data; empty: a temporary folder that is removed at the end")
	topic := flag.String("topic", "", "create this topic if it is not there: name or name:partitions")
	flag.Parse()
	if err := kafka(*fetch, *addr, *dir, *topic); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

func kafka(fetch bool, addr, dir, topic string) error {
	libs, err := kafkatest.Fetch()
	if err != nil {
		return err
	}
	if fetch {
		fmt.Println("Kafka", kafkatest.Version, "is in", libs)
		return nil
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "kafka-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b, err := kafkatest.Launch(kafkatest.Options{Dir: dir, Addr: addr})
	if err != nil {
		return err
	}
	defer b.Stop()
	if topic != "" {
		if err := createTopic(ctx, b.Addr, topic); err != nil {
			return err
		}
	}
	fmt.Println("Kafka", kafkatest.Version, "serves at", b.Addr)
	<-ctx.Done()
	return b.Stop()
}

func createTopic(ctx context.Context, addr, topic string) error {
	name, count, _ := strings.Cut(topic, ":")
	partitions := 1
	if count != "" {
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 {
			return fmt.Errorf("-topic %s: the number of partitions is %q", topic, count)
		}
		partitions = n
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		return err
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	if there, err := adm.ListTopics(ctx, name); err != nil {
		return fmt.Errorf("create topic %s: %w", name, err)
	} else if there.Has(name) && there[name].Err == nil {
		return nil
	}
	if r, err := adm.CreateTopic(ctx, int32(partitions), 1, nil, name); err != nil {
		return fmt.Errorf("create topic %s: %w", name, err)
	} else if r.Err != nil {
		return fmt.Errorf("create topic %s: %w", name, r.Err)
	}
	return nil
}
