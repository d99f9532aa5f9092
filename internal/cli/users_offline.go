package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	people "github.com/tocsin-hub/tocsin/internal/identity/user"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// setupPath is the console's page that one-time links lead to. The token stands behind the #, so that no server and no
// log sees it.
const setupPath = "/setup#token="

// offlineUsers works on the people in the files of a data directory. The hub may run meanwhile; it sees the change.
type offlineUsers struct {
	store   *sqlite.Store
	audit   *audit.Log
	service *people.Service
}

func openOfflineUsers(ctx context.Context, p *Process, dir string) (_ *offlineUsers, err error) {
	// Opening would make the files: a mistyped directory must not become an empty hub.
	if _, err := os.Stat(filepath.Join(dir, sqlite.ConfigFile)); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no hub's data (no %s): give the directory that tocsin serve was started with",
			dir, sqlite.ConfigFile)
	}
	o := &offlineUsers{}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	sealer, err := seal.Open(dir, seal.Options{Existing: true}.FromEnviron(p.getenv))
	if err != nil {
		return nil, fmt.Errorf("opening the key of the secrets: %w", err)
	}
	if o.store, err = sqlite.Open(ctx, dir, sqlite.Options{}); err != nil {
		return nil, fmt.Errorf("opening the data directory: %w", err)
	}
	if o.audit, err = audit.New(ctx, audit.Deps{Store: o.store}); err != nil {
		return nil, err
	}
	o.service = people.New(people.Deps{Store: o.store, Sealer: sealer, Recorder: o.audit})
	return o, nil
}

func (o *offlineUsers) close() error {
	var errs []error
	if o.audit != nil {
		errs = append(errs, o.audit.Close())
	}
	if o.store != nil {
		errs = append(errs, o.store.Close())
	}
	return errors.Join(errs...)
}

// locally gives a context whose acts are those of whoever sits at the command line.
func locally(ctx context.Context) context.Context {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return act.With(ctx, act.Actor{Kind: act.KindLocal, Name: name, Account: event.DefaultAccount, Admin: true})
}

// offline makes a reset link in the files.
func (c *usersResetCmd) offline(ctx context.Context, p *Process) (err error) {
	o, err := openOfflineUsers(ctx, p, c.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	account := event.Account(cmp.Or(c.Account, p.getenv(envAccount), string(event.DefaultAccount)))
	u, err := o.find(ctx, account, c.Who)
	if err != nil {
		return err
	}
	// Whoever may write the files may do what an owner may.
	by := identity.Principal{
		Account: account, Home: account, Kind: act.KindLocal, Scopes: identity.Scopes{identity.Admin}, Role: identity.RoleOwner,
	}
	ticket, err := o.service.ResetLink(locally(ctx), by, account, u.ID)
	if err != nil {
		return err
	}
	p.note("made a link for %s", u.Email)
	return c.ticket(p, ticket)
}

// find looks a person up by address or id.
func (o *offlineUsers) find(ctx context.Context, account event.Account, who string) (u store.User, err error) {
	if strings.Contains(who, "@") {
		email, err := people.ParseEmail(who)
		if err != nil {
			return u, usagef("%q is not an address: it %w", who, err)
		}
		u, err = o.store.UserByEmail(ctx, account, email)
		if errors.Is(err, store.ErrNotFound) {
			return u, fmt.Errorf("nobody in the account %s has the address %s", account, who)
		}
		return u, err
	}
	id, err := event.ParseID(event.PrefixUser, who)
	if err != nil {
		return u, usagef("%q is neither an address nor the id of a person (usr_…)", who)
	}
	u, err = o.store.GetUser(ctx, account, id)
	if errors.Is(err, store.ErrNotFound) {
		return u, fmt.Errorf("nobody in the account %s has the id %s", account, who)
	}
	return u, err
}

// ticket prints a link that was made in the files.
func (f *hubFlags) ticket(p *Process, t people.Ticket) error {
	base := strings.TrimRight(cmp.Or(f.serverOf(p), defaultURL), "/")
	expires := t.ExpiresAt.Truncate(time.Second)
	return linkAnswer{Link: base + setupPath + t.Token.Reveal(), ExpiresAt: &expires}.print(p)
}

// usersOwnerLinkCmd makes the link to the first owner.
type usersOwnerLinkCmd struct {
	URL     string `placeholder:"URL" help:"How people reach the hub, for the link (or TOCSIN_SERVER; http://127.0.0.1:8080)."`
	DataDir string `required:"" placeholder:"DIR" help:"The hub's data directory. The hub may be running."`
}

// Help is the long help.
func (*usersOwnerLinkCmd) Help() string {
	return `For a hub that has no owner who can sign in: whoever opens the link becomes the first one. An earlier link that was not
used ends. When there is an owner who lost their password, use "tocsin users reset OWNER --data-dir DIR".

Example:

    tocsin users owner-link --data-dir /var/lib/tocsin --url https://tocsin.example.com`
}

// Run makes the link.
func (c *usersOwnerLinkCmd) Run(ctx context.Context, p *Process) (err error) {
	o, err := openOfflineUsers(ctx, p, c.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	ticket, made, err := o.service.SetupLink(locally(ctx))
	if err != nil {
		return err
	}
	if !made {
		return errors.New("there is an owner already: tocsin users list shows who, and tocsin users reset makes a link to a new password")
	}
	p.note("made a link for the first owner")
	return (&hubFlags{URL: c.URL}).ticket(p, ticket)
}
