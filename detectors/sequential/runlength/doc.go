// Package runlength plays the detectors of package sequential on simulated streams and measures what they promise: mean run lengths
// between false alarms, delays to a true one, and coverage. It is the bench on which their calibration is checked, in small in the
// tests and in full by whoever wants to; it is never part of a running detector. All its randomness is seeded.
package runlength
