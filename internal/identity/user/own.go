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

// self finds the person behind a principal, in their own account; ErrNotUser for an API key.
func (s *Service) self(ctx context.Context, p identity.Principal) (store.User, error) {
	if p.Kind != act.KindUser || p.SessionID.IsZero() {
		return store.User{}, ErrNotUser
	}
	id, err := event.ParseID(event.PrefixUser, p.ID)
	if err != nil {
		return store.User{}, ErrNotUser
	}
	return s.Get(ctx, p.Home, id)
}

// Self gives the person behind a principal; ErrNotUser for an API key.
func (s *Service) Self(ctx context.Context, p identity.Principal) (store.User, error) {
	return s.self(ctx, p)
}

// SignOut ends the principal's session.
func (s *Service) SignOut(ctx context.Context, p identity.Principal) error {
	u, err := s.self(ctx, p)
	if err != nil {
		return err
	}
	a := actOn(actSignOut, u)
	return s.endSession(ctx, a, u, p.SessionID)
}

// Sessions gives a person's own sessions that can be used, newest first.
func (s *Service) Sessions(ctx context.Context, p identity.Principal) ([]store.Session, error) {
	u, err := s.self(ctx, p)
	if err != nil {
		return nil, err
	}
	now := s.now()
	list, err := s.Store.ListSessions(ctx, u.Account, u.ID, now)
	if err != nil {
		return nil, fmt.Errorf("listing sessions: %w", err)
	}
	kept := list[:0]
	for _, one := range list {
		if one.ID == p.SessionID || now.Sub(one.LastSeenAt) < s.Idle {
			kept = append(kept, one)
		}
	}
	return kept, nil
}

// RevokeSession ends one of a person's own sessions; ErrNotFound.
func (s *Service) RevokeSession(ctx context.Context, p identity.Principal, id event.ID) error {
	u, err := s.self(ctx, p)
	if err != nil {
		return err
	}
	a := actOn(actRevoke, u)
	a.Target = id.Text(event.PrefixSession)
	return s.endSession(ctx, a, u, id)
}

func (s *Service) endSession(ctx context.Context, a act.Act, u store.User, id event.ID) error {
	err := s.do(ctx, a, func(ctx context.Context) error { return s.Store.RevokeSession(ctx, u.Account, u.ID, id, s.now()) })
	s.forgetSession(id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("ending the session: %w", err)
	}
	return nil
}

// EndSessions ends every session of somebody and gives their number, for administrators and for the person ("sign out
// everywhere", which keeps the session that asks). Errors: ErrNotFound, ErrForbidden.
func (s *Service) EndSessions(ctx context.Context, by identity.Principal, account event.Account, id event.ID) (n int, err error) {
	u, err := s.Get(ctx, account, id)
	if err != nil {
		return 0, err
	}
	var keep event.ID
	if by.ID == textOf(u.ID) && by.Home == u.Account {
		keep = by.SessionID
	} else if err := s.allow(by, u, identity.Role(u.Role)); err != nil {
		return 0, err
	}
	a := actOn(actRevoke, u)
	a.Note = "all sessions"
	err = s.do(ctx, a, func(ctx context.Context) error {
		n, err = s.Store.RevokeSessions(ctx, u.Account, u.ID, keep, s.now())
		return err
	})
	s.forgetUser(u.ID)
	if err != nil {
		return 0, fmt.Errorf("ending the sessions: %w", err)
	}
	return n, nil
}

// ChangePassword sets a new password and ends every other session and every link of the person. Errors: ErrPassword,
// form.Errors (password), ErrConflict, *ThrottledError.
func (s *Service) ChangePassword(ctx context.Context, p identity.Principal, old, password form.Secret, from Client) error {
	u, err := s.self(ctx, p)
	if err != nil {
		return err
	}
	if err := s.reauthenticate(ctx, u, old, from); err != nil {
		return err
	}
	var errs form.Errors
	checkPassword(&errs, password, u.Email, u.Name)
	if composed(old.Reveal()) == composed(password.Reveal()) {
		errs.Add("password", "must be another one than before")
	}
	if err := errs.Err(); err != nil {
		return err
	}
	next := u
	if next.Password, err = s.hasher.hash(ctx, composed(password.Reveal())); err != nil {
		return err
	}
	next.PasswordChangedAt = s.now()
	next.With = store.With{EndLinks: true, EndSessions: true, KeepSession: p.SessionID}
	_, err = s.save(ctx, actOn(actPasswordChange, u), u, next)
	return err
}
