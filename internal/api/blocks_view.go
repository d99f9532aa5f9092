package api

import (
	"context"
	"net/netip"
	"time"

	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Block is a block as it is shown.
type Block struct {
	ID         string           `json:"id,omitempty" doc:"Its id; absent where nothing was made." example:"blk_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Target     string           `json:"target" doc:"What must not get in: an address, or a range in CIDR notation." example:"203.0.113.7"`
	State      string           `json:"state" enum:"pending_approval,active,removed,expired,rejected,lapsed" doc:"Where it stands as a whole." example:"active"`
	Reason     string           `json:"reason" doc:"Why, for people." example:"Brute force against the login"`
	Cause      string           `json:"cause,omitempty" doc:"Why it is in its state: what it waits for approval for, why it ended."`
	Responders []string         `json:"responders" doc:"The integrations that it is for." example:"[\"int_01kmb7a2v4e9zr6x3q8w5t0ysd\"]"`
	Placements []BlockPlacement `json:"placements" doc:"Where it stands at each responder."`
	Evidence   respond.Evidence `json:"evidence" doc:"What it was asked for because of."`
	Requester  BlockActor       `json:"requester" doc:"Who asked for it."`
	Decider    *BlockActor      `json:"decider,omitempty" doc:"Who approved, rejected or ended it last."`
	Rule       string           `json:"rule,omitempty" doc:"The response rule that asked for it, if one did." example:"rsr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	TTL        string           `json:"ttl" doc:"How long it is active from its approval on, or permanent." example:"24h"`
	CreatedAt  time.Time        `json:"created_at,omitzero" doc:"When it was asked for."`
	UpdatedAt  time.Time        `json:"updated_at,omitzero" doc:"When it changed last."`
	ActiveAt   time.Time        `json:"active_at,omitzero" doc:"When it became active; absent: never yet."`
	ExpiresAt  time.Time        `json:"expires_at,omitzero" doc:"When it ends by itself; absent: never, or not active yet."`
	ApproveBy  time.Time        `json:"approve_by,omitzero" doc:"Until when somebody may approve it."`
	EndedAt    time.Time        `json:"ended_at,omitzero" doc:"When it ended; absent while it is open."`
	Version    int64            `json:"version" doc:"Grows with each change; it is the ETag." example:"1"`
}

// BlockActor is who asked for a block, or decided about it.
type BlockActor struct {
	Kind    string `json:"kind" doc:"key, user, rule, integration, local or system." example:"user"`
	ID      string `json:"id,omitempty" doc:"The id." example:"usr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name    string `json:"name,omitempty" doc:"As people know it." example:"dana@example.com"`
	Address string `json:"address,omitempty" doc:"Where the request came from." example:"198.51.100.20"`
}

// BlockPlacement is a block at one responder.
type BlockPlacement struct {
	Integration string    `json:"integration" doc:"The responder." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name        string    `json:"name,omitempty" doc:"Its name; absent when it is gone." example:"edge"`
	Kind        string    `json:"kind,omitempty" doc:"Its kind." example:"cloudflare"`
	State       string    `json:"state" enum:"requested,applied,verified,failed,drifted,covered,removing,removed,expired,evicted" doc:"Where the block stands there: applied, the vendor has taken it; verified, it was read back." example:"verified"`
	Cause       string    `json:"cause,omitempty" doc:"Why, for people."`
	Wanted      bool      `json:"wanted" doc:"Whether it is to be in force there."`
	CoveredBy   string    `json:"covered_by,omitempty" doc:"The wider block that stands for it." example:"blk_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Attempts    int       `json:"attempts,omitempty" doc:"How many attempts in a row failed."`
	DueAt       time.Time `json:"due_at,omitzero" doc:"When it is tried again."`
	Since       time.Time `json:"since,omitzero" doc:"When it came into its state."`
	AppliedAt   time.Time `json:"applied_at,omitzero" doc:"When the vendor took it."`
	VerifiedAt  time.Time `json:"verified_at,omitzero" doc:"When it was read back last."`
}

// BlockAsked is the answer to a request for a block.
type BlockAsked struct {
	Block

	Outcome  string          `json:"outcome" enum:"blocked,pending,merged,planned" doc:"What became of the request: a new block is active, or waits for approval; merged, the target was blocked or asked for already, and that block lasts until whichever is later; planned, nothing was done (dry_run)." example:"blocked"`
	Decision guard.Decision  `json:"decision" enum:"allow,approval,refuse" doc:"What the guard said." example:"allow"`
	Findings []guard.Finding `json:"findings" doc:"Why not simply allowed."`
}

// BlockRef is a block in an answer about many.
type BlockRef struct {
	ID     string `json:"id" doc:"Its id." example:"blk_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Target string `json:"target" doc:"Its target." example:"203.0.113.7"`
	State  string `json:"state" doc:"Where it stands." example:"active"`
	Reason string `json:"reason" doc:"Why it was asked for." example:"Brute force against the login"`
}

// BlockStep is one line of a block's history.
type BlockStep struct {
	ID          string    `json:"id" doc:"Its id." example:"not_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	At          time.Time `json:"at" doc:"When."`
	State       string    `json:"state" doc:"A state of the block or of a placement, or what was done: changed, extended, asked_again." example:"verified"`
	Integration string    `json:"integration,omitempty" doc:"The responder; absent: of the block as a whole." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name        string    `json:"name,omitempty" doc:"The responder's name." example:"edge"`
	Cause       string    `json:"cause,omitempty" doc:"Why, for people."`
	By          string    `json:"by,omitempty" doc:"Who; absent: Tocsin by itself." example:"dana@example.com"`
}

// targetText is a prefix as people write it; empty of what is none.
func targetText(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return guard.Words(p)
}

// responderNames gives name and kind of an account's responders by id.
func (a *server) responderNames(ctx context.Context) map[event.ID]reconcile.State {
	names := map[event.ID]reconcile.State{}
	for _, s := range a.Responders.States(accountOf(ctx)) {
		names[s.Integration] = s
	}
	return names
}

// blockView is a block as callers see it.
func (a *server) blockView(b *store.Block, placements []store.Placement, names map[event.ID]reconcile.State) Block {
	out := Block{
		ID: idOrEmpty(event.PrefixBlock, b.ID), Target: targetText(b.Target), State: string(b.State), Reason: b.Reason, Cause: b.Cause,
		Responders: make([]string, len(b.Responders)), Placements: make([]BlockPlacement, len(placements)), Requester: blockActor(b.Requester),
		Rule: idOrEmpty(event.PrefixResponse, b.Rule), TTL: guard.TTLWords(b.TTL.Round(time.Second)), CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt, ActiveAt: b.ActiveAt,
		ExpiresAt: b.ExpiresAt, ApproveBy: b.ApproveBy, EndedAt: b.EndedAt, Version: b.Version,
		Evidence: respond.Evidence{Alert: idOrEmpty(event.PrefixAlert, b.Alert), Event: idOrEmpty(event.PrefixEvent, b.Event)},
	}
	if b.Incident > 0 {
		out.Evidence.Incident = incident.Number(b.Incident)
	}
	if b.Decider.Kind != "" {
		by := blockActor(b.Decider)
		out.Decider = &by
	}
	for i, id := range b.Responders {
		out.Responders[i] = id.Text(event.PrefixIntegration)
	}
	for i := range placements {
		out.Placements[i] = placementView(&placements[i], names)
	}
	return out
}

func blockActor(x store.BlockActor) BlockActor {
	return BlockActor{Kind: x.Kind, ID: x.ID, Name: x.Name, Address: x.Address}
}

func placementView(p *store.Placement, names map[event.ID]reconcile.State) BlockPlacement {
	s := names[p.Integration]
	return BlockPlacement{
		Integration: p.Integration.Text(event.PrefixIntegration), Name: s.Name, Kind: s.Kind, State: string(p.State), Cause: p.Cause, Wanted: p.Wanted,
		CoveredBy: idOrEmpty(event.PrefixBlock, p.Covered), Attempts: p.Attempts, DueAt: p.DueAt, Since: p.Since, AppliedAt: p.AppliedAt, VerifiedAt: p.VerifiedAt,
	}
}

func blockRefs(blocks []store.Block) []BlockRef {
	list := make([]BlockRef, len(blocks))
	for i := range blocks {
		b := &blocks[i]
		list[i] = BlockRef{ID: idOrEmpty(event.PrefixBlock, b.ID), Target: targetText(b.Target), State: string(b.State), Reason: b.Reason}
	}
	return list
}

func blockSteps(steps []store.BlockStep, names map[event.ID]reconcile.State) []BlockStep {
	list := make([]BlockStep, len(steps))
	for i, s := range steps {
		list[i] = BlockStep{
			ID: s.ID.Text(event.PrefixNote), At: s.At, State: s.State, Integration: idOrEmpty(event.PrefixIntegration, s.Integration),
			Name: names[s.Integration].Name, Cause: s.Cause, By: s.By,
		}
	}
	return list
}
