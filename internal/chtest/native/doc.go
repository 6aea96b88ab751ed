//go:build linux && amd64

// Package native serves the embedded ClickHouse engine over ClickHouse's native TCP protocol, so that the real client library
// meets the real engine in tests. It owns the protocol's server half: packets, blocks, sessions. It offers what the project's
// tests use, on trust: no access control, no TLS, no external tables, no HTTP.
package native
