//go:build linux && amd64

package chdb

import (
	"syscall"
	"unsafe"
)

// The library resets eight signals to their defaults when it is configured and whenever a session opens. With SIGSEGV at its
// default a nil dereference in Go kills the process without a word instead of panicking, so Go's handlers are put back.

// signalTable is the kernel's action for each signal, by number.
type signalTable [32]struct{ handler, flags, restorer, mask uint64 }

const maskSize = 8

func readSignals() (t signalTable) {
	for s := 1; s < len(t); s++ {
		syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s), 0, uintptr(unsafe.Pointer(&t[s])), maskSize, 0, 0)
	}
	return t
}

func (t *signalTable) restore() {
	for s := 1; s < len(t); s++ {
		if s == int(syscall.SIGKILL) || s == int(syscall.SIGSTOP) {
			continue
		}
		syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&t[s])), 0, maskSize, 0, 0)
	}
}
