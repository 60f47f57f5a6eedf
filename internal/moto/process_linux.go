package moto

import (
	"os"
	"syscall"
)

// attributes give the child a process group of its own, so that what it starts
// ends with it, and let it end with this process.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func kill(process *os.Process) error {
	return syscall.Kill(-process.Pid, syscall.SIGKILL)
}
