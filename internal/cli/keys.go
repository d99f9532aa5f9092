package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// keysCmd groups the commands about API keys.
type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Make an API key and print it, this once."`
	List   keysListCmd   `cmd:"" help:"List the API keys, without their secrets."`
	Revoke keysRevokeCmd `cmd:"" help:"End a key's validity."`
}

// keyFlags choose how the keys are reached: over the API, or in the files of a data directory.
type keyFlags struct {
	hubFlags

	DataDir string `placeholder:"DIR" help:"Work on the files of a hub's data directory instead of over its API: for when all keys are lost."`
}

// keyring is what the commands need, whichever way the keys are reached.
type keyring interface {
	create(ctx context.Context, name string, scopes []string, days int) (keyRow, string, error)
	list(ctx context.Context) ([]keyRow, error)
	revoke(ctx context.Context, id string) error
	close() error
}

// keyRow is a key as the API shows it.
type keyRow struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Prefix     string     `json:"prefix"`
	Scopes     []string   `json:"scopes"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
}

func (f *keyFlags) open(ctx context.Context, p *Process) (keyring, error) {
	if f.DataDir != "" {
		return openOfflineKeys(ctx, f.DataDir)
	}
	hub, err := f.connect(p)
	if err != nil {
		return nil, err
	}
	return &onlineKeys{hub: hub}, nil
}

// with opens the keyring, uses it and closes it.
func (f *keyFlags) with(ctx context.Context, p *Process, use func(keyring) error) error {
	ring, err := f.open(ctx, p)
	if err != nil {
		return err
	}
	err = use(ring)
	if closeErr := ring.close(); err == nil {
		err = closeErr
	}
	return err
}

// keysCreateCmd makes a key.
type keysCreateCmd struct {
	keyFlags

	Name        string   `arg:"" optional:"" help:"What the key is for; \"tocsin keys create\" if left out."`
	Scope       []string `default:"admin" placeholder:"SCOPE" help:"A right of the key; may be repeated."`
	ExpiresDays int      `placeholder:"DAYS" help:"Days until the key ends by itself; 0 is never."`
}

// Help is the long help.
func (*keysCreateCmd) Help() string {
	return `Prints the key on standard output, and nothing else there, so that a script can take it. It cannot be shown again:
the hub keeps only its hash.

Examples:

    # A key that can only send events
    tocsin keys create "falco on node 7" --scope events:write

    # All keys are lost: on the hub's machine, as the user that owns the data
    tocsin keys create --data-dir /var/lib/tocsin

Scopes: events:write, events:read, integrations:read, integrations:write, deliveries:read, deliveries:write,
audit:read, admin.`
}

// Run makes the key.
func (c *keysCreateCmd) Run(ctx context.Context, p *Process) error {
	name := c.Name
	if name == "" {
		name = "tocsin keys create"
	}
	return c.with(ctx, p, func(ring keyring) error {
		row, secret, err := ring.create(ctx, name, c.Scope, c.ExpiresDays)
		if err != nil {
			return err
		}
		p.note("made %s (%s, %s); the key follows and is shown this once:\n", row.ID, row.Name, strings.Join(row.Scopes, ", "))
		p.say("%s\n", secret)
		return nil
	})
}

// keysListCmd lists the keys.
type keysListCmd struct {
	keyFlags
}

// Run prints a table, newest first.
func (c *keysListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(ctx, p, func(ring keyring) error {
		rows, err := ring.list(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tNAME\tKEY\tSCOPES\tSTATE\tLAST USED")
		for _, r := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s…\t%s\t%s\t%s\n",
				r.ID, r.Name, r.Prefix, strings.Join(r.Scopes, ","), r.state(time.Now()), day(r.LastUsedAt, "never"))
		}
		return table.Flush()
	})
}

// state says whether the key can be used.
func (r *keyRow) state(now time.Time) string {
	switch {
	case set(r.RevokedAt):
		return "revoked " + day(r.RevokedAt, "")
	case set(r.ExpiresAt) && !now.Before(*r.ExpiresAt):
		return "expired " + day(r.ExpiresAt, "")
	case set(r.ExpiresAt):
		return "valid until " + day(r.ExpiresAt, "")
	}
	return "valid"
}

func set(t *time.Time) bool { return t != nil && !t.IsZero() }

func day(t *time.Time, none string) string {
	if !set(t) {
		return none
	}
	return t.Local().Format("2006-01-02 15:04")
}

// keysRevokeCmd ends a key.
type keysRevokeCmd struct {
	keyFlags

	ID string `arg:"" help:"The key's id: key_…"`
}

// Help is the long help.
func (*keysRevokeCmd) Help() string {
	return `The key stops working at once. It stays in the list, so that the record of what it did keeps its name.

Example:

    tocsin keys revoke key_01jd8v0q8xfz5r0m8a6b7c8d9e`
}

// Run revokes the key.
func (c *keysRevokeCmd) Run(ctx context.Context, p *Process) error {
	return c.with(ctx, p, func(ring keyring) error {
		if err := ring.revoke(ctx, c.ID); err != nil {
			return err
		}
		p.say("revoked %s\n", c.ID)
		return nil
	})
}
