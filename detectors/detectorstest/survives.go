// Package detectorstest is what the tests of the detectors' packages share.
package detectorstest

import "testing"

// Survives runs f and tells of a panic by what it was called with.
func Survives(t *testing.T, what string, f func(), args ...any) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s%v panics: %v", what, args, r)
		}
	}()
	f()
}
