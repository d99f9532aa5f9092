package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Act is an audited act as it is shown.
type Act struct {
	Seq     uint64          `json:"seq" doc:"Its number in the record." example:"1042"`
	At      time.Time       `json:"at" doc:"When it began."`
	Actor   act.Actor       `json:"actor" doc:"Who did it, and from where."`
	Action  string          `json:"action" doc:"What was done." example:"integration.update"`
	Target  string          `json:"target,omitempty" doc:"To what." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Outcome string          `json:"outcome" doc:"ok, failed, refused, running, or unknown when the hub ended before it was known." example:"ok"`
	Error   string          `json:"error,omitempty" doc:"Why it failed."`
	Before  json.RawMessage `json:"before,omitempty" doc:"What it was like, as far as it changed; secrets masked."`
	After   json.RawMessage `json:"after,omitempty" doc:"What it is like now."`
	TookMS  *float64        `json:"took_ms,omitempty" doc:"How long it took, in milliseconds, once it has ended." example:"3.2"`
	Note    string          `json:"note,omitempty" doc:"A reason, as far as one was given."`
}

// AuditQuery selects acts.
type AuditQuery struct {
	Action string    `query:"action" maxLength:"100" doc:"An action, or all below a prefix: integration.*" example:"integration.*"`
	Target string    `query:"target" maxLength:"200" doc:"What was acted on."`
	Actor  string    `query:"actor" maxLength:"100" doc:"Who acted: the id of a key, a user or an integration, or its name as the record has it (of a user the e-mail address), in upper or lower case. By name, the newest 100,000 entries are looked at." example:"dana@example.com"`
	Since  time.Time `query:"since" doc:"Not before."`
	Until  time.Time `query:"until" doc:"Before."`
}

func (q AuditQuery) filter(account event.Account) store.AuditFilter {
	return store.AuditFilter{Account: account, Action: q.Action, Target: q.Target, Actor: q.Actor, After: q.Since, Before: q.Until}
}

// AuditCheckpoint is the end of the chain; kept elsewhere, it shows later that nothing was cut off.
type AuditCheckpoint struct {
	Text string           `json:"text" doc:"One line to keep outside of the hub; tocsin audit verify takes it." example:"tocsin-audit-checkpoint v1 …"`
	Data audit.Checkpoint `json:"data" doc:"The same as fields."`
}

func (a *server) auditOperations() {
	register(a, op{
		id: "list-audit", method: http.MethodGet, path: "/api/v1/audit", tag: tagAudit, scope: scopeAudit,
		summary: "List audited acts", about: "Who did what in this account, the newest first.",
	}, a.listAudit)
	register(a, op{
		id: "export-audit", method: http.MethodGet, path: "/api/v1/audit/export", tag: tagAudit, scope: scopeAudit, act: "audit.export", download: audit.ExportType,
		summary: "Export the audit record", about: "The chain as NDJSON, for tocsin audit verify. Entries of other accounts are in it as hashes only.",
	}, a.exportAudit)
	a.verifyOperation()
	register(a, op{
		id: "get-audit-checkpoint", method: http.MethodGet, path: "/api/v1/audit/checkpoint", tag: tagAudit, scope: scopeAudit,
		summary: "Get a checkpoint", about: "The number and hash of the newest entry. Kept outside of the hub, it lets tocsin audit verify find out that the end was cut off.",
	}, func(ctx context.Context, _ *struct{}) (*body[AuditCheckpoint], error) {
		c, err := a.Audit.Checkpoint(ctx)
		if err != nil {
			return nil, err
		}
		return answer(AuditCheckpoint{c.String(), c}), nil
	})
}

func (a *server) listAudit(ctx context.Context, in *struct {
	Paging
	AuditQuery
}) (*body[list[Act]], error) {
	rows, next, err := a.Audit.Acts(ctx, in.filter(accountOf(ctx)), in.page())
	if err != nil {
		return nil, err
	}
	l := list[Act]{Items: make([]Act, len(rows)), Next: next}
	for i, r := range rows {
		l.Items[i] = Act{
			Seq: r.Seq, At: r.At, Actor: r.Actor, Action: r.Action, Target: r.Target, Outcome: r.Outcome, Error: r.Error,
			Before: r.Before, After: r.After, Note: r.Note, TookMS: r.TookMS,
		}
	}
	return answer(l), nil
}

func (a *server) exportAudit(ctx context.Context, in *struct {
	Since time.Time `query:"since" doc:"Not before."`
	Until time.Time `query:"until" doc:"Before."`
	All   bool      `query:"all" doc:"Of all accounts; the operator's only."`
}) (*huma.StreamResponse, error) {
	who := callerOf(ctx)
	if in.All && !who.Operator() {
		return nil, problem(http.StatusForbidden, "only the operator may export the record of all accounts")
	}
	account := accountOf(ctx)
	if in.All {
		account = ""
	}
	q := audit.ExportQuery{Account: account, After: in.Since, Before: in.Until}
	return a.stream(ctx, audit.ExportType, "tocsin-audit.ndjson", func(w io.Writer) error { return a.Audit.Export(ctx, w, q) }), nil
}
