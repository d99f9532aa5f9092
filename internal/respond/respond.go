// Package respond keeps blocks: decisions that an address must not get in. A block is desired state. The guard looks at
// every request before anything is done, people approve what it will not allow by itself, and reconcilers (see
// respond/reconcile) make it true at the responders and prove it.
package respond

import (
	"errors"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Errors of the room. Callers match them with errors.Is; refusals are a *RefusedError.
var (
	ErrNotFound   = errors.New("there is no such block")
	ErrVersion    = errors.New("it was changed since it was read")
	ErrEnded      = errors.New("the block has ended")
	ErrNotPending = errors.New("the block does not wait for approval")
	ErrPending    = errors.New("the block waits for approval: there is nothing to try again yet")
	ErrSamePerson = errors.New("whoever asked for a block does not approve it, nor does a key of theirs: somebody else must")
	ErrNoProtect  = errors.New("there is no such entry in the never-block list")
	ErrNoRule     = errors.New("there is no such response rule")
	// ErrNotPerson: rules, integrations and the hub itself approve nothing.
	ErrNotPerson = errors.New("a block is approved by a person or an API key")
)

// RefusedError says that the guard refused. It is also act.ErrRefused.
type RefusedError struct{ Verdict guard.Verdict }

func (e *RefusedError) Error() string {
	if len(e.Verdict.Findings) == 0 {
		return "refused"
	}
	return e.Verdict.Findings[0].Text
}

// Is makes it an act.ErrRefused, so that the audit record says "refused" rather than "failed".
func (e *RefusedError) Is(target error) bool { return target == act.ErrRefused }

// Evidence is what a block is asked for because of: ids as people see them; at most one of each.
type Evidence struct {
	Alert    string `json:"alert,omitempty" doc:"An alert." example:"alr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Incident string `json:"incident,omitempty" doc:"An incident." example:"INC-1042"`
	Event    string `json:"event,omitempty" doc:"An event." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

// Request asks for a block.
type Request struct {
	Target string `json:"target" maxLength:"64" doc:"An address or a range in CIDR notation." example:"203.0.113.7"`
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Why, for people. A permanent block needs one." example:"Brute force against the login"`
	// TTL is a duration, "permanent", or empty for the policy's default.
	TTL          string   `json:"ttl,omitempty" maxLength:"32" doc:"How long, such as 24h or 7d; permanent; the policy's default if left out." example:"24h"`
	Integrations []string `json:"integrations,omitempty" maxItems:"100" doc:"The responders; all of the account that can block the target if left out."`
	Evidence     Evidence `json:"evidence,omitzero" doc:"Because of what."`
	DryRun       bool     `json:"dry_run,omitempty" doc:"Only says what would be done, as plan does."`
}

// Outcome is what became of a request.
type Outcome struct {
	Block      store.Block
	Placements []store.Placement
	// New: the block was made by this request; otherwise the target was blocked already, or asked for, and the request was
	// merged into it: it lasts until whichever is later.
	New     bool
	Verdict guard.Verdict
}

// Asked is one item of an import and what became of it; exactly one of Outcome and Err is set.
type Asked struct {
	Outcome *Outcome
	Err     error // form.Errors, *RefusedError
}

// Plan is what a request would do.
type Plan struct {
	Decision guard.Decision  `json:"decision" enum:"allow,approval,refuse" doc:"What would become of it."`
	Findings []guard.Finding `json:"findings" doc:"Why not simply allowed."`
	Target   string          `json:"target" doc:"The target as it would be blocked." example:"203.0.113.7"`
	// ExpiresAt is when the block would end, were it made now.
	ExpiresAt  *time.Time         `json:"expires_at,omitempty" doc:"When it would end; absent: never."`
	Merges     string             `json:"merges,omitempty" doc:"The block that the request would be merged into." example:"blk_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Responders []reconcile.Effect `json:"responders" doc:"What would change where."`
}

// UndoSpec says which blocks are ended: the last of those that are open, or all that were made since a time.
type UndoSpec struct {
	Last   int        `json:"last,omitempty" minimum:"1" maximum:"10000" doc:"How many, the newest first." example:"5"`
	Since  *time.Time `json:"since,omitempty" doc:"All that were made at or after this time."`
	Mine   bool       `json:"mine,omitempty" doc:"Only those that the caller asked for."`
	Rule   string     `json:"rule,omitempty" doc:"Only those of a response rule." example:"rsr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Reason string     `json:"reason,omitempty" maxLength:"1000" doc:"Why, for people."`
	DryRun bool       `json:"dry_run,omitempty" doc:"Only says which."`
}

// Why says whether an address may be blocked, and why not.
type Why struct {
	Target    string
	Protected []guard.Protected
	Blocks    []store.Block // open ones that overlap it
}

// ProtectedInput is an entry of the never-block list as it is made.
type ProtectedInput struct {
	Target string `json:"target" maxLength:"64" doc:"An address or a range in CIDR notation." example:"198.51.100.0/24"`
	Reason string `json:"reason" maxLength:"1000" doc:"Why it is exempt; it is shown with every refusal." example:"The office's way out"`
	TTL    string `json:"ttl,omitempty" maxLength:"32" doc:"For how long; for good if left out." example:"8h"`
}
