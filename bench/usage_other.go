//go:build !linux

package main

import "time"

var started = time.Now()

// processCPU stands in with wall time where this command can't ask for CPU time.
func processCPU() time.Duration { return time.Since(started) }

func peakRSS(int) (int64, bool) { return 0, false }

func cpuModel() string { return "" }

func load() string { return "" }
