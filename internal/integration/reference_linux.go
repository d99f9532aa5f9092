package integration

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// virtualTypes are file systems whose files are views of the kernel's, wherever they are mounted.
var virtualTypes = []int64{
	unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC,
	unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.DEVPTS_SUPER_MAGIC, unix.NSFS_MAGIC, unix.BPF_FS_MAGIC,
}

// virtual says whether an open file is not on a file system that holds files.
func virtual(f *os.File) bool {
	var at unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &at); err != nil {
		return true
	}
	return slices.Contains(virtualTypes, int64(at.Type)) //nolint:unconvert // it is an int32 on other processors
}
