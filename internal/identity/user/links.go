package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The purposes of a one-time link.
const (
	Setup  = "setup"  // makes the first owner of the default account
	Invite = "invite" // somebody new chooses a password
	Reset  = "reset"  // somebody chooses a new password
)

// How long a link can be used.
const (
	SetupFor  = 24 * time.Hour
	InviteFor = 72 * time.Hour
	ResetFor  = 24 * time.Hour
)

// Ticket is a one-time link at the one moment at which its token can be read. Whoever holds it can choose the password.
type Ticket struct {
	Token     form.Secret
	Purpose   string
	ExpiresAt time.Time
}

func (s *Service) newTicket(account event.Account, user event.ID, purpose string) (Ticket, store.Link, error) {
	token, hash, err := newToken(s.Rand, linkPrefix)
	if err != nil {
		return Ticket{}, store.Link{}, err
	}
	now := s.now()
	l := store.Link{
		Hash: hash, Account: account, User: user, Purpose: purpose, CreatedAt: now,
		ExpiresAt: now.Add(map[string]time.Duration{Setup: SetupFor, Invite: InviteFor, Reset: ResetFor}[purpose]),
	}
	return Ticket{Token: token, Purpose: purpose, ExpiresAt: l.ExpiresAt}, l, nil
}

// SetupNeeded says whether the default account has no owner who can sign in.
func (s *Service) SetupNeeded(ctx context.Context) (bool, error) {
	n, err := s.Store.CountOwners(ctx, event.DefaultAccount)
	if err != nil {
		return false, fmt.Errorf("counting the owners: %w", err)
	}
	return n == 0, nil
}

// SetupLink makes the link to the first owner of the default account, if that account has no owner who can sign in;
// else made is false. An earlier one that was not used ends.
func (s *Service) SetupLink(ctx context.Context) (t Ticket, made bool, err error) {
	n, err := s.Store.CountOwners(ctx, event.DefaultAccount)
	if err != nil {
		return Ticket{}, false, fmt.Errorf("counting the owners: %w", err)
	}
	if n > 0 {
		return Ticket{}, false, nil
	}
	t, l, err := s.newTicket(event.DefaultAccount, event.ID{}, Setup)
	if err != nil {
		return Ticket{}, false, err
	}
	a := act.Act{
		Account: l.Account, Action: actInvite, Target: Setup,
		Note: "a one-time link for the first owner, valid until " + l.ExpiresAt.Format(time.RFC3339),
	}
	if err := s.do(ctx, a, func(ctx context.Context) error { return s.Store.CreateLink(ctx, l) }); err != nil {
		return Ticket{}, false, fmt.Errorf("making the setup link: %w", err)
	}
	return t, true, nil
}

// LinkInfo is what the holder of a link may know.
type LinkInfo struct {
	Purpose   string
	Account   event.Account
	Email     string // empty for Setup
	Name      string
	ExpiresAt time.Time
}

// InspectLink says what a link is for. Its error is ErrLink, whatever is wrong with the link, or the store's.
func (s *Service) InspectLink(ctx context.Context, token form.Secret) (LinkInfo, error) {
	l, u, err := s.findLink(ctx, token)
	if err != nil {
		return LinkInfo{}, err
	}
	return LinkInfo{Purpose: l.Purpose, Account: l.Account, Email: u.Email, Name: u.Name, ExpiresAt: l.ExpiresAt}, nil
}

// findLink finds a link that can be used, and whom it is for (nobody yet for Setup).
func (s *Service) findLink(ctx context.Context, token form.Secret) (store.Link, store.User, error) {
	if token.IsZero() || len(token.Reveal()) > maxTokenBytes {
		return store.Link{}, store.User{}, ErrLink
	}
	l, err := s.Store.LinkByHash(ctx, tokenHash(token))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Link{}, store.User{}, fmt.Errorf("looking up the link: %w", err)
	}
	if err != nil || !l.UsedAt.IsZero() || !s.now().Before(l.ExpiresAt) || !s.AccountOpen(l.Account) {
		return store.Link{}, store.User{}, ErrLink
	}
	if l.Purpose == Setup {
		n, err := s.Store.CountOwners(ctx, l.Account)
		if err != nil {
			return store.Link{}, store.User{}, fmt.Errorf("counting the owners: %w", err)
		}
		if n > 0 {
			return store.Link{}, store.User{}, ErrLink
		}
		return l, store.User{Account: l.Account}, nil
	}
	u, err := s.Store.GetUser(ctx, l.Account, l.User)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Link{}, store.User{}, fmt.Errorf("looking up the user of the link: %w", err)
	}
	if err != nil || u.Disabled || !u.DeletedAt.IsZero() {
		return store.Link{}, store.User{}, ErrLink
	}
	return l, u, nil
}

// Redemption is what the holder of a link chooses.
type Redemption struct {
	Email    string // for Setup only
	Name     string // may be empty but for Setup: then it stays as it is
	Password form.Secret
}

// Redeem uses a link up: the password is set, every other session of the person ends, and a new one begins. If the
// person has a second factor no session begins, and Token is zero: sign in with a code then. Errors: ErrLink,
// form.Errors (email, name, password), ErrConflict, *ThrottledError.
func (s *Service) Redeem(ctx context.Context, token form.Secret, r Redemption, from Client) (SignedIn, error) {
	l, u, err := s.findLink(ctx, token)
	if err != nil {
		return SignedIn{}, err
	}
	if err := s.fill(ctx, &u, l, r); err != nil {
		return SignedIn{}, err
	}
	if u.Password, err = s.hasher.hash(ctx, composed(r.Password.Reveal())); err != nil {
		return SignedIn{}, err
	}
	in, err := s.newSession(u, from, false)
	if err != nil {
		return SignedIn{}, err
	}
	u.With = store.With{UseLink: &l.Hash, EndLinks: true, EndSessions: true}
	if len(u.TOTP) == 0 {
		u.With.NewSession, u.LastLoginAt = &in.Session, in.Session.CreatedAt
	} else {
		in.Token, in.CSRF, in.Session = form.Secret{}, "", store.Session{}
	}
	a := actBy(actPasswordChange, u, from)
	a.Note = "by a one-time link (" + l.Purpose + ")"
	save := s.Store.UpdateUser
	if l.Purpose == Setup {
		save, a.After = s.Store.CreateUser, recordOf(u)
	}
	err = s.do(ctx, a, func(ctx context.Context) error { return save(ctx, u) })
	s.forgetUser(u.ID)
	if err != nil {
		return SignedIn{}, s.redeemError(ctx, token, err)
	}
	s.throttle.welcome(who{string(u.Account), u.Email}, from.Address, s.now())
	if u.Version++; l.Purpose == Setup {
		u.Version = 1
	}
	u.With = store.With{}
	in.User = u
	return in, nil
}

// fill puts what was chosen into the user, or says everything that is wrong with it.
func (s *Service) fill(ctx context.Context, u *store.User, l store.Link, r Redemption) error {
	var errs form.Errors
	now := s.now()
	if l.Purpose == Setup {
		u.ID, u.Role, u.CreatedAt = event.NewID(), string(identity.RoleOwner), now
		var err error
		if u.Email, err = ParseEmail(r.Email); err != nil {
			errs.Add("email", "%s", err)
		} else if _, err := s.Store.UserByEmail(ctx, u.Account, u.Email); err == nil {
			errs.Add("email", "is taken")
		} else if !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("looking up the address: %w", err)
		}
	}
	if r.Name != "" || l.Purpose == Setup {
		if p := identity.NameProblem(r.Name); p != "" {
			errs.Add("name", "%s", p)
		}
		u.Name = r.Name
	}
	checkPassword(&errs, r.Password, u.Email, u.Name)
	u.UpdatedAt, u.PasswordChangedAt = now, now
	return errs.Err()
}

// redeemError tells a link that somebody else has used meanwhile from a user that changed.
func (s *Service) redeemError(ctx context.Context, token form.Secret, err error) error {
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		if _, _, again := s.findLink(ctx, token); again != nil {
			return again
		}
		return ErrConflict
	}
	return fmt.Errorf("setting the password: %w", err)
}
