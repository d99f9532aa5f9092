package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// NeverBlock is a range that no block ever touches.
type NeverBlock struct {
	ID        string    `json:"id,omitempty" doc:"The entry's id; absent of what is no entry of a list." example:"prt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Target    string    `json:"target" doc:"The address or range." example:"198.51.100.0/24"`
	Reason    string    `json:"reason" doc:"Why it is exempt." example:"The office's way out"`
	Source    string    `json:"source" enum:"reserved,cloudflare,resolver,own,operator,list,caller,session" doc:"Who says so: list, an entry of a never-block list; operator, the hub's configuration; own, the hub's own addresses; caller, the address of this request; session, where people are signed in from; the others are built in." example:"list"`
	Account   string    `json:"account,omitempty" doc:"Whose entry it is: it holds for that account and all below." example:"default"`
	Author    string    `json:"author,omitempty" doc:"Who made it; of the account's own entries." example:"dana@example.com"`
	ExpiresAt time.Time `json:"expires_at,omitzero" doc:"When it ends by itself; absent: never."`
	Version   int64     `json:"version,omitempty" doc:"Grows with each change; it is the ETag." example:"1"`
	CreatedAt time.Time `json:"created_at,omitzero" doc:"When it was made."`
	UpdatedAt time.Time `json:"updated_at,omitzero" doc:"When it was changed last."`
}

// NeverBlockAdded is a new entry, and what it ended.
type NeverBlockAdded struct {
	NeverBlock

	Ended []BlockRef `json:"ended_blocks" doc:"The open blocks that it touches: they were ended."`
}

// NeverBlockPatch is a change of an entry.
type NeverBlockPatch struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Why it is exempt."`
	TTL    string `json:"ttl,omitempty" maxLength:"32" doc:"How long from now on, or permanent." example:"8h"`
}

// NeverBlockCheck says whether a target may be blocked.
type NeverBlockCheck struct {
	Target  string       `json:"target" doc:"What was asked about." example:"203.0.113.7"`
	Exempt  bool         `json:"exempt" doc:"No block may touch it." example:"false"`
	Because []NeverBlock `json:"because" doc:"Everything that it contains, or that contains it, and why that is exempt."`
	Blocks  []BlockRef   `json:"blocks" doc:"The open blocks that overlap it."`
}

// NeverBlockPath names an entry in a path.
type NeverBlockPath struct {
	ID string `path:"id" maxLength:"64" doc:"The entry's id." example:"prt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func (p NeverBlockPath) id() (event.ID, error) { return pathID(event.PrefixProtected, p.ID) }

const neverBlockBase = "/api/v1/never-block"

func (a *server) neverBlockOperations() {
	const one = neverBlockBase + "/{id}"
	register(a, op{
		id: "list-never-block", method: http.MethodGet, path: neverBlockBase, tag: tagBlocks, scope: scopeBlocks,
		summary: "List the never-block list", about: "The account's own entries, the newest first. With all, everything that is exempt: what is built in, what the operator configured, and the entries of the accounts above.",
	}, a.listNeverBlock)
	register(a, op{
		id: "create-never-block", method: http.MethodPost, path: neverBlockBase, tag: tagBlocks, scope: scopeBlocksApprove, act: "never_block.create",
		summary: "Exempt a range", status: http.StatusCreated, also: []int{http.StatusOK},
		body:     object{{"target", "198.51.100.0/24"}, {"reason", "The office's way out"}},
		about:    "From now on no block of this account, or of one below, touches it: none inside, none around it. Open blocks that do are ended at once, and listed. With dry_run nothing is done (200).",
		problems: []int{http.StatusConflict},
	}, a.createNeverBlock)
	register(a, op{
		id: "check-never-block", method: http.MethodGet, path: neverBlockBase + "/check", tag: tagBlocks, scope: scopeBlocks,
		summary: "Ask why an address is exempt", about: "Whether a block may touch the target, everything that speaks against it with its reason, and the open blocks that overlap it.",
		problems: []int{http.StatusUnprocessableEntity},
	}, a.checkNeverBlock)
	register(a, op{
		id: "get-never-block", method: http.MethodGet, path: one, tag: tagBlocks, scope: scopeBlocks,
		summary: "Get an entry", about: "One entry of the account's never-block list, with its ETag.", problems: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *NeverBlockPath) (*neverBlockAnswer, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return newNeverBlockAnswer(a.Blocks.GetProtected(ctx, accountOf(ctx), id))
	})
	register(a, op{
		id: "change-never-block", method: http.MethodPatch, path: one, tag: tagBlocks, scope: scopeBlocksApprove, act: "never_block.update",
		summary: "Change an entry", about: "Its reason, or how long it holds. For another range, make another entry.",
		body: object{{"reason", "The office's way out, since the move"}}, problems: []int{http.StatusNotFound, http.StatusPreconditionFailed},
	}, a.changeNeverBlock)
	register(a, op{
		id: "delete-never-block", method: http.MethodDelete, path: one, tag: tagBlocks, scope: scopeBlocksApprove, act: "never_block.delete",
		summary: "Take an entry away", status: http.StatusNoContent, about: "Blocks may touch the range again. None comes back by itself.", problems: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *NeverBlockPath) (*struct{}, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return nil, a.Blocks.Unprotect(ctx, accountOf(ctx), id)
	})
}

type neverBlockAnswer struct {
	ETag string `header:"ETag" doc:"The version; send it back as If-Match."`
	Body NeverBlock
}

func newNeverBlockAnswer(p store.Protected, err error) (*neverBlockAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &neverBlockAnswer{ETag: etag(p.Version), Body: ownNeverBlock(&p)}, nil
}

func ownNeverBlock(p *store.Protected) NeverBlock {
	return NeverBlock{
		ID: p.ID.Text(event.PrefixProtected), Target: targetText(p.Prefix), Reason: p.Reason, Source: "list", Account: string(p.Account), Author: p.Author,
		ExpiresAt: p.ExpiresAt, Version: p.Version, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

func neverBlock(p guard.Protected) NeverBlock {
	return NeverBlock{
		ID: idOrEmpty(event.PrefixProtected, p.ID), Target: targetText(p.Prefix), Reason: p.Reason, Source: p.Source, Account: string(p.Account), ExpiresAt: p.Until,
	}
}

func (a *server) listNeverBlock(ctx context.Context, in *struct {
	Paging
	All bool `query:"all" doc:"Also what is exempt otherwise: built in, configured, and of the accounts above."`
}) (*body[list[NeverBlock]], error) {
	all, own, err := a.Blocks.ProtectedList(ctx, accountOf(ctx), in.All)
	if err != nil {
		return nil, err
	}
	var items []NeverBlock
	mine := map[event.ID]bool{}
	for i := range own {
		mine[own[i].ID] = true
		items = append(items, ownNeverBlock(&own[i]))
	}
	for _, p := range all {
		if in.All && (p.ID.IsZero() || !mine[p.ID]) {
			items = append(items, neverBlock(p))
		}
	}
	page, next, err := pageOf(items, &in.Paging, NeverBlock.place)
	if err != nil {
		return nil, err
	}
	return answer(list[NeverBlock]{Items: orEmpty(page), Next: next}), nil
}

// place tells an entry of a list from all others.
func (n NeverBlock) place() string { return n.Source + " " + n.Target + " " + n.ID + " " + n.Account }

// pageOf cuts a page out of things that are few. The cursor is the last of the page before, and may hold any text.
func pageOf[T any](rows []T, p *Paging, place func(T) string) (page []T, next string, err error) {
	if p.Cursor != "" {
		i := slices.IndexFunc(rows, func(r T) bool { return cursorText(place(r)) == p.Cursor })
		if i < 0 {
			return nil, "", store.ErrCursor
		}
		rows = rows[i+1:]
	}
	if len(rows) <= p.Limit {
		return rows, "", nil
	}
	return rows[:p.Limit], cursorText(place(rows[p.Limit-1])), nil
}

func (a *server) createNeverBlock(ctx context.Context, in *struct {
	DryRun bool `query:"dry_run" doc:"Only says which open blocks it would end."`
	Body   respond.ProtectedInput
}) (*neverBlockAdded, error) {
	p, ended, err := a.Blocks.Protect(ctx, accountOf(ctx), in.Body, in.DryRun)
	if err != nil {
		return nil, err
	}
	out := &neverBlockAdded{Status: http.StatusCreated, Body: NeverBlockAdded{NeverBlock: ownNeverBlock(&p), Ended: blockRefs(ended)}}
	if in.DryRun {
		out.Status, out.Body.ID = http.StatusOK, ""
		return out, nil
	}
	out.ETag, out.Location = etag(p.Version), neverBlockBase+"/"+out.Body.ID
	return out, nil
}

type neverBlockAdded struct {
	Status   int
	ETag     string `header:"ETag" doc:"The version; send it back as If-Match. None where nothing was made."`
	Location string `header:"Location" doc:"Where the entry is. None where nothing was made."`
	Body     NeverBlockAdded
}

func (a *server) changeNeverBlock(ctx context.Context, in *struct {
	NeverBlockPath
	Condition
	Body NeverBlockPatch
}) (*neverBlockAnswer, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return newNeverBlockAnswer(a.Blocks.ChangeProtected(ctx, accountOf(ctx), id, version, in.Body.Reason, in.Body.TTL))
}

func (a *server) checkNeverBlock(ctx context.Context, in *struct {
	Target string `query:"target" required:"true" maxLength:"64" doc:"An address, or a range in CIDR notation." example:"203.0.113.7"`
}) (*body[NeverBlockCheck], error) {
	why, err := a.Blocks.Why(ctx, accountOf(ctx), in.Target)
	if err != nil {
		return nil, inQuery(err)
	}
	_, own, err := a.Blocks.ProtectedList(ctx, accountOf(ctx), false)
	if err != nil {
		return nil, err
	}
	out := NeverBlockCheck{Target: why.Target, Exempt: len(why.Protected) > 0, Because: []NeverBlock{}, Blocks: blockRefs(why.Blocks)}
	for _, p := range why.Protected {
		entry := neverBlock(p)
		if i := slices.IndexFunc(own, func(o store.Protected) bool { return o.ID == p.ID }); i >= 0 {
			entry = ownNeverBlock(&own[i])
		}
		out.Because = append(out.Because, entry)
	}
	return answer(out), nil
}
