// Package collectorstest holds the promises every collectors.Source must keep, as a suite, and a Handler that records what
// a source hands over and complains when the contract is broken. It knows no particular source.
//
// A source's tests call Test with a Harness that makes the source over a feed of its own:
//
//	collectorstest.Test(t, collectorstest.Harness{New: func(t *testing.T) (collectors.Source, collectorstest.Feed) { … }})
package collectorstest
