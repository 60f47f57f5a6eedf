package moto

import (
	"os"
	"syscall"
)

// attributes puts the child into its own process group, so that its children can be
// ended with it, and has it killed when this process ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func kill(process *os.Process) error {
	return syscall.Kill(-process.Pid, syscall.SIGKILL)
}
