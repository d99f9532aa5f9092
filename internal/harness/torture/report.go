package torture

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Print writes the final table.
func (r *Result) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) //nolint:errcheck // Flush says it
	}
	rate := 0.0
	if r.Loaded > 0 {
		rate = float64(r.Sums.acked) / r.Loaded.Seconds()
	}
	line("rounds", "%d", r.Rounds)
	line("kills and stops", "%d", r.Kills)
	line("  of them at failpoints", "%s", points(r.Points))
	line("events acknowledged", "%d (%.0f/s under load, down times included)", r.Sums.acked, rate)
	line("answers lost", "%d events", r.Sums.unclear)
	for i, name := range r.Lanes {
		s := r.Sums.perLane[i]
		line("delivered to "+name, "%d, and %d duplicates", s.distinct, s.duplicates)
	}
	line("lost", "%d", r.Lost)
	if r.CutOff > 0 {
		line("unacknowledged, counted as lost", "%d (frames that a kill cut off in the middle of their write)", r.CutOff)
	}
	line("duplicates, most per kill", "%d", r.MaxDuplicates)
	line("order violations", "%d", r.Violations.count("out of order"))
	line("recovery (start to ready)", "p50 %v, p99 %v, max %v of %d", quantile(r.Recoveries, 0.5), quantile(r.Recoveries, 0.99),
		quantile(r.Recoveries, 1), len(r.Recoveries))
	if r.Lost == 0 && r.Sums.acked > 0 {
		n := float64(r.Sums.acked)
		line("0 lost of N", "95 %% upper bound of the loss rate: 3/%.0f = %.1e; rounds: 3/%d = %.3f", n, 3/n, r.Rounds, 3/float64(max(r.Rounds, 1)))
	}
	return w.Flush()
}

// quantile gives the q-th part of a sample.
func quantile(sample []time.Duration, q float64) time.Duration {
	if len(sample) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(sample))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Round(time.Millisecond)
}

// points lists how often each failpoint killed.
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
