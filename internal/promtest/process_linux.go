package promtest

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the kernel kill the child when the test process ends, so that nothing outlives a killed test. The signal comes
// when the thread that started the child ends; Go's threads end only with a locked goroutine, which none here is.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
