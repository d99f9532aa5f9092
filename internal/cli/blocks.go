package cli

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// blocksCmd groups the commands about blocks.
type blocksCmd struct {
	List    blocksListCmd    `cmd:"" help:"List blocks, the newest first."`
	Show    blocksShowCmd    `cmd:"" help:"Show a block, and where it stands at each responder."`
	History blocksHistoryCmd `cmd:"" help:"Show what happened to a block."`
	Plan    blocksPlanCmd    `cmd:"" help:"Show what a block would change where, with the exact calls."`
	Add     blocksAddCmd     `cmd:"" help:"Keep an address or a range out."`
	Change  blocksChangeCmd  `cmd:"" help:"Give a block another end or reason."`
	Remove  blocksRemoveCmd  `cmd:"" help:"Unblock: end a block."`
	Approve blocksApproveCmd `cmd:"" help:"Approve a block that waits for it."`
	Reject  blocksRejectCmd  `cmd:"" help:"Reject a block that waits for approval."`
	Retry   blocksRetryCmd   `cmd:"" help:"Try again now what failed at responders."`
	Undo    blocksUndoCmd    `cmd:"" help:"End the last blocks, or all since a time."`
	Import  blocksImportCmd  `cmd:"" help:"Block what a file lists."`
	Export  blocksExportCmd  `cmd:"" help:"Write blocks as JSON, CSV or a plain list."`
}

const blocksPath = "/api/v1/blocks"

// blockRow is a block as the API shows it.
type blockRow struct {
	ID         string         `json:"id"`
	Target     string         `json:"target"`
	State      string         `json:"state"`
	Reason     string         `json:"reason"`
	Cause      string         `json:"cause"`
	TTL        string         `json:"ttl"`
	Placements []placementRow `json:"placements"`
	Requester  actorRow       `json:"requester"`
	Decider    *actorRow      `json:"decider"`
	Rule       string         `json:"rule"`
	Evidence   struct{ Alert, Incident, Event string }
	CreatedAt  time.Time `json:"created_at"`
	ActiveAt   time.Time `json:"active_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	ApproveBy  time.Time `json:"approve_by"`
	EndedAt    time.Time `json:"ended_at"`

	Outcome  string           `json:"outcome"`
	Decision string           `json:"decision"`
	Findings []client.Finding `json:"findings"`
}

// actorRow is who did something.
type actorRow struct{ Kind, ID, Name, Address string }

func (a *actorRow) text() string {
	if a == nil {
		return ""
	}
	for _, t := range []string{a.Name, a.ID, a.Kind} {
		if t != "" {
			return t
		}
	}
	return ""
}

// placementRow is a block at one responder.
type placementRow struct {
	Integration string    `json:"integration"`
	Name        string    `json:"name"`
	Kind        string    `json:"kind"`
	State       string    `json:"state"`
	Cause       string    `json:"cause"`
	CoveredBy   string    `json:"covered_by"`
	Since       time.Time `json:"since"`
	VerifiedAt  time.Time `json:"verified_at"`
	DueAt       time.Time `json:"due_at"`
}

// where says on one line how it stands at the responders: "edge verified, waf failed".
func (b *blockRow) where() string {
	var parts []string
	for _, p := range b.Placements {
		name := p.Name
		if name == "" {
			name = p.Integration
		}
		parts = append(parts, name+" "+p.State)
	}
	return strings.Join(parts, ", ")
}

// ends says when it ends: a time, or what it waits for.
func (b *blockRow) ends() string {
	switch {
	case set(&b.EndedAt):
		return day(&b.EndedAt, "")
	case b.State == "pending_approval" && b.TTL != "permanent":
		return b.TTL + " from approval"
	}
	return day(&b.ExpiresAt, "never")
}

// endsOrEnded is ends with its verb.
func (b *blockRow) endsOrEnded() string {
	if set(&b.EndedAt) {
		return "ended " + b.ends()
	}
	return "ends " + b.ends()
}

// blocksListCmd lists blocks.
type blocksListCmd struct {
	hubFlags
	viewFlags
	blockFilter

	Limit int `default:"50" placeholder:"N" help:"How many."`
}

// blockFilter selects blocks.
type blockFilter struct {
	State       string `placeholder:"LIST" help:"Only those that stand there: open (active or waiting), pending_approval, active, removed, expired, rejected, lapsed." values:"open,pending_approval,active,removed,expired,rejected,lapsed"`
	Placement   string `placeholder:"STATE" help:"Only those that stand there at a responder: verified, failed, drifted and so on." values:"requested,applied,verified,failed,drifted,covered,removing,removed,expired,evicted"`
	Integration string `placeholder:"NAME" help:"Only those at this responder: its id, its name, or kind/name."`
	Target      string `placeholder:"ADDRESS" help:"Only those that contain this address or range, or are in it."`
	Rule        string `placeholder:"ID" help:"Only those that this response rule asked for."`
	Alert       string `placeholder:"ID" help:"Only those because of this alert."`
	Incident    string `placeholder:"INC" help:"Only those because of this incident."`
	Query       string `name:"query" short:"q" placeholder:"TEXT" help:"Only those whose target or reason holds it."`
	Since       string `placeholder:"TIME" help:"Only those that were asked for since: 24h, 7d, 2026-11-21."`
	Mine        bool   `help:"Only those that this key asked for."`
}

func (f *blockFilter) query(ctx context.Context, hub *client.Client) (url.Values, error) {
	q := url.Values{}
	setAll(q, "state", f.State, "placement", f.Placement, "target", f.Target, "rule", f.Rule, "alert", f.Alert, "incident", f.Incident, "q", f.Query)
	if f.Mine {
		q.Set("by", "me")
	}
	if f.Integration != "" {
		r, _, err := findIntegration(ctx, hub, f.Integration)
		if err != nil {
			return nil, err
		}
		q.Set("integration", r.ID)
	}
	return q, setTime(q, "since", "since", f.Since)
}

// Help is the long help.
func (*blocksListCmd) Help() string {
	return `Examples:

    tocsin blocks list --state open
    tocsin blocks list --placement failed
    tocsin blocks list --target 203.0.113.7 -o json`
}

// Run prints a table.
func (c *blocksListCmd) Run(ctx context.Context, p *Process) error {
	if c.Limit < 1 {
		return usagef("--limit must be at least 1")
	}
	return c.with(p, func(hub *client.Client) error {
		query, err := c.query(ctx, hub)
		if err != nil {
			return err
		}
		rows, raw, err := listSome[blockRow](ctx, hub, blocksPath, query, c.Limit)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			t := p.table("ID", "TARGET", "STATE", "WHERE", "ENDS", "BY", "REASON")
			for i := range rows {
				r := &rows[i]
				t.row(r.ID, r.Target, r.State, r.where(), r.ends(), r.Requester.text(), r.Reason)
			}
			return t.flush()
		})
	})
}

// blocksShowCmd shows a block.
type blocksShowCmd struct {
	hubFlags
	viewFlags

	Block string `arg:"" help:"The block's id (blk_…), or the target of an open one."`
}

// Help is the long help.
func (*blocksShowCmd) Help() string {
	return `At a responder a block is requested, applied (the vendor has taken it), verified (it was read back), failed, drifted (it was
there, and is not any more), covered (a wider block stands for it), removing, removed, expired or evicted.

Examples:

    tocsin blocks show 203.0.113.7
    tocsin blocks show blk_01kmb7a2v4e9zr6x3q8w5t0ysd -o json`
}

// Run prints it.
func (c *blocksShowCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		id, err := blockID(ctx, hub, c.Block)
		if err != nil {
			return err
		}
		b, raw, err := fetch[blockRow](ctx, hub, below(blocksPath, id))
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error { return printBlock(p, &b) })
	})
}

// blockID finds a block by its id, or an open one by its target.
func blockID(ctx context.Context, hub *client.Client, text string) (string, error) {
	if strings.HasPrefix(text, "blk_") {
		return text, nil
	}
	rows, _, err := listAll[blockRow](ctx, hub, blocksPath, url.Values{"target": {text}, "state": {"open"}})
	if err != nil {
		return "", err
	}
	for _, r := range rows {
		if strings.EqualFold(r.Target, single(text)) {
			return r.ID, nil
		}
	}
	if len(rows) > 0 {
		return "", notFoundf("there is no open block of %[1]s, but %[2]s overlaps it (%[3]s): tocsin blocks list --target %[1]s shows those that ended, too", text, rows[0].Target, rows[0].ID)
	}
	return "", notFoundf("there is no open block of %[1]s: tocsin blocks list --target %[1]s shows those that ended", text)
}

// single is a range as the hub writes it: one address stands without its length.
func single(text string) string {
	if strings.Contains(text, ":") {
		return strings.TrimSuffix(text, "/128")
	}
	return strings.TrimSuffix(text, "/32")
}

func printBlock(p *Process, b *blockRow) error {
	pairs := []string{"id", b.ID, "target", b.Target, "state", b.State, "reason", b.Reason}
	for _, more := range []struct{ name, text string }{
		{"cause", b.Cause}, {"rule", b.Rule}, {"alert", b.Evidence.Alert}, {"incident", b.Evidence.Incident}, {"event", b.Evidence.Event},
	} {
		if more.text != "" {
			pairs = append(pairs, more.name, more.text)
		}
	}
	verb, _, _ := strings.Cut(b.endsOrEnded(), " ")
	pairs = append(pairs, "asked for by", b.Requester.text(), "asked for", day(&b.CreatedAt, ""), verb, b.ends())
	if b.State == "pending_approval" {
		pairs = append(pairs, "approve by", day(&b.ApproveBy, ""))
	}
	if b.Decider != nil {
		pairs = append(pairs, "decided by", b.Decider.text())
	}
	if err := p.fields(pairs...); err != nil {
		return err
	}
	if len(b.Placements) == 0 {
		return nil
	}
	p.say("\n")
	t := p.table("RESPONDER", "KIND", "STATE", "SINCE", "VERIFIED", "NEXT TRY", "CAUSE").whole()
	for _, l := range b.Placements {
		cause := l.Cause
		if l.CoveredBy != "" && cause == "" {
			cause = "by " + l.CoveredBy
		}
		name := l.Name
		if name == "" {
			name = l.Integration
		}
		t.row(name, l.Kind, l.State, day(&l.Since, ""), day(&l.VerifiedAt, ""), day(&l.DueAt, ""), cause)
	}
	return t.flush()
}

// blocksHistoryCmd shows what happened.
type blocksHistoryCmd struct {
	hubFlags
	viewFlags

	Block string `arg:"" help:"The block's id (blk_…), or the target of an open one."`
}

// Help is the long help.
func (*blocksHistoryCmd) Help() string {
	return `Example:

    tocsin blocks history 203.0.113.7`
}

// Run prints it.
func (c *blocksHistoryCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		id, err := blockID(ctx, hub, c.Block)
		if err != nil {
			return err
		}
		type step struct {
			At                     time.Time
			State, Name, Cause, By string
			Integration            string
		}
		rows, raw, err := listOnce[step](ctx, hub, below(blocksPath, id, "history"))
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			t := p.table("WHEN", "WHERE", "WHAT", "BY", "CAUSE").whole()
			for _, r := range rows {
				where := r.Name
				if where == "" {
					where = r.Integration
				}
				t.row(second(&r.At), where, r.State, r.By, r.Cause)
			}
			return t.flush()
		})
	})
}

// second is a time to the second: what happens to a block happens within seconds.
func second(t *time.Time) string { return t.Local().Format(time.DateTime) }

// listOnce reads a list that has one page.
func listOnce[T any](ctx context.Context, hub *client.Client, path string) (rows []T, raw []byte, err error) {
	page, raw, err := fetch[struct{ Items []T }](ctx, hub, path)
	return page.Items, raw, err
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
