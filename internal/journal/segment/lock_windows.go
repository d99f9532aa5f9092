package segment

import (
	"os"

	"golang.org/x/sys/windows"
)

func lockFile(f *os.File) error {
	// The range lies far behind the text of the file, which others may read to learn who holds the lock.
	at := &windows.Overlapped{OffsetHigh: 1}
	return os.NewSyscallError("LockFileEx", windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at))
}
