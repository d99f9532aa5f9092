package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// usersCmd groups the commands about people.
type usersCmd struct {
	List      usersListCmd      `cmd:"" help:"List the people of an account."`
	Invite    usersInviteCmd    `cmd:"" help:"Invite somebody: prints the link by which they choose a password."`
	Reset     usersResetCmd     `cmd:"" help:"Print a link by which somebody chooses a new password."`
	Role      usersRoleCmd      `cmd:"" help:"Give somebody another role."`
	Disable   usersDisableCmd   `cmd:"" help:"Keep somebody from signing in, and end their sessions."`
	Enable    usersEnableCmd    `cmd:"" help:"Let somebody sign in again."`
	Remove    usersRemoveCmd    `cmd:"" help:"Remove somebody."`
	OwnerLink usersOwnerLinkCmd `cmd:"" help:"Print the link by which the first owner is made, on the hub's machine."`
}

const usersPath = "/api/v1/users"

// userRow is a person as the API shows them.
type userRow struct {
	ID          string     `json:"id"`
	Email       string     `json:"email"`
	Name        string     `json:"name"`
	Role        string     `json:"role"`
	State       string     `json:"state"` // invited, active, disabled
	Factor      bool       `json:"second_factor"`
	LastLoginAt *time.Time `json:"last_login_at"`
}

func userPath(id string) string { return usersPath + "/" + url.PathEscape(id) }

// findUser finds a person by id or address.
func findUser(ctx context.Context, hub *client.Client, who string) (userRow, error) {
	if !strings.Contains(who, "@") {
		return userRow{ID: who, Email: who}, nil
	}
	rows, _, err := listAll[userRow](ctx, hub, usersPath, url.Values{"search": {who}})
	if err != nil {
		return userRow{}, err
	}
	for _, r := range rows {
		if strings.EqualFold(r.Email, who) {
			return r, nil
		}
	}
	return userRow{}, fmt.Errorf("nobody in the account has the address %s", who)
}

// withUser connects and finds a person.
func (f *hubFlags) withUser(ctx context.Context, p *Process, who string, use func(*client.Client, userRow) error) error {
	hub, err := f.connect(p)
	if err != nil {
		return err
	}
	defer hub.Close()
	u, err := findUser(ctx, hub, who)
	if err != nil {
		return err
	}
	return use(hub, u)
}

// usersListCmd lists people.
type usersListCmd struct {
	hubFlags
	viewFlags

	Search string `placeholder:"TEXT" help:"Only those whose address or name holds it."`
}

// Run prints a table, by address.
func (c *usersListCmd) Run(ctx context.Context, p *Process) error {
	hub, err := c.connect(p)
	if err != nil {
		return err
	}
	defer hub.Close()
	query := url.Values{}
	if c.Search != "" {
		query.Set("search", c.Search)
	}
	rows, raw, err := listAll[userRow](ctx, hub, usersPath, query)
	if err != nil {
		return err
	}
	return c.show(p, raw, func() error {
		table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tEMAIL\tNAME\tROLE\tSTATE\tSECOND FACTOR\tLAST SIGN-IN")
		for _, r := range rows {
			factor := "no"
			if r.Factor {
				factor = "yes"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Email, orDash(r.Name), r.Role, r.State, factor, day(r.LastLoginAt, "never"))
		}
		return table.Flush()
	})
}

// usersInviteCmd invites somebody.
type usersInviteCmd struct {
	hubFlags
	viewFlags

	Email string `arg:"" help:"Their address; they sign in with it."`
	Name  string `placeholder:"TEXT" help:"Their name; they may choose it themselves."`
	Role  string `default:"viewer" placeholder:"ROLE" help:"viewer, analyst, responder, admin or owner."`
}

// Help is the long help.
func (*usersInviteCmd) Help() string {
	return `Prints the one-time link on standard output, and nothing else there. Whoever holds it chooses the password: send it
to the right person, by a way that others do not read. It cannot be shown again; "tocsin users reset" makes another.

Roles: viewer reads; analyst works on alerts and incidents; responder may block, too; admin may do everything in the
account but make owners; owner may do that, too.

Example:

    tocsin users invite someone@example.com --role analyst`
}

// Run invites.
func (c *usersInviteCmd) Run(ctx context.Context, p *Process) error {
	hub, err := c.connect(p)
	if err != nil {
		return err
	}
	defer hub.Close()
	in := struct {
		Email string `json:"email"`
		Name  string `json:"name,omitempty"`
		Role  string `json:"role"`
	}{c.Email, c.Name, c.Role}
	var raw json.RawMessage
	if err := hub.Do(ctx, http.MethodPost, usersPath, in, &raw); err != nil {
		return err
	}
	var made struct {
		User userRow `json:"user"`
		linkAnswer
	}
	if err := json.Unmarshal(raw, &made); err != nil {
		return fmt.Errorf("the answer of %s is not what a hub sends: %w", hub.URL(), err)
	}
	return c.show(p, raw, func() error {
		p.note("invited %s (%s, %s)", made.User.Email, made.User.ID, made.User.Role)
		return made.print(p)
	})
}

// linkAnswer is a one-time link.
type linkAnswer struct {
	Link      string     `json:"link"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// print ends the line about what was done, and prints the link for scripts.
func (l linkAnswer) print(p *Process) error {
	until := ""
	if set(l.ExpiresAt) {
		until = ", and works until " + day(l.ExpiresAt, "")
	}
	p.note("; the link follows, is shown this once%s:\n", until)
	p.say("%s\n", l.Link)
	return nil
}

// usersResetCmd makes a link to a new password.
type usersResetCmd struct {
	hubFlags
	viewFlags

	Who     string `arg:"" help:"Their address or id."`
	DataDir string `placeholder:"DIR" help:"Work on the files of a hub's data directory instead of over its API: for when nobody can sign in."`
}

// Help is the long help.
func (*usersResetCmd) Help() string {
	return `Prints a one-time link by which somebody chooses a new password; the old one works until then. For somebody who was
invited and has no password yet, it is a new invitation.

Examples:

    tocsin users reset someone@example.com

    # No owner can sign in: on the hub's machine, as the user that owns the data. The hub may be running.
    tocsin users reset owner@example.com --data-dir /var/lib/tocsin`
}

// Run makes the link.
func (c *usersResetCmd) Run(ctx context.Context, p *Process) error {
	if c.DataDir != "" {
		return c.offline(ctx, p)
	}
	return c.withUser(ctx, p, c.Who, func(hub *client.Client, u userRow) error {
		var raw json.RawMessage
		if err := hub.Do(ctx, http.MethodPost, userPath(u.ID)+"/reset", nil, &raw); err != nil {
			return err
		}
		var made linkAnswer
		if err := json.Unmarshal(raw, &made); err != nil {
			return fmt.Errorf("the answer of %s is not what a hub sends: %w", hub.URL(), err)
		}
		return c.show(p, raw, func() error {
			p.note("made a link for %s", u.Email)
			return made.print(p)
		})
	})
}

// patchUser changes a person and says so.
func (f *hubFlags) patchUser(ctx context.Context, p *Process, who string, patch map[string]any, what string) error {
	return f.withUser(ctx, p, who, func(hub *client.Client, u userRow) error {
		if err := hub.Do(ctx, http.MethodPatch, userPath(u.ID), patch, nil); err != nil {
			return err
		}
		p.say("%s %s\n", what, u.Email)
		return nil
	})
}

// usersRoleCmd changes a role.
type usersRoleCmd struct {
	hubFlags

	Who  string `arg:"" help:"Their address or id."`
	Role string `arg:"" help:"viewer, analyst, responder, admin or owner."`
}

// Run changes the role.
func (c *usersRoleCmd) Run(ctx context.Context, p *Process) error {
	return c.patchUser(ctx, p, c.Who, map[string]any{"role": c.Role}, "made "+c.Role+":")
}

// usersDisableCmd disables somebody.
type usersDisableCmd struct {
	hubFlags

	Who string `arg:"" help:"Their address or id."`
}

// Help is the long help.
func (*usersDisableCmd) Help() string {
	return `Their sessions end at once, and they cannot sign in. The last owner cannot be disabled.

Example:

    tocsin users disable someone@example.com`
}

// Run disables.
func (c *usersDisableCmd) Run(ctx context.Context, p *Process) error {
	return c.patchUser(ctx, p, c.Who, map[string]any{"disabled": true}, "disabled")
}

// usersEnableCmd enables somebody.
type usersEnableCmd struct {
	hubFlags

	Who string `arg:"" help:"Their address or id."`
}

// Run enables.
func (c *usersEnableCmd) Run(ctx context.Context, p *Process) error {
	return c.patchUser(ctx, p, c.Who, map[string]any{"disabled": false}, "enabled")
}

// usersRemoveCmd removes somebody.
type usersRemoveCmd struct {
	hubFlags

	Who string `arg:"" help:"Their address or id."`
}

// Help is the long help.
func (*usersRemoveCmd) Help() string {
	return `Their sessions end at once. What they did stays in the audit record.

Example:

    tocsin users remove someone@example.com`
}

// Run removes.
func (c *usersRemoveCmd) Run(ctx context.Context, p *Process) error {
	return c.withUser(ctx, p, c.Who, func(hub *client.Client, u userRow) error {
		if err := hub.Do(ctx, http.MethodDelete, userPath(u.ID), nil, nil); err != nil {
			return err
		}
		p.say("removed %s\n", u.Email)
		return nil
	})
}
