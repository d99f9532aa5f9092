//go:build failpoint && failpointclock

package failpoint

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// With TOCSIN_FAILPOINT_CLOCK the wall clock of the whole process is wrong by what that file says, while the monotonic
// clock goes on, as when somebody sets the machine's time. time.ShiftWall is not Go's: the harness builds with an overlay
// that adds it, so that no place in the code that asks for the time is left out.
func init() {
	file := os.Getenv(EnvClock)
	if file == "" {
		return
	}
	shift(file)
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGUSR1)
	go func() {
		for range again {
			shift(file)
		}
	}()
}

func shift(file string) {
	text, err := os.ReadFile(file)
	if err == nil {
		var by time.Duration
		if by, err = time.ParseDuration(strings.TrimSpace(string(text))); err == nil {
			time.ShiftWall(by)
			return
		}
	}
	fmt.Fprintf(os.Stderr, "reading %s: %v\n", EnvClock, err)
	os.Exit(2)
}
