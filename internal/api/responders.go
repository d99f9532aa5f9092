package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Responder is an integration that can block.
type Responder struct {
	ID         string         `json:"id" doc:"The integration's id." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name       string         `json:"name" doc:"Its name." example:"edge"`
	Kind       string         `json:"kind" doc:"Its kind." example:"cloudflare"`
	Enabled    bool           `json:"enabled" doc:"Whether blocks are brought there: it is enabled, not paused, and has all its secrets."`
	Ready      bool           `json:"ready" doc:"Whether it was read since it was last changed: used, capacity and warnings are known then."`
	Used       int            `json:"used" doc:"How many entries the vendor holds, those of others included." example:"120"`
	Ours       int            `json:"ours" doc:"How many of them are there by Tocsin, or may be." example:"12"`
	Capacity   int            `json:"capacity,omitempty" doc:"How many entries it can hold; absent: not known." example:"10000"`
	Share      float64        `json:"share,omitempty" doc:"Used in relation to the capacity, 0 to 1; of the fuller family where IPv4 and IPv6 have places of their own." example:"0.012"`
	Warnings   []string       `json:"warnings" doc:"What keeps blocks there from having an effect." example:"[\"no web ACL uses the IP set\"]"`
	Limits     BlockLimits    `json:"limits" doc:"What it can block."`
	Placements map[string]int `json:"placements" doc:"How many blocks by where they stand there." example:"{\"verified\":12}"`
	Running    bool           `json:"running" doc:"It is being looked at just now."`
	LastCycle  time.Time      `json:"last_cycle_at,omitzero" doc:"When it was last read without an error."`
	NextCycle  time.Time      `json:"next_cycle_at,omitzero" doc:"When it is looked at next."`
	TookMS     float64        `json:"took_ms" doc:"How long the last cycle took, in milliseconds." example:"230"`
	Error      string         `json:"error,omitempty" doc:"Why the last cycle failed; absent: it went well."`
	ErrorSince time.Time      `json:"error_since,omitzero" doc:"Since when it fails."`
}

// BlockLimits is what a responder can block.
type BlockLimits struct {
	IPv4  []int `json:"ipv4" doc:"The lengths of IPv4 prefixes, the widest first; 32 is one address. None: no IPv4." example:"[16,24,32]"`
	IPv6  []int `json:"ipv6" doc:"The lengths of IPv6 prefixes." example:"[64,128]"`
	Reads bool  `json:"reads_back" doc:"It can be asked what it holds. Otherwise blocks there are never verified."`
	Marks bool  `json:"marks" doc:"Entries there bear whose they are. Without marks, what was there before Tocsin asked tells."`
}

func newResponder(s *reconcile.State, placements map[store.PlacementState]int) Responder {
	out := Responder{
		ID: s.Integration.Text(event.PrefixIntegration), Name: s.Name, Kind: s.Kind, Enabled: s.Enabled, Ready: s.Ready, Used: s.Used, Ours: s.Ours,
		Capacity: s.Capacity, Warnings: orEmpty(s.Warnings), Limits: BlockLimits{IPv4: orEmpty(s.Limits.IPv4), IPv6: orEmpty(s.Limits.IPv6), Marks: s.Limits.Marks, Reads: !s.Limits.Unverifiable},
		Placements: placementCounts(placements), Running: s.Running, LastCycle: s.LastCycle, NextCycle: s.NextCycle,
		TookMS: float64(s.Took.Microseconds()) / 1000, Error: s.Error, ErrorSince: s.ErrorSince,
	}
	out.Share = max(share(s.Used, s.Capacity), share(s.IPv4.Used, s.Limits.CapacityIPv4), share(s.IPv6.Used, s.Limits.CapacityIPv6))
	return out
}

// share is a part of a capacity; 0 of one that is not known.
func share(used, capacity int) float64 {
	if capacity <= 0 {
		return 0
	}
	return float64(used) / float64(capacity)
}

const respondersBase = "/api/v1/responders"

func (a *server) responderOperations() {
	register(a, op{
		id: "list-responders", method: http.MethodGet, path: respondersBase, tag: tagBlocks, scope: scopeBlocks,
		summary: "List responders", about: "The account's integrations that can block, by name: how full they are, what keeps blocks there from having an effect, and how their last cycle went.",
	}, a.listResponders)
	register(a, op{
		id: "reconcile-responder", method: http.MethodPost, path: respondersBase + "/{id}/reconcile", tag: tagBlocks, scope: scopeBlocksWrite, act: "responder.reconcile",
		summary: "Reconcile a responder now", about: "Runs one cycle and waits for it: what is wanted is compared with what the vendor holds, the difference is applied and read back. That the vendor does not answer is in error, not a failure of the request.",
		problems: []int{http.StatusNotFound, http.StatusConflict},
	}, a.reconcileResponder)
}

func (a *server) listResponders(ctx context.Context, in *Paging) (*body[list[Responder]], error) {
	counts, err := a.Blocks.Counts(ctx, accountOf(ctx))
	if err != nil {
		return nil, err
	}
	var items []Responder
	for _, s := range a.Responders.States(accountOf(ctx)) {
		items = append(items, newResponder(&s, counts.Placements[s.Integration]))
	}
	page, next, err := pageOf(items, in, func(r Responder) string { return r.ID })
	if err != nil {
		return nil, err
	}
	return answer(list[Responder]{Items: orEmpty(page), Next: next}), nil
}

func (a *server) reconcileResponder(ctx context.Context, in *IntegrationPath) (*body[Responder], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	known := false
	for _, s := range a.Responders.States(accountOf(ctx)) {
		known = known || s.Integration == id
	}
	if !known {
		return nil, reconcile.ErrNotFound
	}
	var state reconcile.State
	err = a.recorded(ctx, act.Act{Action: "responder.reconcile", Target: in.ID}, func(ctx context.Context) error {
		state, err = a.Responders.ReconcileNow(ctx, accountOf(ctx), id)
		return err
	})
	if err != nil {
		return nil, err
	}
	counts, err := a.Blocks.Counts(ctx, accountOf(ctx))
	return result(newResponder(&state, counts.Placements[id]), err)
}

// cursorText makes a cursor of any text.
func cursorText(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
