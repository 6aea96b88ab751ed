// Package sinkstest is the conformance suite of sinks that deliver over HTTP: what each answer means for the delivery, what an
// error may say, and when a delivery stops; and it holds what they write against golden files. It needs no network but loopback.
package sinkstest
