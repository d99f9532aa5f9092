package connector

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
)

func TestNoise(t *testing.T) {
	t.Parallel()
	p, err := ParsePolicy(json.RawMessage(`{"noise":{"dedup_window":"10m","group":{"by":["rule","entity"]},"quiet_hours":[{"days":["mon","sun"],"from":"22:00","to":"06:30","timezone":"Europe/Berlin","severity_through":"none"},
		{"from":"12:00","to":"13:00","then":"each"}],"cap":{"messages":20}}}`), Kind{})
	if err != nil {
		t.Fatal(err)
	}
	n := p.Noise
	if n.Quiet[0].Zone.String() != "Europe/Berlin" || n.Quiet[1].Zone != time.UTC {
		t.Errorf("zones %v and %v", n.Quiet[0].Zone, n.Quiet[1].Zone)
	}
	n.Quiet[0].Zone, n.Quiet[1].Zone = nil, nil
	if diff := cmp.Diff(Noise{
		DedupWindow: 10 * time.Minute, Group: Grouping{By: []string{"rule", "entity"}, Wait: 30 * time.Second, Interval: 5 * time.Minute, Max: 100},
		Quiet: []QuietHours{
			{Days: [7]bool{0: true, 1: true}, From: 22 * 60, To: 6*60 + 30, Through: event.Critical + 1},
			{Days: [7]bool{true, true, true, true, true, true, true}, From: 12 * 60, To: 13 * 60, Through: event.Critical, Each: true},
		},
		Cap: MessageCap{Messages: 20, Per: time.Hour, Through: event.Critical},
	}, n); diff != "" {
		t.Error(diff)
	}
	if err := p.CheckBatches(); err == nil || !strings.Contains(err.Error(), "noise.group.by this integration sends many events") || !strings.Contains(err.Error(), "noise.cap.messages") {
		t.Errorf("%v", err)
	}
	for _, raw := range []string{``, `{}`, `{"noise":{}}`, `{"noise":null}`} {
		p, err := ParsePolicy(json.RawMessage(raw), Kind{})
		if err != nil || !p.Noise.IsZero() || p.CheckBatches() != nil {
			t.Errorf("%s: %+v, %v", raw, p.Noise, err)
		}
	}
}

func TestNoiseRefused(t *testing.T) {
	t.Parallel()
	for raw, wrong := range map[string]string{
		`{"dedup_window":"200h"}`:                                             "noise.dedup_window",
		`{"group":{"by":["colour"]}}`:                                         "noise.group.by.0",
		`{"group":{"by":["rule"],"wait":"2h"}}`:                               "noise.group.wait",
		`{"group":{"by":["rule"],"max":1}}`:                                   "noise.group.max",
		`{"group":{"by":["rule"],"interval":"25h"}}`:                          "noise.group.interval",
		`{"quiet_hours":[{"from":"22:00"}]}`:                                  "noise.quiet_hours.0.to",
		`{"quiet_hours":[{"from":"24:00","to":"6:00"}]}`:                      "noise.quiet_hours.0.from",
		`{"quiet_hours":[{"from":"-1:00","to":"06:00"}]}`:                     "noise.quiet_hours.0.from",
		`{"quiet_hours":[{"from":"22:00","to":"06:00","days":["monday"]}]}`:   "noise.quiet_hours.0.days.0",
		`{"quiet_hours":[{"from":"22:00","to":"06:00","timezone":"Mars"}]}`:   "noise.quiet_hours.0.timezone",
		`{"quiet_hours":[{"from":"22:00","to":"06:00","timezone":"Local"}]}`:  "noise.quiet_hours.0.timezone",
		`{"quiet_hours":[{"from":"22:00","to":"06:00","timezone":"../etc"}]}`: "noise.quiet_hours.0.timezone",
		`{"quiet_hours":[{"from":"22:00","to":"06:00","then":"never"}]}`:      "noise.quiet_hours.0.then",
		`{"cap":{"messages":-1}}`:                                             "noise.cap.messages",
		`{"cap":{"messages":1,"per":"1s"}}`:                                   "noise.cap.per",
		`{"cap":{"severity_through":"loud"}}`:                                 "noise.cap.severity_through",
		`{"dedupe":"1m"}`:                                                     "noise.dedupe",
	} {
		if _, err := ParsePolicy(json.RawMessage(`{"noise":`+raw+`}`), Kind{}); err == nil || !strings.Contains(err.Error(), wrong+" ") {
			t.Errorf("%s: %v; want %s", raw, err, wrong)
		}
	}
}
