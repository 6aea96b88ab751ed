// Package http takes records over HTTP: POST /v1/records. What it answers with 202 is durable: it stands in a spool, an
// append-only log on disk that the same source reads as a partition. It owns the listener, the spool and the cutting of
// bodies into messages; what a message must look like it asks Config.Validate, and what becomes of it is not its affair.
//
// The partition's topic is "spool" and its offset a byte position in the log. A new log begins at the nanoseconds of the
// clock rather than at 0, so that offsets never go back even if the spool's folder is lost while the store is not.
package http
