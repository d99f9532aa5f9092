package app

import (
	"os"
	"runtime/debug"
)

// The live heap is small and garbage is made fast, so the collector may be lazy; the soft limit keeps a backlog from
// growing the process. GOGC and GOMEMLIMIT, when set, win.
const (
	gcPercent   = 400
	memoryLimit = 192 << 20
)

func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
