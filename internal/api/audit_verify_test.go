package api

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/audit"
)

func TestVerification(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	bad := audit.Report{Entries: 4, First: 1, Last: 5, From: at, To: at, More: 1, Findings: []audit.Finding{{Seq: 3, What: "entry 3 is missing"}, {Seq: 5, What: "x"}}}
	problems := []AuditProblem{{3, "entry 3 is missing"}, {5, "x"}}
	want := AuditVerification{Complete: true, Entries: 4, First: 1, Last: 5, From: at, To: at, More: 1, Problem: &problems[0], Problems: problems}
	if diff := cmp.Diff(want, newVerification(&bad, true)); diff != "" {
		t.Errorf("what is wrong (-want +got):\n%s", diff)
	}
	half := audit.Report{Entries: 2, First: 1, Last: 2}
	if diff := cmp.Diff(AuditVerification{OK: true, Entries: 2, First: 1, Last: 2}, newVerification(&half, false)); diff != "" {
		t.Errorf("what was stopped (-want +got):\n%s", diff)
	}
}
