package torture

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// quantile gives the q-th part of a sample, as exact as is worth reading.
func quantile(sample []time.Duration, q float64) time.Duration {
	if len(sample) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(sample))
	at := sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
	if at < 100*time.Millisecond {
		return at.Round(10 * time.Microsecond)
	}
	return at.Round(time.Millisecond)
}

// points lists counts by name.
func points(m map[string]int) string {
	if len(m) == 0 {
		return "none"
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s %d", name, m[name]))
	}
	return strings.Join(out, ", ")
}
