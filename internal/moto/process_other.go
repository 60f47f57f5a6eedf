//go:build !unix

package moto

import (
	"os"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return nil }

func kill(process *os.Process) error { return process.Kill() }
