package event

import (
	"testing"
	"time"
)

func TestCatalogue(t *testing.T) {
	t.Parallel()
	types := Types()
	if len(types) < 120 {
		t.Fatalf("only %d types", len(types))
	}
	detections := 0
	for i, info := range types {
		if i > 0 && types[i-1].Name >= info.Name {
			t.Errorf("%s stands twice or out of order", info.Name)
		}
		if !ValidType(info.Name) || info.Category == "" || info.Category == OtherCategory || info.Description == "" {
			t.Errorf("%s: name, category or description is missing or wrong", info.Name)
		}
		if info.Category == "detection" {
			detections++
		}
		r, err := Parse(info.Sample, DefaultAccount, time.Now(), Limits{})
		if err != nil {
			t.Errorf("sample of %s: %v", info.Name, err)
			continue
		}
		if r.Type != info.Name || len(r.Raw) > 0 || r.Flags&NoSeverity != 0 || r.Flags&NoTime == 0 {
			t.Errorf("sample of %s: type %s, rewritten %t, flags %b", info.Name, r.Type, len(r.Raw) > 0, r.Flags)
		}
		if e, err := r.Event(); err != nil || e.Title == "" {
			t.Errorf("sample of %s: no title (%v)", info.Name, err)
		}
	}
	if detections < 12 {
		t.Errorf("only %d detections", detections)
	}
	for _, name := range []string{
		"alert.created", "alert.acknowledged", "alert.resolved", "alert.reopened", "alert.updated",
		"incident.created", "incident.updated", "incident.closed",
		"investigation.started", "investigation.completed", "investigation.failed",
		"ip.blocked", "ip.unblocked", "ip.block_verified", "ip.block_failed", "ip.block_drifted",
		"system.user_created", "system.integration_created", "system.integration_deleted", "system.integration_disabled",
		"system.integration_failing", "system.credential_expiring", "system.quota_exceeded", "system.delivery_expired", "system.journal_damaged",
		"system.test", "telemetry.statistics", "telemetry.heartbeat", "telemetry.metrics", "custom.event", "hit.detected",
		"vulnerability.detected", "scope.changed", "detection.brute_force", "detection.impossible_travel",
		"detection.credential_stuffing", "detection.port_scan",
	} {
		if _, ok := LookupType(name); !ok {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestUnknownType(t *testing.T) {
	t.Parallel()
	if got := Category("foo.bar"); got != OtherCategory {
		t.Errorf("category %q", got)
	}
	sample, ok := Sample("foo.bar")
	if !ok {
		t.Fatal("no sample of an unknown type")
	}
	if r, err := Parse(sample, DefaultAccount, time.Now(), Limits{}); err != nil || r.Type != "foo.bar" {
		t.Errorf("generic sample: %v", err)
	}
	if _, ok := Sample("Not a type"); ok {
		t.Error("a sample of a name that is no type")
	}
}
