package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/seal"
)

// secretsCmd groups the commands about the key that stored secrets are sealed with.
type secretsCmd struct {
	Status secretsStatusCmd `cmd:"" help:"Show the keys, what is sealed with them, references, and credentials to renew."`
	Rotate secretsRotateCmd `cmd:"" help:"Change the key and seal every stored secret anew."`
	NewKey secretsNewKeyCmd `cmd:"" help:"Print a new key."`
}

// secretsFlags choose how the secrets are reached: over the API, or in the files of a data directory.
type secretsFlags struct {
	hubFlags

	DataDir string `placeholder:"DIR" help:"Work on the files of a hub's data directory instead of over its API; the hub must be stopped."`
}

// vault is what the commands need, whichever way the secrets are reached.
type vault interface {
	status(ctx context.Context) (integration.SecretsStatus, error)
	rotate(ctx context.Context) (integration.RotationResult, error)
	close() error
}

// with opens the vault, uses it and closes it.
func (f *secretsFlags) with(ctx context.Context, p *Process, use func(vault) error) error {
	v, err := f.open(ctx, p)
	if err != nil {
		return err
	}
	err = use(v)
	if closeErr := v.close(); err == nil {
		err = closeErr
	}
	return err
}

func (f *secretsFlags) open(ctx context.Context, p *Process) (vault, error) {
	if f.DataDir != "" {
		return openOfflineSecrets(ctx, p, f.DataDir)
	}
	hub, err := f.connect(p)
	if err != nil {
		return nil, err
	}
	return &onlineSecrets{hub}, nil
}

// onlineSecrets works over the API.
type onlineSecrets struct{ hub *client.Client }

const secretsPath = "/api/v1/secrets"

func (s *onlineSecrets) status(ctx context.Context) (status integration.SecretsStatus, err error) {
	return status, s.hub.Do(ctx, http.MethodGet, secretsPath, nil, &status)
}

func (s *onlineSecrets) rotate(ctx context.Context) (done integration.RotationResult, err error) {
	return done, s.hub.Do(ctx, http.MethodPost, secretsPath+"/rotate", nil, &done)
}

func (s *onlineSecrets) close() error {
	s.hub.Close()
	return nil
}

// secretsStatusCmd shows how the secrets stand.
type secretsStatusCmd struct {
	secretsFlags
}

// Help is the long help.
func (*secretsStatusCmd) Help() string {
	return `Every stored secret is unsealed once, so that a damaged one shows; none is printed. It ends with code 1 when
secrets cannot be read.

Examples:

    tocsin secrets status

    # Of a hub that is stopped
    tocsin secrets status --data-dir /var/lib/tocsin`
}

// Run prints the state.
func (c *secretsStatusCmd) Run(ctx context.Context, p *Process) error {
	return c.with(ctx, p, func(v vault) error {
		s, err := v.status(ctx)
		if err != nil {
			return err
		}
		if err := writeSecretsStatus(p.Stdout, s); err != nil {
			return err
		}
		if n := len(s.Unreadable); n > 0 {
			return fmt.Errorf("%d secrets cannot be read: bring their key back, or enter them again", n)
		}
		return nil
	})
}

func writeSecretsStatus(w io.Writer, s integration.SecretsStatus) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tSTATE\tSECRETS\tFROM")
	for _, k := range s.Keys {
		state := "earlier"
		switch {
		case k.Missing:
			state = "missing"
		case k.Current:
			state = "current"
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", k.ID, state, k.Secrets, k.Source)
	}
	section := func(n int, heading string) {
		if n > 0 {
			fmt.Fprintf(table, "\n%s\n", heading)
		}
	}
	section(len(s.Unreadable), "UNREADABLE: ACCOUNT\tHOLDER\tSETTING\tKEY")
	for _, u := range s.Unreadable {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", u.Account, u.Holder, u.Field, u.Key)
	}
	section(len(s.Voided), "TO BE ENTERED AGAIN: ACCOUNT\tINTEGRATION\tSETTINGS")
	for _, i := range s.Voided {
		fmt.Fprintf(table, "%s\t%s\t%s\n", i.Account, i.Integration, strings.Join(i.Settings, ", "))
	}
	section(len(s.References), "REFERENCE\tINTEGRATION\tSETTING\tSTATE")
	for _, r := range s.References {
		state := r.Error
		if state == "" {
			state = "can be used"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Reference, r.Integration, r.Setting, state)
	}
	section(len(s.Expiring), "TO BE RENEWED BY\tINTEGRATION\tNAME\tOWNER\tACCOUNT")
	for _, e := range s.Expiring {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", e.RotateBy, e.Integration, e.Name, e.Owner, e.Account)
	}
	return table.Flush()
}

// secretsRotateCmd changes the key.
type secretsRotateCmd struct {
	secretsFlags
}

// Help is the long help.
func (*secretsRotateCmd) Help() string {
	return `Adds a new key to the key file, seals every stored secret with it, verifies that nothing needs the earlier key, and
takes that out of the file. Each step is durable before the next begins: after a crash every secret can be read, and the
same command finishes what was begun.

A key that comes from the environment or from an age file is yours to change; the command says how, seals anew with the
new one, and says what to remove then.

Keep a copy of the earlier key for as long as you keep backups from before.

Examples:

    # While the hub runs, with an administrator's key of the operator's account
    tocsin secrets rotate

    # While it is stopped
    tocsin secrets rotate --data-dir /var/lib/tocsin`
}

// Run rotates.
func (c *secretsRotateCmd) Run(ctx context.Context, p *Process) error {
	return c.with(ctx, p, func(v vault) error {
		done, err := v.rotate(ctx)
		if err != nil {
			return err
		}
		if done.Resumed {
			p.note("an earlier rotation that had not finished was finished; no new key was made\n")
		}
		p.say("the key is %s now; %d of %d secrets were sealed anew\n", done.Key, done.Resealed, done.Secrets)
		if n := len(done.Unreadable); n > 0 {
			p.note("%d secrets cannot be read with any key here, now as before: tocsin secrets status lists them\n", n)
		}
		if done.Next != "" {
			p.say("%s\n", done.Next)
		}
		return nil
	})
}

// secretsNewKeyCmd prints a key.
type secretsNewKeyCmd struct {
	Bare bool `help:"Print base64 alone, for an environment variable, instead of the text of a key file."`
}

// Help is the long help.
func (*secretsNewKeyCmd) Help() string {
	return `Nothing is stored. Redirect the output to where the key is to be kept; do not leave it on a screen.

Examples:

    # A key for TOCSIN_SECRET_KEY
    tocsin secrets new-key --bare

    # A key file that is encrypted with age
    tocsin secrets new-key | age -r age1… -a > /var/lib/tocsin/secret.key.age`
}

// Run prints the key.
func (c *secretsNewKeyCmd) Run(p *Process) error {
	if c.Bare {
		p.say("%s\n", seal.NewBareKey().Reveal())
		return nil
	}
	p.say("%s", seal.NewKey().Reveal())
	return nil
}
