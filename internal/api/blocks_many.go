package api

import (
	"context"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// BlockCounts counts blocks.
type BlockCounts struct {
	Blocks     map[string]int        `json:"blocks" doc:"How many blocks by their state." example:"{\"active\":12,\"pending_approval\":1}"`
	Responders []BlockPlacementCount `json:"responders" doc:"How many of them by where they stand, for each responder."`
}

// BlockPlacementCount counts the blocks of one responder.
type BlockPlacementCount struct {
	Integration string         `json:"integration" doc:"The responder." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name        string         `json:"name,omitempty" doc:"Its name." example:"edge"`
	Placements  map[string]int `json:"placements" doc:"How many by where they stand." example:"{\"verified\":12}"`
}

// BlocksEnded are the blocks that an undo ended.
type BlocksEnded struct {
	Items  []BlockRef `json:"items" doc:"The blocks, the newest first."`
	Count  int        `json:"count" doc:"How many they are." example:"5"`
	DryRun bool       `json:"dry_run" doc:"Nothing was done." example:"false"`
}

// blockManyOperations are about more than one block, or none yet.
func (a *server) blockManyOperations() {
	register(a, op{
		id: "plan-block", method: http.MethodPost, path: blocksBase + "/plan", tag: tagBlocks, scope: scopeBlocksWrite,
		summary: "Plan a block", body: exampleBlock(),
		about: "What would become of the request, and what would change where: the exact calls, with secrets masked, or why it is refused. Nothing is changed. Vendors are asked what they hold.",
	}, func(ctx context.Context, in *struct{ Body BlockRequest }) (*body[BlockPlan], error) {
		p, err := a.Blocks.Plan(ctx, accountOf(ctx), respond.Request(in.Body))
		p.Findings, p.Responders = orEmpty(p.Findings), orEmpty(p.Responders)
		return result(BlockPlan(p), err)
	})
	register(a, op{
		id: "undo-blocks", method: http.MethodPost, path: blocksBase + "/undo", tag: tagBlocks, scope: scopeBlocksWrite, act: "block.undo",
		summary: "Undo blocks", body: object{{"last", 5}, {"reason", "The rule matched a proxy of ours."}},
		about: "Ends the newest blocks that are open: the last so many, or all that were asked for since a time. Exactly one of last and since.",
	}, func(ctx context.Context, in *struct{ Body BlockUndo }) (*body[BlocksEnded], error) {
		ended, err := a.Blocks.Undo(ctx, accountOf(ctx), respond.UndoSpec(in.Body))
		return result(BlocksEnded{Items: blockRefs(ended), Count: len(ended), DryRun: in.Body.DryRun}, err)
	})
	register(a, op{
		id: "count-blocks", method: http.MethodGet, path: blocksBase + "/counts", tag: tagBlocks, scope: scopeBlocks,
		summary: "Count blocks", about: "By state, and for each responder by where they stand there.",
	}, a.countBlocks)
	register(a, op{
		id: "import-blocks", method: http.MethodPost, path: blocksBase + "/import", tag: tagBlocks, scope: scopeBlocksWrite, act: "block.import",
		summary: "Import blocks", upload: maxImportBytes,
		about: "At most 10,000 at a time: JSON {\"items\": […]} of requests as for one block; or text/csv and text/plain, one target a line, with ttl and reason after it, " +
			"or with a head that names the columns. What export writes is taken. Each line is decided by itself: what is allowed is made, and the answer has a result for each.",
		problems: []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity},
	}, a.importBlocks)
	register(a, op{
		id: "export-blocks", method: http.MethodGet, path: blocksBase + "/export", tag: tagBlocks, scope: scopeBlocks, download: exportType,
		summary: "Export blocks", about: "All that the filter lets through, the active ones if it does not say: as json and csv with all that import takes, as txt the targets alone, one a line. " +
			"The content type is application/json, text/csv or text/plain accordingly. In csv, a text that a spreadsheet would take for a formula begins with an apostrophe.",
	}, a.exportBlocks)
}

func (a *server) countBlocks(ctx context.Context, _ *struct{}) (*body[BlockCounts], error) {
	c, err := a.Blocks.Counts(ctx, accountOf(ctx))
	if err != nil {
		return nil, err
	}
	out := BlockCounts{Blocks: map[string]int{}, Responders: []BlockPlacementCount{}}
	for _, s := range []store.BlockState{store.BlockPending, store.BlockActive, store.BlockRemoved, store.BlockExpired, store.BlockRejected, store.BlockLapsed} {
		out.Blocks[string(s)] = c.Blocks[s]
	}
	for _, s := range a.Responders.States(accountOf(ctx)) {
		out.Responders = append(out.Responders, BlockPlacementCount{
			Integration: s.Integration.Text(event.PrefixIntegration), Name: s.Name, Placements: placementCounts(c.Placements[s.Integration]),
		})
	}
	return answer(out), nil
}

func placementCounts(by map[store.PlacementState]int) map[string]int {
	out := map[string]int{}
	for state, n := range by {
		if n > 0 {
			out[string(state)] = n
		}
	}
	return out
}
