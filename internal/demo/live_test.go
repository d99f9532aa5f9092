package demo

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// TestMoment: two days of Live are valid events, never many at once, and leave a bounded number of alerts, few of them open.
func TestMoment(t *testing.T) {
	t.Parallel()
	begin := time.Date(2031, 5, 6, 7, 8, 9, 10, time.UTC)
	open, seen, total := map[string]bool{}, map[string]bool{}, 0
	const steps = 2 * 24 * 3600
	for n := range steps {
		now := begin.Add(time.Duration(n) * step)
		events := moment(n, now)
		total += len(events)
		if len(events) > 6 {
			t.Fatalf("step %d sends %d events", n, len(events))
		}
		for i := range events {
			raw, err := json.Marshal(&events[i])
			if err != nil {
				t.Fatal(err)
			}
			if n < 3600 {
				if _, err := event.Parse(raw, event.DefaultAccount, now, event.DefaultLimits()); err != nil {
					t.Fatalf("%s: %v", raw, err)
				}
			}
			switch e := events[i]; e.Type {
			case "alert.created":
				open[e.DedupKey], seen[e.DedupKey] = true, true
				if e.AlertType == "brute_force" {
					t.Errorf("%s would be blocked by the demo's rule", raw)
				}
			case "alert.resolved":
				if !open[e.DedupKey] {
					t.Fatalf("step %d ends %s, which is not open", n, e.DedupKey)
				}
				delete(open, e.DedupKey)
			}
			if _, known := event.LookupType(events[i].Type); !known {
				t.Fatalf("%s is not in the catalogue", events[i].Type)
			}
		}
		if len(open) > openAlerts {
			t.Fatalf("step %d leaves %d alerts open", n, len(open))
		}
	}
	if len(seen) != liveAlerts {
		t.Errorf("%d alerts, want %d", len(seen), liveAlerts)
	}
	if rate := float64(total) / steps; rate < 1 || rate > 2 {
		t.Errorf("%.2f events a second", rate)
	}
}

// TestDesk: a project is refused until the desk has known it for a minute; a busy desk is not so for long.
func TestDesk(t *testing.T) {
	t.Parallel()
	d := &Desk{heard: map[string]time.Time{}}
	now := time.Date(2031, 5, 6, 7, 8, 9, 10, time.UTC)
	if status, why := d.answer("shop", now); status != http.StatusCreated || why != "" {
		t.Errorf("before it is moody: %d %q", status, why)
	}
	d.turnMoody()
	for n, tt := range []struct {
		after   time.Duration
		project string
		want    int
	}{
		{0, "shop", http.StatusUnprocessableEntity},
		{time.Second, "shop", http.StatusUnprocessableEntity},
		{deskLearns, "shop", http.StatusCreated},
		{deskLearns, "corp", http.StatusUnprocessableEntity},
		{deskLearns, "shop", http.StatusCreated},
		{2 * deskLearns, "corp", http.StatusCreated},
		{2 * deskLearns, "", http.StatusUnprocessableEntity},
		{2 * deskLearns, "shop", http.StatusCreated},
		{2 * deskLearns, "shop", http.StatusServiceUnavailable},
		{2 * deskLearns, "shop", http.StatusCreated},
	} {
		status, why := d.answer(tt.project, now.Add(tt.after))
		if status != tt.want || (why == "") != (status == http.StatusCreated) {
			t.Errorf("request %d: %d %q, want %d", n+1, status, why, tt.want)
		}
	}
}
