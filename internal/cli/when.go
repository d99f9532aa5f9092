package cli

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// timeOf reads a time as people give it: 2026-11-21, 2026-11-21T09:30:00Z, or how long ago: 90s, 15m, 24h, 7d.
func timeOf(flag, text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n < 10_000 {
			return now.Add(-time.Duration(n) * 24 * time.Hour), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usagef("--%s %q is no time: it looks like 24h or 7d (ago), 2026-11-21 (in UTC) or 2026-11-21T09:30:00Z", flag, text)
}

// setTime puts a time into a query, if there is one.
func setTime(q url.Values, name, flag, text string) error {
	if text == "" {
		return nil
	}
	t, err := timeOf(flag, text, time.Now())
	if err != nil {
		return err
	}
	q.Set(name, t.UTC().Format(time.RFC3339Nano))
	return nil
}

// setAll puts what is not empty into a query.
func setAll(q url.Values, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
}
