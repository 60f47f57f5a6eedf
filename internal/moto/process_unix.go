//go:build unix && !linux

package moto

import (
	"os"
	"syscall"
)

// attributes puts the child into its own process group, so that its children can be
// ended with it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

func kill(process *os.Process) error {
	return syscall.Kill(-process.Pid, syscall.SIGKILL)
}
