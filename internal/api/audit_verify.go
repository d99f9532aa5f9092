package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/audit"
)

// Limits of verifying the audit record by request.
const (
	// maxVerifying is how many verifications go on at the same time, of all callers.
	maxVerifying = 1
	// verifyFor is how long one may take: well below the time that the server has for an answer.
	verifyFor = 20 * time.Second
)

// AuditProblem is one thing that is wrong with the record.
type AuditProblem struct {
	Sequence uint64 `json:"sequence" doc:"The number of the entry at which it shows; 0 for none." example:"1042"`
	Reason   string `json:"reason" doc:"What is wrong." example:"entry 1042 does not fit its hash: its content or its hash was changed, or what stood before it"`
}

// AuditVerification is what a verification found.
type AuditVerification struct {
	OK         bool           `json:"ok" doc:"Nothing is wrong with what was verified."`
	Complete   bool           `json:"complete" doc:"The whole record was verified. Otherwise it took too long, and entries and last say how far it came."`
	Entries    uint64         `json:"entries" doc:"How many entries were verified." example:"1042"`
	First      uint64         `json:"first" doc:"The number of the first one; 0 without entries." example:"1"`
	Last       uint64         `json:"last" doc:"The number of the last one." example:"1042"`
	From       time.Time      `json:"from,omitzero" doc:"The time of the first one."`
	To         time.Time      `json:"to,omitzero" doc:"The time of the last one."`
	Problem    *AuditProblem  `json:"problem,omitempty" doc:"The first thing that is wrong."`
	Problems   []AuditProblem `json:"problems,omitempty" doc:"What is wrong, in the order in which it was met: at most 20."`
	More       int            `json:"more,omitempty" doc:"How many problems there are beyond these."`
	Checkpoint string         `json:"checkpoint,omitempty" doc:"Of a complete one: the end of what was verified, to be kept outside of the hub." example:"tocsin-audit-checkpoint v1 …"`
}

func (a *server) verifyOperation() {
	register(a, op{
		id: "verify-audit", method: http.MethodPost, path: "/api/v1/audit/verify", tag: tagAudit, scope: scopeAudit, act: "audit.verify",
		summary: "Verify the audit record",
		about: fmt.Sprintf("Goes along the chain of the whole hub, as tocsin audit verify does, for at most %d seconds. The chain covers the entries of all accounts; "+
			"the answer tells nothing of what is in them. Without a checkpoint that was kept elsewhere it cannot show that the end was cut off. "+
			"One verification goes on at a time.", verifyFor/time.Second),
	}, a.verifyAudit)
}

func (a *server) verifyAudit(ctx context.Context, _ *struct{}) (*body[AuditVerification], error) {
	select {
	case a.verifying <- struct{}{}:
		defer func() { <-a.verifying }()
	default:
		return nil, problem(http.StatusServiceUnavailable, "the record is being verified already: try again").coded("BUSY").retry(auditRetry)
	}
	var out AuditVerification
	err := a.recorded(ctx, act.Act{Action: "audit.verify"}, func(ctx context.Context) error {
		within, stop := context.WithTimeout(ctx, verifyFor)
		defer stop()
		report, err := a.Audit.Verify(within)
		if err != nil && (within.Err() == nil || ctx.Err() != nil) {
			return err
		}
		out = newVerification(&report, err == nil)
		return nil
	})
	return result(out, err)
}

func newVerification(r *audit.Report, complete bool) AuditVerification {
	v := AuditVerification{
		OK: r.OK(), Complete: complete, Entries: r.Entries, First: r.First, Last: r.Last, From: r.From, To: r.To, More: r.More,
	}
	for _, f := range r.Findings {
		v.Problems = append(v.Problems, AuditProblem{f.Seq, f.What})
	}
	if len(v.Problems) > 0 {
		v.Problem = &v.Problems[0]
	}
	if complete && v.OK {
		v.Checkpoint = r.Head.String()
	}
	return v
}
