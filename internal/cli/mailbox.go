package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// mailboxCmd groups the commands about failed deliveries.
type mailboxCmd struct {
	List    mailboxListCmd    `cmd:"" help:"List what could not be delivered, and why."`
	Replay  mailboxReplayCmd  `cmd:"" help:"Deliver failed deliveries again."`
	Discard mailboxDiscardCmd `cmd:"" help:"Close failed deliveries with a reason."`
}

const mailboxPath = "/api/v1/mailbox"

// mailboxFlags choose deliveries of the mailbox.
type mailboxFlags struct {
	Integration string   `placeholder:"NAME" help:"Only those of this integration: its id, its name, or kind/name."`
	Type        string   `placeholder:"TYPE" help:"Only events of this type."`
	Class       string   `placeholder:"CLASS" values:"permanent,exhausted,gone,disabled,person,trimmed,age" help:"Only those that failed for this class of cause: permanent, exhausted, gone, disabled, person, trimmed or age."`
	Status      []string `placeholder:"STATUS" values:"mailbox,discarded,expired,parked,behind,held" help:"Only those that stand there: mailbox (if left out), discarded, expired, parked, behind, held; may be repeated."`
	Event       string   `placeholder:"ID" help:"Only those of this event."`
	After       string   `placeholder:"TIME" help:"Only those that failed after: 24h or 7d (ago), 2026-11-21, or 2026-11-21T09:30:00Z."`
	Before      string   `placeholder:"TIME" help:"Only those that failed before."`
}

// causeClasses are the classes of causes for which a delivery is given up.
var causeClasses = []string{"permanent", "exhausted", "gone", "disabled", "person", "trimmed", "age"}

// filter is what was chosen, as the API takes it.
func (f *mailboxFlags) filter(ctx context.Context, hub *client.Client) (map[string]any, error) {
	if f.Class != "" && !slices.Contains(causeClasses, f.Class) {
		return nil, usagef("--class %q is none of %s", f.Class, strings.Join(causeClasses, ", "))
	}
	out := map[string]any{}
	for name, value := range map[string]string{"type": f.Type, "cause_class": f.Class, "event": f.Event} {
		if value != "" {
			out[name] = value
		}
	}
	if len(f.Status) > 0 {
		out["status"] = f.Status
	}
	for name, text := range map[string]string{"after": f.After, "before": f.Before} {
		if text == "" {
			continue
		}
		t, err := timeOf(name, text, time.Now())
		if err != nil {
			return nil, err
		}
		out[name] = t.UTC().Format(time.RFC3339Nano)
	}
	if f.Integration != "" {
		r, _, err := findIntegration(ctx, hub, f.Integration)
		if err != nil {
			return nil, err
		}
		out["integration"] = r.ID
	}
	return out, nil
}

// mailboxListCmd lists the mailbox.
type mailboxListCmd struct {
	hubFlags
	viewFlags
	mailboxFlags

	Limit int `default:"50" placeholder:"N" help:"How many."`
}

// Help is the long help.
func (*mailboxListCmd) Help() string {
	return `The newest first. Each holds its own copy of the event, and is kept for 30 days.

Examples:

    tocsin mailbox list
    tocsin mailbox list --integration "SOC webhook" --class exhausted --after 24h`
}

// Run prints a table.
func (c *mailboxListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		filter, err := c.filter(ctx, hub)
		if err != nil {
			return err
		}
		query := url.Values{}
		for name, value := range filter {
			if list, ok := value.([]string); ok {
				value = strings.Join(list, ",")
			}
			query.Set(name, fmt.Sprint(value))
		}
		return listDeliveries(ctx, p, hub, &c.viewFlags, mailboxPath, query, c.Limit)
	})
}

// selectFlags choose deliveries to do something with.
type selectFlags struct {
	mailboxFlags

	IDs []string `arg:"" optional:"" name:"delivery" help:"These deliveries: dlv_…"`
	All bool     `help:"The whole mailbox; or, with filters, everything that they let through."`
}

// selection is what was chosen, and a sentence about it.
func (f *selectFlags) selection(ctx context.Context, hub *client.Client) (in map[string]any, what string, err error) {
	filter, err := f.filter(ctx, hub)
	switch {
	case err != nil:
		return nil, "", err
	case len(f.IDs) > 0 && (len(filter) > 0 || f.All):
		return nil, "", usagef("give ids or filters, not both")
	case len(f.IDs) > 0:
		return map[string]any{"ids": f.IDs}, fmt.Sprintf("%d deliveries", len(f.IDs)), nil
	case len(filter) == 0 && !f.All:
		return nil, "", usagef("which ones? Give ids, filters, or --all")
	case len(filter) == 0:
		what = "the whole mailbox"
	default:
		what = "everything that the filters let through"
	}
	return map[string]any{"filter": filter}, what, nil
}

// mailboxReplayCmd replays.
type mailboxReplayCmd struct {
	hubFlags
	viewFlags
	sureFlags
	waitFlags
	selectFlags

	Force bool `help:"Replay although something newer of the same ordering key was delivered since."`
}

// Help is the long help.
func (*mailboxReplayCmd) Help() string {
	return `They are delivered with the ids that they had, so that a receiver that deduplicates takes none twice. Exit code 1 means
that some could not be replayed; "tocsin jobs show" says which, and why.

Examples:

    tocsin mailbox replay dlv_01kmb7a2v4e9zr6x3q8w5t0ysd
    tocsin mailbox replay --integration "SOC webhook" --class exhausted
    tocsin mailbox replay --all --yes`
}

// Run replays, and waits for the end.
func (c *mailboxReplayCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		in, what, err := c.selection(ctx, hub)
		if err != nil {
			return err
		}
		if c.All {
			if err := c.confirm(p, "This delivers "+what+" again."); err != nil {
				return err
			}
		}
		in["force"] = c.Force
		j, raw, err := request[jobRow](ctx, hub, http.MethodPost, mailboxPath+"/replay", in)
		if err != nil {
			return err
		}
		return c.started(ctx, p, hub, &c.viewFlags, &j, raw)
	})
}

// mailboxDiscardCmd discards.
type mailboxDiscardCmd struct {
	hubFlags
	viewFlags
	sureFlags
	selectFlags

	Reason string `required:"" placeholder:"TEXT" help:"Why; it is kept with each delivery."`
}

// Help is the long help.
func (*mailboxDiscardCmd) Help() string {
	return `They are counted as discarded, and can still be replayed while they are kept (--status discarded).

Examples:

    tocsin mailbox discard dlv_01kmb7a2v4e9zr6x3q8w5t0ysd --reason "a test run"
    tocsin mailbox discard --integration "Old webhook" --all --reason "it is gone" --yes`
}

// Run discards.
func (c *mailboxDiscardCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		in, what, err := c.selection(ctx, hub)
		if err != nil {
			return err
		}
		if len(c.IDs) == 0 {
			if err := c.confirm(p, "This discards "+what+"."); err != nil {
				return err
			}
		}
		in["reason"] = c.Reason
		done, raw, err := request[struct {
			Discarded int `json:"discarded"`
		}](ctx, hub, http.MethodPost, mailboxPath+"/discard", in)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			p.say("discarded %d\n", done.Discarded)
			return nil
		})
	})
}
