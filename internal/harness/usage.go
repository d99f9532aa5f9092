package harness

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of /proc/PID/stat's times: USER_HZ, 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// CPU is the processor time (user and system) that a process has used, from /proc (Linux).
func CPU(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading processor time: %w", err)
	}
	// The second field is the name in parentheses, which may hold anything; utime and stime are the 14th and 15th.
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("reading processor time: %d fields in /proc/%d/stat", len(fields), pid)
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("reading processor time: %q, %q are no numbers", fields[11], fields[12])
	}
	return time.Duration(user+system) * clockTick, nil
}

// Memory is what a process holds, in bytes.
type Memory struct {
	RSS  int64 // now
	Peak int64 // the most since the start, or since ResetPeak
}

// ReadMemory reads a process's memory from /proc (Linux).
func ReadMemory(pid int) (Memory, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Memory{}, fmt.Errorf("reading memory: %w", err)
	}
	var m Memory
	for line := range bytes.Lines(b) {
		name, rest, _ := bytes.Cut(line, []byte(":"))
		var to *int64
		switch string(name) {
		case "VmRSS":
			to = &m.RSS
		case "VmHWM":
			to = &m.Peak
		default:
			continue
		}
		kib, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))), 10, 64)
		if err != nil {
			return Memory{}, fmt.Errorf("reading memory: %q: %w", line, err)
		}
		*to = kib << 10
	}
	return m, nil
}

// ResetPeak makes Memory.Peak begin anew from what the process holds now. Kernels that refuse leave it as it was.
func ResetPeak(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0) // a peak that is too high is the safe side
}
