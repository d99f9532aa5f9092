package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// BlockPath names a block in a path.
type BlockPath struct {
	ID string `path:"id" maxLength:"64" doc:"The block's id." example:"blk_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func (p BlockPath) id() (event.ID, error) { return pathID(event.PrefixBlock, p.ID) }

const blocksBase = "/api/v1/blocks"

func exampleBlock() object {
	return object{{"target", "203.0.113.7"}, {"reason", "Brute force against the login"}, {"ttl", "24h"}}
}

// asked says how requests for blocks are answered.
const asked = " 201: a new block is active, and its responders make it true. 202: it waits for somebody to approve it. " +
	"200: the target was blocked or asked for already, and that block now lasts until whichever is later; or nothing was done (dry_run). " +
	"409 with findings: the guard refuses."

func (a *server) blockOperations() {
	const one = blocksBase + "/{id}"
	gone := []int{http.StatusNotFound}
	register(a, op{
		id: "list-blocks", method: http.MethodGet, path: blocksBase, tag: tagBlocks, scope: scopeBlocks,
		summary: "List blocks", about: "With their placements, the newest first. Blocks that ended, and are gone everywhere, are forgotten 90 days later.",
	}, a.listBlocks)
	register(a, op{
		id: "create-block", method: http.MethodPost, path: blocksBase, tag: tagBlocks, scope: scopeBlocksWrite, act: "block.request",
		summary: "Ask for a block", status: http.StatusCreated, also: []int{http.StatusOK, http.StatusAccepted}, body: exampleBlock(),
		about: "A block is desired state: the address must not get in until it ends, and responders make that true and prove it. " +
			"An account has one open block of a target, so that the same request twice makes one block." + asked,
		problems: []int{http.StatusConflict},
	}, func(ctx context.Context, in *struct{ Body BlockRequest }) (*blockAnswer, error) {
		out, err := a.Blocks.Block(ctx, accountOf(ctx), respond.Request(in.Body))
		return a.blockAsked(ctx, out, in.Body.DryRun, err)
	})
	register(a, op{
		id: "get-block", method: http.MethodGet, path: one, tag: tagBlocks, scope: scopeBlocks,
		summary: "Get a block", about: "One block with its ETag, and where it stands at each responder, with times and causes.", problems: gone,
	}, func(ctx context.Context, in *BlockPath) (*blockAnswerOne, error) {
		return a.blockDone(ctx, in.ID, a.Blocks.Get)
	})
	register(a, op{
		id: "get-block-history", method: http.MethodGet, path: one + "/history", tag: tagBlocks, scope: scopeBlocks,
		summary: "Read a block's history", about: "What happened to it, as a whole and at each responder, the oldest first. At most 500 lines: the first ten, and the latest.", problems: gone,
	}, a.blockHistory)
	register(a, op{
		id: "change-block", method: http.MethodPatch, path: one, tag: tagBlocks, scope: scopeBlocksWrite, act: "block.change",
		summary: "Change a block", about: "Another end, counted from now, or another reason. The guard looks at it as at a new request.",
		body: object{{"ttl", "72h"}}, problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, a.changeBlock)
	register(a, op{
		id: "end-block", method: http.MethodDelete, path: one, tag: tagBlocks, scope: scopeBlocksWrite, act: "block.remove",
		summary: "Unblock", about: "The block ends, and its responders take it away. One that has ended stays as it is.",
		problems: []int{http.StatusNotFound, http.StatusPreconditionFailed, http.StatusUnprocessableEntity},
	}, a.endBlock)
	a.blockDecisionOperations(one)
	a.blockManyOperations()
	a.blockOfOperations()
}

// blockDecisionOperations are what people decide about one block.
func (a *server) blockDecisionOperations(one string) {
	problems := []int{http.StatusNotFound, http.StatusConflict}
	type noted = struct {
		BlockPath
		Body *BlockNote
	}
	register(a, op{
		id: "approve-block", method: http.MethodPost, path: one + "/approve", tag: tagBlocks, scope: scopeBlocksApprove, act: "block.approve",
		summary: "Approve a block", body: object{{"note", "Seen it in the firewall's log, too."}}, problems: problems,
		about: "The block becomes active. Whoever asked for it, or acts with a key that they made, does not approve it (403).",
	}, func(ctx context.Context, in *noted) (*blockAnswerOne, error) {
		return a.blockDone(ctx, in.ID, func(ctx context.Context, account event.Account, id event.ID) (store.BlockStanding, error) {
			return a.Blocks.Approve(ctx, account, id, in.Body.text())
		})
	})
	register(a, op{
		id: "reject-block", method: http.MethodPost, path: one + "/reject", tag: tagBlocks, scope: scopeBlocksApprove, act: "block.reject",
		summary: "Reject a block", body: object{{"note", "A customer's office."}}, problems: problems,
		about: "The request ends; nothing is blocked. Whoever asked for it may reject it.",
	}, func(ctx context.Context, in *noted) (*blockAnswerOne, error) {
		return a.blockDone(ctx, in.ID, func(ctx context.Context, account event.Account, id event.ID) (store.BlockStanding, error) {
			return a.Blocks.Reject(ctx, account, id, in.Body.text())
		})
	})
	register(a, op{
		id: "retry-block", method: http.MethodPost, path: one + "/retry", tag: tagBlocks, scope: scopeBlocksWrite, act: "block.retry",
		summary: "Try again now", problems: problems,
		about: "Its responders try at once what failed there, instead of waiting.",
	}, func(ctx context.Context, in *BlockPath) (*blockAnswerOne, error) {
		return a.blockDone(ctx, in.ID, a.Blocks.Retry)
	})
}

// blockOfOperations block what a sensor observed.
func (a *server) blockOfOperations() {
	const only = "Only an address that a sensor observed (entities with observed: true) is blocked, never one that was read out of a text. " +
		"Left out, the target is the one observed source address, or the only observed address."
	also, problems := []int{http.StatusOK, http.StatusAccepted}, []int{http.StatusNotFound, http.StatusConflict}
	register(a, op{
		id: "block-of-alert", method: http.MethodPost, path: alertsPath + "/{id}/block", tag: tagBlocks, scope: scopeBlocksWrite, act: "block.request",
		summary: "Block an alert's address", status: http.StatusCreated, also: also, problems: problems,
		body: object{{"target", "203.0.113.7"}, {"ttl", "24h"}}, about: only + asked,
	}, func(ctx context.Context, in *struct {
		AlertPath
		Body *BlockOf
	}) (*blockAnswer, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		r := in.Body.request()
		out, err := a.Blocks.BlockAlert(ctx, accountOf(ctx), id, r)
		return a.blockAsked(ctx, out, r.DryRun, err)
	})
	register(a, op{
		id: "block-of-event", method: http.MethodPost, path: "/api/v1/events/{id}/block", tag: tagBlocks, scope: scopeBlocksWrite, act: "block.request",
		summary: "Block an event's address", status: http.StatusCreated, also: also, problems: problems,
		body: object{{"target", "203.0.113.7"}, {"ttl", "24h"}}, about: only + asked,
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"64" doc:"The event's id." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
		Body *BlockOf
	}) (*blockAnswer, error) {
		id, err := pathID(event.PrefixEvent, in.ID)
		if err != nil {
			return nil, err
		}
		r := in.Body.request()
		out, err := a.Blocks.BlockEvent(ctx, accountOf(ctx), id, r)
		return a.blockAsked(ctx, out, r.DryRun, err)
	})
}

// What the room takes and gives, under names that the document knows nothing else by.
type (
	BlockRequest respond.Request
	BlockUndo    respond.UndoSpec
	BlockPlan    respond.Plan
)

// BlockOf is a request to block what an alert or an event is about.
type BlockOf struct {
	Target       string   `json:"target,omitempty" maxLength:"64" doc:"One of the observed addresses." example:"203.0.113.7"`
	Reason       string   `json:"reason,omitempty" maxLength:"1000" doc:"Why, for people."`
	TTL          string   `json:"ttl,omitempty" maxLength:"32" doc:"How long, such as 24h or 7d; permanent; the policy's default if left out." example:"24h"`
	Integrations []string `json:"integrations,omitempty" maxItems:"100" doc:"The responders; all of the account that can block the target if left out."`
	DryRun       bool     `json:"dry_run,omitempty" doc:"Only says what would become of the request."`
}

func (b *BlockOf) request() respond.Request {
	if b == nil {
		return respond.Request{}
	}
	return respond.Request{Target: b.Target, Reason: b.Reason, TTL: b.TTL, Integrations: b.Integrations, DryRun: b.DryRun}
}

// BlockNote is why somebody decided so.
type BlockNote struct {
	Note string `json:"note,omitempty" maxLength:"1000" doc:"Why, for people." example:"Seen it in the firewall's log, too."`
}

func (n *BlockNote) text() string {
	if n == nil {
		return ""
	}
	return n.Note
}

// BlockPatch is a change of a block.
type BlockPatch struct {
	TTL    string `json:"ttl,omitempty" maxLength:"32" doc:"How long from now on, or permanent." example:"72h"`
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Why, for people."`
}

type blockAnswer struct {
	Status   int
	ETag     string `header:"ETag" doc:"The version; send it back as If-Match. None where nothing was made."`
	Location string `header:"Location" doc:"Where the block is. None where nothing was made."`
	Body     BlockAsked
}

type blockAnswerOne struct {
	ETag string `header:"ETag" doc:"The version; send it back as If-Match."`
	Body Block
}

// blockAsked is the answer to a request for a block.
func (a *server) blockAsked(ctx context.Context, o respond.Outcome, dry bool, err error) (*blockAnswer, error) {
	if err != nil {
		return nil, err
	}
	out := &blockAnswer{Status: http.StatusOK, Body: BlockAsked{
		Block: a.blockView(&o.Block, o.Placements, a.responderNames(ctx)), Outcome: outcomeOf(o, dry), Decision: o.Verdict.Decision, Findings: orEmpty(o.Verdict.Findings),
	}}
	if out.Body.Decision == "" {
		out.Body.Decision = guard.Allow
	}
	switch out.Body.Outcome {
	case outcomeBlocked:
		out.Status = http.StatusCreated
	case outcomePending:
		out.Status = http.StatusAccepted
	}
	if !o.Block.ID.IsZero() {
		out.ETag, out.Location = etag(o.Block.Version), blocksBase+"/"+out.Body.ID
	}
	return out, nil
}

// What became of requests.
const (
	outcomeBlocked = "blocked"
	outcomePending = "pending"
	outcomeMerged  = "merged"
	outcomePlanned = "planned"
)

func outcomeOf(o respond.Outcome, dry bool) string {
	switch {
	case dry:
		return outcomePlanned
	case !o.New:
		return outcomeMerged
	case o.Block.State == store.BlockPending:
		return outcomePending
	}
	return outcomeBlocked
}

// blockDone does something to a block that is named in a path, and answers with it.
func (a *server) blockDone(ctx context.Context, text string, do func(context.Context, event.Account, event.ID) (store.BlockStanding, error)) (*blockAnswerOne, error) {
	id, err := BlockPath{text}.id()
	if err != nil {
		return nil, err
	}
	// What is not there is not acted on, and not recorded either: an id may be another account's.
	if _, err := a.Blocks.Get(ctx, accountOf(ctx), id); err != nil {
		return nil, err
	}
	s, err := do(ctx, accountOf(ctx), id)
	if err != nil {
		return nil, err
	}
	return &blockAnswerOne{ETag: etag(s.Block.Version), Body: a.blockView(&s.Block, s.Placements, a.responderNames(ctx))}, nil
}

func (a *server) changeBlock(ctx context.Context, in *struct {
	BlockPath
	Condition
	Body BlockPatch
}) (*blockAnswerOne, error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return a.blockDone(ctx, in.ID, func(ctx context.Context, account event.Account, id event.ID) (store.BlockStanding, error) {
		return a.Blocks.Change(ctx, account, id, version, in.Body.TTL, in.Body.Reason)
	})
}

func (a *server) endBlock(ctx context.Context, in *struct {
	BlockPath
	Condition
	Reason string `query:"reason" maxLength:"1000" doc:"Why, for people." example:"It was a customer."`
}) (*blockAnswerOne, error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	out, err := a.blockDone(ctx, in.ID, func(ctx context.Context, account event.Account, id event.ID) (store.BlockStanding, error) {
		return a.Blocks.Unblock(ctx, account, id, version, in.Reason)
	})
	return out, inQuery(err)
}

func (a *server) blockHistory(ctx context.Context, in *BlockPath) (*body[list[BlockStep]], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	steps, err := a.Blocks.History(ctx, accountOf(ctx), id)
	if err != nil {
		return nil, err
	}
	return answer(list[BlockStep]{Items: blockSteps(steps, a.responderNames(ctx))}), nil
}

// BlockQuery selects blocks.
type BlockQuery struct {
	State       []string  `query:"state" enum:"open,pending_approval,active,removed,expired,rejected,lapsed" doc:"Only those that stand there; open: those that are active or wait for approval."`
	Placement   string    `query:"placement" enum:"requested,applied,verified,failed,drifted,covered,removing,removed,expired,evicted" doc:"Only those that stand there at one responder at least."`
	Integration string    `query:"integration" maxLength:"64" doc:"Only those at this responder." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Target      string    `query:"target" maxLength:"64" doc:"Only those that contain this address or range, or are in it." example:"203.0.113.7"`
	Rule        string    `query:"rule" maxLength:"64" doc:"Only those that this response rule asked for."`
	Alert       string    `query:"alert" maxLength:"64" doc:"Only those because of this alert."`
	Incident    string    `query:"incident" maxLength:"20" doc:"Only those because of this incident." example:"INC-1042"`
	Text        string    `query:"q" maxLength:"200" doc:"Only those whose target or reason holds this text."`
	Since       time.Time `query:"since" doc:"Only those that were asked for from this time on."`
	By          string    `query:"by" maxLength:"64" doc:"Only those that this person, key or rule asked for, by id; me: the caller." example:"me"`
}

// filter reads it. The error is a problem.
func (q *BlockQuery) filter(ctx context.Context) (store.BlockFilter, error) {
	f := store.BlockFilter{
		Account: accountOf(ctx), Placement: store.PlacementState(q.Placement), Search: q.Text, Since: q.Since, By: q.By,
	}
	if q.By == "me" {
		f.By = callerOf(ctx).ID
	}
	for _, s := range q.State {
		if s == "open" {
			f.States = append(f.States, store.BlockPending, store.BlockActive)
			continue
		}
		f.States = append(f.States, store.BlockState(s))
	}
	var errs form.Errors
	for _, x := range []struct {
		name, prefix, text string
		to                 *event.ID
	}{
		{"integration", event.PrefixIntegration, q.Integration, &f.Integration}, {"rule", event.PrefixResponse, q.Rule, &f.Rule},
		{"alert", event.PrefixAlert, q.Alert, &f.Alert},
	} {
		if x.text == "" {
			continue
		}
		id, err := event.ParseID(x.prefix, x.text)
		if err != nil {
			errs.Add(x.name, "%.64q is %s", x.text, err)
		}
		*x.to = id
	}
	if q.Incident != "" {
		if f.Incident = event.IncidentNumber(q.Incident); f.Incident == 0 {
			errs.Add("incident", "%.20q is not the number of an incident, such as INC-7", q.Incident)
		}
	}
	if q.Target != "" {
		p, err := guard.ParseTarget(q.Target)
		if err != nil {
			errs.Add("target", "%s", err)
		}
		f.Target = p
	}
	if err := errs.Err(); err != nil {
		return f, inQuery(err)
	}
	return f, nil
}

func (a *server) listBlocks(ctx context.Context, in *struct {
	Paging
	BlockQuery
}) (*body[list[Block]], error) {
	f, err := in.filter(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Blocks.List(ctx, f, in.page())
	if err != nil {
		return nil, err
	}
	names := a.responderNames(ctx)
	l := list[Block]{Items: make([]Block, len(rows)), Next: next}
	for i := range rows {
		l.Items[i] = a.blockView(&rows[i].Block, rows[i].Placements, names)
	}
	return answer(l), nil
}

// fieldFault says what is wrong with one field.
func fieldFault(field, format string, args ...any) error {
	var errs form.Errors
	errs.Add(field, format, args...)
	return errs
}
