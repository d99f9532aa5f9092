package app

import "time"

// within asks until something is so, or the time is over, and says which. What a whole hub does it does when it gets to it,
// and most of what shows it is seen from the outside only.
func within(limit time.Duration, is func() bool) bool {
	for deadline := time.Now().Add(limit); ; {
		if is() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // this is the one place that waits for a state
	}
}
