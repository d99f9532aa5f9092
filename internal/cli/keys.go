package cli

import (
	"context"
	"strings"
	"time"
)

// keysCmd groups the commands about API keys.
type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Make an API key and print it, this once."`
	List   keysListCmd   `cmd:"" help:"List the API keys, without their secrets."`
	Rotate keysRotateCmd `cmd:"" help:"Replace a key by one that may do the same."`
	Revoke keysRevokeCmd `cmd:"" help:"End a key's validity."`
}

// keyFlags choose how the keys are reached: over the API, or in the files of a data directory.
type keyFlags struct {
	hubFlags

	DataDir string `placeholder:"DIR" help:"Work on the files of a hub's data directory instead of over its API: for when all keys are lost."`
}

// keyring is what the commands need, whichever way the keys are reached.
type keyring interface {
	create(ctx context.Context, w keyWish) (keyRow, string, error)
	rotate(ctx context.Context, id string, overlap time.Duration) (keyRow, string, error)
	list(ctx context.Context) ([]keyRow, error)
	revoke(ctx context.Context, id string) error
	close() error
}

// keyWish is a wish for a key, as the API takes it.
type keyWish struct {
	Name          string   `json:"name"`
	Scopes        []string `json:"scopes"`
	ExpiresInDays int      `json:"expires_in_days,omitempty"`
	EventTypes    []string `json:"event_types,omitempty"`
	RateLimit     int      `json:"rate_limit,omitempty"`
	Test          bool     `json:"test,omitempty"`
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
	if f.DataDir != "" && f.Account != "" {
		return nil, usagef("--account works over the API: with --data-dir, keys are those of the account default")
	}
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
	Scope       []string `default:"admin" placeholder:"SCOPE" values:"@scopes" help:"A right of the key; may be repeated."`
	ExpiresDays int      `placeholder:"DAYS" help:"Days until the key ends by itself; 0 is never."`
	EventType   []string `placeholder:"TYPE" help:"With events:write, a type that may be sent, such as auth.*; may be repeated. All if left out."`
	RateLimit   int      `placeholder:"N" help:"Most requests a minute; 0 is no limit of its own."`
	Test        bool     `help:"Make a test key (tsk_test_…)."`
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

    # For one application: its own types of events, at most 600 requests a minute, for a quarter of a year
    tocsin keys create "shop backend" --scope events:write --event-type 'auth.*' --rate-limit 600 --expires-days 90

Scopes: events:write, events:read, integrations:read, integrations:write, mapping:read, mapping:write, sources:read, sources:write,
deliveries:read, deliveries:write, alerts:read, alerts:write, incidents:read, incidents:write, investigations:read,
investigations:write, search:read, graph:read, blocks:read, blocks:write, blocks:approve, audit:read, admin.`
}

// Run makes the key.
func (c *keysCreateCmd) Run(ctx context.Context, p *Process) error {
	name := c.Name
	if name == "" {
		name = "tocsin keys create"
	}
	return c.with(ctx, p, func(ring keyring) error {
		row, secret, err := ring.create(ctx, keyWish{name, c.Scope, c.ExpiresDays, c.EventType, c.RateLimit, c.Test})
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
	viewFlags
}

// Help is the long help.
func (*keysListCmd) Help() string {
	return `Only the beginning of each key is kept. Revoked and expired keys stay in the list.

Example:

    tocsin keys list`
}

// Run prints a table, newest first.
func (c *keysListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(ctx, p, func(ring keyring) error {
		rows, err := ring.list(ctx)
		if err != nil {
			return err
		}
		return c.showValue(p, rows, func() error {
			t := p.table("ID", "NAME", "KEY", "SCOPES", "STATE", "LAST USED")
			for _, r := range rows {
				t.row(r.ID, r.Name, r.Prefix+"…", strings.Join(r.Scopes, ","), r.state(time.Now()), day(r.LastUsedAt, "never"))
			}
			return t.flush()
		})
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

// keysRotateCmd replaces a key.
type keysRotateCmd struct {
	keyFlags

	ID      string        `arg:"" help:"The key's id: key_…"`
	Overlap time.Duration `default:"24h" help:"How long the old key stays valid, at most 720h."`
}

// Help is the long help.
func (*keysRotateCmd) Help() string {
	return `Prints the new key on standard output, this once. Until the overlap is over both keys work, so that nothing is refused
while the new one is put in place.

Example:

    tocsin keys rotate key_01jd8v0q8xfz5r0m8a6b7c8d9e --overlap 1h`
}

// Run rotates the key.
func (c *keysRotateCmd) Run(ctx context.Context, p *Process) error {
	return c.with(ctx, p, func(ring keyring) error {
		row, secret, err := ring.rotate(ctx, c.ID, c.Overlap)
		if err != nil {
			return err
		}
		p.note("made %s (%s); %s ends in %s; the new key follows and is shown this once:\n", row.ID, row.Name, c.ID, c.Overlap)
		p.say("%s\n", secret)
		return nil
	})
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
