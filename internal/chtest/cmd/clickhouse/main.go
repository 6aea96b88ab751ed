//go:build linux && amd64

// Command clickhouse serves one data directory over ClickHouse's native TCP protocol with the embedded engine, for tests and
// for trying things by hand where there is no ClickHouse server and no Docker:
//
//	go run ./internal/chtest/cmd/fetch
//	go run ./internal/chtest/cmd/clickhouse -addr 127.0.0.1:9000 -path DIR
//
// It accepts every user and password: keep it on loopback.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"

	"plumbline/internal/chtest/chdb"
	"plumbline/internal/chtest/native"
	"plumbline/internal/chtest/pinned"
)

func main() { os.Exit(run()) }

func run() int {
	addr := flag.String("addr", "127.0.0.1:9000", "address to listen on; port 0 takes a free one")
	dir := flag.String("path", "", "data directory, created if it is missing")
	lib := flag.String("lib", "", "engine library, if not the installed one")
	untilEOF := flag.Bool("until-eof", false, "end when stdin does")
	flag.Parse()
	if *dir == "" || flag.NArg() > 0 {
		flag.Usage()
		return 1
	}
	if *untilEOF {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0) // what has been acknowledged is on disk
		}()
	}
	if err := serve(*addr, *dir, *lib); err != nil {
		fmt.Fprintln(os.Stderr, "clickhouse:", err)
		return 1
	}
	return 0
}

func serve(addr, dir, lib string) (err error) {
	if lib == "" {
		if lib, err = pinned.Library(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := chdb.Load(lib); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println("listening on", ln.Addr()) // chtest reads this line
	return native.Serve(ln, dir)
}
