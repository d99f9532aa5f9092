package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// accountsCmd groups the commands about accounts.
type accountsCmd struct {
	List   accountsListCmd   `cmd:"" help:"List the account and those below it."`
	Create accountsCreateCmd `cmd:"" help:"Make an account."`
	Show   accountsShowCmd   `cmd:"" help:"Show one account."`
	Update accountsUpdateCmd `cmd:"" help:"Change an account's title, parent or plan."`
	Close  accountsCloseCmd  `cmd:"" help:"Close an account: its keys and users are refused, and what it has stays."`
	Reopen accountsReopenCmd `cmd:"" help:"Open a closed account again."`
}

const accountsPath = "/api/v1/accounts"

// accountRow is an account as the API shows it.
type accountRow struct {
	Name      string     `json:"name"`
	Title     string     `json:"title"`
	Parent    string     `json:"parent"`
	Plan      string     `json:"plan"`
	CreatedAt time.Time  `json:"created_at"`
	ClosedAt  *time.Time `json:"closed_at"`
}

func (r *accountRow) state() string {
	if set(r.ClosedAt) {
		return "closed " + day(r.ClosedAt, "")
	}
	return "open"
}

func accountPath(name string) string { return accountsPath + "/" + url.PathEscape(name) }

// listAll reads every page of a list; raw is all of it as one JSON list.
func listAll[T any](ctx context.Context, hub *client.Client, path string, query url.Values) (rows []T, raw json.RawMessage, err error) {
	all := []json.RawMessage{}
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", "200")
	for {
		var page struct {
			Items []json.RawMessage `json:"items"`
			Next  string            `json:"next"`
		}
		if err := hub.Do(ctx, http.MethodGet, path+"?"+query.Encode(), nil, &page); err != nil {
			return nil, nil, err
		}
		for _, item := range page.Items {
			var row T
			if err := json.Unmarshal(item, &row); err != nil {
				return nil, nil, fmt.Errorf("the answer of %s is not what a hub sends: %w", hub.URL(), err)
			}
			rows, all = append(rows, row), append(all, item)
		}
		if page.Next == "" || page.Next == query.Get("cursor") {
			raw, err = json.Marshal(all)
			return rows, raw, err
		}
		query.Set("cursor", page.Next)
	}
}

// accountsListCmd lists the accounts.
type accountsListCmd struct {
	hubFlags
	viewFlags
}

// Run prints a table, by name.
func (c *accountsListCmd) Run(ctx context.Context, p *Process) error {
	hub, err := c.connect(p)
	if err != nil {
		return err
	}
	defer hub.Close()
	rows, raw, err := listAll[accountRow](ctx, hub, accountsPath, nil)
	if err != nil {
		return err
	}
	return c.show(p, raw, func() error {
		table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tTITLE\tPARENT\tPLAN\tSTATE")
		for _, r := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Name, orDash(r.Title), orDash(r.Parent), orDash(r.Plan), r.state())
		}
		return table.Flush()
	})
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// accountsCreateCmd makes an account.
type accountsCreateCmd struct {
	hubFlags
	viewFlags

	Name   string `arg:"" help:"Its name, for ever: a-z, 0-9, _ and -."`
	Title  string `placeholder:"TEXT" help:"What people call it."`
	Parent string `placeholder:"NAME" help:"The account above it. Left out it is your own, or none if you are the operator."`
	Plan   string `placeholder:"PLAN" help:"Its plan, which only the operator chooses; left out, that of the account above, or the default one."`
}

// Help is the long help.
func (*accountsCreateCmd) Help() string {
	return `An account is a tenant: it has its own integrations, keys, users and events. Those of a parent can act in the accounts
below it with --account. A name is never used again.

Examples:

    tocsin accounts create acme --title "ACME Ltd." --plan pro
    tocsin users invite someone@acme.example --role owner --account acme
    tocsin keys create "acme's firewall" --scope events:write --account acme`
}

// Run makes the account.
func (c *accountsCreateCmd) Run(ctx context.Context, p *Process) error {
	in := struct {
		Name   string `json:"name"`
		Title  string `json:"title,omitempty"`
		Parent string `json:"parent,omitempty"`
		Plan   string `json:"plan,omitempty"`
	}{c.Name, c.Title, c.Parent, c.Plan}
	return c.change(ctx, p, c.viewFlags, http.MethodPost, accountsPath, in, "made the account")
}

// change makes a request that answers with an account, and says what happened.
func (f *hubFlags) change(ctx context.Context, p *Process, view viewFlags, method, path string, in any, what string) error {
	hub, err := f.connect(p)
	if err != nil {
		return err
	}
	defer hub.Close()
	var raw json.RawMessage
	if err := hub.Do(ctx, method, path, in, &raw); err != nil {
		return err
	}
	var row accountRow
	if err := json.Unmarshal(raw, &row); err != nil {
		return fmt.Errorf("the answer of %s is not what a hub sends: %w", hub.URL(), err)
	}
	return view.show(p, raw, func() error {
		p.say("%s %s\n", what, row.Name)
		return nil
	})
}

// accountsShowCmd shows an account.
type accountsShowCmd struct {
	hubFlags
	viewFlags

	Name string `arg:"" help:"The account's name."`
}

// Run prints the account.
func (c *accountsShowCmd) Run(ctx context.Context, p *Process) error {
	hub, err := c.connect(p)
	if err != nil {
		return err
	}
	defer hub.Close()
	var raw json.RawMessage
	if err := hub.Do(ctx, http.MethodGet, accountPath(c.Name), nil, &raw); err != nil {
		return err
	}
	var r accountRow
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("the answer of %s is not what a hub sends: %w", hub.URL(), err)
	}
	return c.show(p, raw, func() error {
		table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
		for _, line := range [][2]string{
			{"name", r.Name}, {"title", orDash(r.Title)}, {"parent", orDash(r.Parent)}, {"plan", orDash(r.Plan)},
			{"state", r.state()}, {"made", day(&r.CreatedAt, "-")},
		} {
			fmt.Fprintf(table, "%s\t%s\n", line[0], line[1])
		}
		return table.Flush()
	})
}

// accountsUpdateCmd changes an account.
type accountsUpdateCmd struct {
	hubFlags
	viewFlags

	Name   string  `arg:"" help:"The account's name."`
	Title  *string `placeholder:"TEXT" help:"What people call it."`
	Parent *string `placeholder:"NAME" help:"The account above it; \"\" is none, which only the operator may wish."`
	Plan   *string `placeholder:"PLAN" help:"Its plan, which only the operator chooses; \"\" is that of the account above, or the default one."`
}

// Help is the long help.
func (*accountsUpdateCmd) Help() string {
	return `What is left out stays as it is. A smaller plan takes nothing away that is there: integrations that it lacks stop being
enabled or made, and its limits hold from now on.

Example:

    tocsin accounts update acme --plan business`
}

// Run changes the account.
func (c *accountsUpdateCmd) Run(ctx context.Context, p *Process) error {
	in := map[string]string{}
	for name, value := range map[string]*string{"title": c.Title, "parent": c.Parent, "plan": c.Plan} {
		if value != nil {
			in[name] = *value
		}
	}
	if len(in) == 0 {
		return usagef("nothing to change: give --title, --parent or --plan")
	}
	return c.change(ctx, p, c.viewFlags, http.MethodPatch, accountPath(c.Name), in, "changed the account")
}

// accountsCloseCmd closes an account.
type accountsCloseCmd struct {
	hubFlags
	viewFlags

	Name string `arg:"" help:"The account's name."`
}

// Help is the long help.
func (*accountsCloseCmd) Help() string {
	return `Its keys and users are refused at once, and its integrations get nothing more. Nothing is deleted; reopen undoes it.

Example:

    tocsin accounts close acme`
}

// Run closes the account.
func (c *accountsCloseCmd) Run(ctx context.Context, p *Process) error {
	return c.change(ctx, p, c.viewFlags, http.MethodPost, accountPath(c.Name)+"/close", nil, "closed the account")
}

// accountsReopenCmd opens a closed account again.
type accountsReopenCmd struct {
	hubFlags
	viewFlags

	Name string `arg:"" help:"The account's name."`
}

// Help is the long help.
func (*accountsReopenCmd) Help() string {
	return `Its keys and users work again, and its integrations get events from now on.

Example:

    tocsin accounts reopen acme`
}

// Run opens the account.
func (c *accountsReopenCmd) Run(ctx context.Context, p *Process) error {
	return c.change(ctx, p, c.viewFlags, http.MethodPost, accountPath(c.Name)+"/reopen", nil, "opened the account")
}
