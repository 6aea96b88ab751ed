//go:build unix

// Command fetch installs the pinned ClickHouse engine for tests into the user's cache folder and prints where it is.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"plumbline/internal/chtest/pinned"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	lib, err := pinned.Fetch(ctx, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		return 1
	}
	fmt.Println(lib)
	return 0
}
