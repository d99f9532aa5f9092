package user

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Get finds somebody who exists; ErrNotFound.
func (s *Service) Get(ctx context.Context, account event.Account, id event.ID) (store.User, error) {
	u, err := s.Store.GetUser(ctx, account, id)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !u.DeletedAt.IsZero():
		return store.User{}, ErrNotFound
	case err != nil:
		return store.User{}, fmt.Errorf("reading user %s: %w", textOf(id), err)
	}
	return u, nil
}

// MaxSearchBytes bounds what is searched for.
const MaxSearchBytes = 200

// List gives the people of an account by address; search, if not empty, must be part of the address or name.
func (s *Service) List(ctx context.Context, account event.Account, search string, p store.Page) (list []store.User, next string, err error) {
	if len(search) > MaxSearchBytes {
		var errs form.Errors
		errs.Add("search", "must be at most %d bytes", MaxSearchBytes)
		return nil, "", errs
	}
	list, next, err = s.Store.ListUsers(ctx, account, search, p)
	if err != nil {
		return nil, "", fmt.Errorf("listing users: %w", err)
	}
	return list, next, nil
}

// Invitation is a wish for somebody new.
type Invitation struct {
	Email string
	Name  string // may be empty: the person may choose it
	Role  identity.Role
}

// Invite makes somebody who cannot sign in before they have chosen a password by the link. Errors: form.Errors (email,
// name, role), ErrForbidden.
func (s *Service) Invite(ctx context.Context, by identity.Principal, account event.Account, in Invitation) (store.User, Ticket, error) {
	var errs form.Errors
	email, err := ParseEmail(in.Email)
	if err != nil {
		errs.Add("email", "%s", err)
	}
	checkName(&errs, in.Name)
	checkRole(&errs, in.Role)
	if err := errs.Err(); err != nil {
		return store.User{}, Ticket{}, err
	}
	if err := s.allowInvite(ctx, by, account, in.Role); err != nil {
		return store.User{}, Ticket{}, err
	}
	now := s.now()
	u := store.User{
		ID: event.NewID(), Account: account, Email: email, Name: in.Name, Role: string(in.Role), Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	t, link, err := s.newTicket(account, u.ID, Invite)
	if err != nil {
		return store.User{}, Ticket{}, err
	}
	u.With.NewLink = &link
	a := actOn(actInvite, u)
	a.After = recordOf(u)
	err = s.do(ctx, a, func(ctx context.Context) error { return s.Store.CreateUser(ctx, u) })
	u.With = store.With{}
	switch {
	case errors.Is(err, store.ErrConflict):
		errs.Add("email", "is taken")
		return store.User{}, Ticket{}, errs
	case err != nil:
		return store.User{}, Ticket{}, fmt.Errorf("inviting: %w", err)
	}
	return u, t, nil
}

func (s *Service) allowInvite(ctx context.Context, by identity.Principal, account event.Account, role identity.Role) error {
	owners, err := s.Store.CountOwners(ctx, account)
	if err != nil {
		return fmt.Errorf("counting the owners: %w", err)
	}
	if by.Account != account || !mayInvite(by, role, owners) {
		return ErrForbidden
	}
	return nil
}

func checkName(errs *form.Errors, name string) {
	if name == "" {
		return
	}
	if p := identity.NameProblem(name); p != "" {
		errs.Add("name", "%s", p)
	}
}

func checkRole(errs *form.Errors, role identity.Role) {
	if !role.Valid() {
		errs.Add("role", "must be viewer, analyst, responder, admin or owner")
	}
}

// ResetLink makes a link by which somebody chooses a new password, or, who never chose one, their first. The old
// password works until then. Errors: ErrNotFound, ErrForbidden.
func (s *Service) ResetLink(ctx context.Context, by identity.Principal, account event.Account, id event.ID) (Ticket, error) {
	u, err := s.Get(ctx, account, id)
	if err != nil {
		return Ticket{}, err
	}
	purpose := Reset
	if u.Password == "" {
		purpose = Invite
		err = s.allowInvite(ctx, by, account, identity.Role(u.Role))
	} else {
		err = s.allow(by, u, identity.Role(u.Role))
	}
	if err != nil {
		return Ticket{}, err
	}
	t, link, err := s.newTicket(account, id, purpose)
	if err != nil {
		return Ticket{}, err
	}
	a := actOn(actReset, u)
	a.Note = "a one-time link (" + purpose + ")"
	if err := s.do(ctx, a, func(ctx context.Context) error { return s.Store.CreateLink(ctx, link) }); err != nil {
		return Ticket{}, fmt.Errorf("making the link: %w", err)
	}
	return t, nil
}

// allow says whether a principal may change u so that it has the role.
func (s *Service) allow(by identity.Principal, u store.User, role identity.Role) error {
	if by.Account != u.Account || !mayChange(by, identity.Role(u.Role), role) {
		return ErrForbidden
	}
	return nil
}

// Patch is a change to somebody; nil leaves as it is.
type Patch struct {
	Name     *string
	Role     *identity.Role
	Disabled *bool
}

// Update changes somebody whose version is still the given one; 0 is any version. It takes effect at once in this
// process and within known.For in others; disabling ends every session and link. Errors: ErrNotFound, ErrConflict,
// form.Errors (name, role), ErrForbidden, ErrLastOwner.
func (s *Service) Update(ctx context.Context, by identity.Principal, account event.Account, id event.ID, version int64, p Patch) (store.User, error) {
	u, err := s.Get(ctx, account, id)
	if err != nil {
		return store.User{}, err
	}
	if version != 0 && version != u.Version {
		return store.User{}, ErrConflict
	}
	next, err := patched(u, p)
	if err != nil {
		return store.User{}, err
	}
	if err := s.allow(by, u, identity.Role(next.Role)); err != nil {
		return store.User{}, err
	}
	if next.Name == u.Name && next.Role == u.Role && next.Disabled == u.Disabled {
		return u, nil
	}
	if next.Disabled && !u.Disabled {
		next.With.EndSessions, next.With.EndLinks = true, true
	}
	a := actOn(actUpdate, u)
	a.Before, a.After = recordOf(u), recordOf(next)
	return s.save(ctx, a, u, next)
}

func patched(u store.User, p Patch) (store.User, error) {
	var errs form.Errors
	if p.Name != nil {
		checkName(&errs, *p.Name)
		u.Name = *p.Name
	}
	if p.Role != nil {
		checkRole(&errs, *p.Role)
		u.Role = string(*p.Role)
	}
	if p.Disabled != nil {
		u.Disabled = *p.Disabled
	}
	return u, errs.Err()
}

// Delete removes somebody: sessions and links end, the address is free again, and what they could sign in with is
// erased. The row stays, so that the audit record keeps its names. Errors as Update's.
func (s *Service) Delete(ctx context.Context, by identity.Principal, account event.Account, id event.ID) error {
	u, err := s.Get(ctx, account, id)
	if err != nil {
		return err
	}
	if err := s.allow(by, u, identity.Role(u.Role)); err != nil {
		return err
	}
	next := u
	next.DeletedAt, next.Password, next.TOTP, next.TOTPNext, next.Recovery = s.now(), "", nil, nil, nil
	next.With = store.With{EndSessions: true, EndLinks: true}
	a := actOn(actDelete, u)
	a.Before = recordOf(u)
	_, err = s.save(ctx, a, u, next)
	return err
}

// save stores next in u's place: recorded, never without an owner, and forgotten by the cache.
func (s *Service) save(ctx context.Context, a act.Act, u, next store.User) (store.User, error) {
	next.UpdatedAt = s.now()
	next.With.KeepOwner = ownerWhoSignsIn(u) && !ownerWhoSignsIn(next)
	err := s.do(ctx, a, func(ctx context.Context) error {
		err := s.Store.UpdateUser(ctx, next)
		if errors.Is(err, store.ErrLastOwner) {
			return fmt.Errorf("%w: %w", act.ErrRefused, err)
		}
		return err
	})
	s.forgetUser(u.ID)
	switch {
	case errors.Is(err, store.ErrLastOwner):
		return store.User{}, ErrLastOwner
	case errors.Is(err, store.ErrConflict):
		return store.User{}, ErrConflict
	case errors.Is(err, store.ErrNotFound):
		return store.User{}, ErrNotFound
	case err != nil:
		return store.User{}, fmt.Errorf("changing user %s: %w", textOf(u.ID), err)
	}
	next.Version++
	next.With = store.With{}
	return next, nil
}

func ownerWhoSignsIn(u store.User) bool {
	return usable(u) && identity.Role(u.Role) == identity.RoleOwner
}
