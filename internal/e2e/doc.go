// Package e2e holds the tests of the whole program: the built binary as a process of its own, fed, killed and started again,
// and what it stored, printed and sent held against an independent recount of its input. It has no code of the product.
//
// The quick tests need nothing but Go. Those with the build tag real use the real ClickHouse engine and a real Kafka broker, on
// the log in examples/flights; PLUMBLINE_FLIGHTS names a folder with the full log (inference-*, labels-*, shadow-v2-* and the
// two baselines) to use instead.
package e2e
