//go:build unix && !linux

package segment

import (
	"os"

	"golang.org/x/sys/unix"
)

func lockFile(f *os.File) error {
	return os.NewSyscallError("flock", unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB))
}
