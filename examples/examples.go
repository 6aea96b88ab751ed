// Package examples carries the runnable examples inside the binary, so that the demo needs nothing but the binary. The data is a
// real inference log; flights/README.md says what is in it.
package examples

import "embed"

// Flights is a delay-risk model's log over New York's flights of 2013: one in five of its questions from March to August, its
// training baseline, the labels, and a configuration that watches it.
//
//go:embed flights
var Flights embed.FS
