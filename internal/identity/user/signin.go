package user

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Credentials are what somebody signs in with.
type Credentials struct {
	Account  event.Account
	Email    string
	Password form.Secret
	Code     form.Secret // of the second factor, or a recovery code; empty at first
}

// SignedIn is a session at the one moment at which its token can be read.
type SignedIn struct {
	Token   form.Secret // for the cookie
	CSRF    string      // for X-CSRF-Token
	Session store.Session
	User    store.User
}

// SignIn begins a session.
//
// Its errors are ErrSignIn, ErrCodeNeeded, ErrCodeWrong and *ThrottledError; any other one means that something could
// not be asked or recorded. An unknown account or address, a person who is disabled or has chosen no password yet, and
// a wrong password give the same error after the same work.
func (s *Service) SignIn(ctx context.Context, c Credentials, from Client) (SignedIn, error) {
	email, err := ParseEmail(c.Email)
	open := err == nil && s.AccountOpen(c.Account)
	w := who{email: email}
	if open {
		w.account = string(c.Account)
	}
	t, err := s.throttle.begin(w, from.Address, s.now())
	if err != nil {
		s.counts.throttled.Add(1)
		return SignedIn{}, err
	}
	u, err := s.candidate(ctx, c.Account, email, open)
	if err != nil {
		t.forgiven()
		return SignedIn{}, err
	}
	in, err := s.signIn(ctx, u, c, from)
	switch {
	case err == nil:
		s.counts.signIns.Add(1)
		t.succeeded(s.now())
	case errors.Is(err, ErrSignIn), errors.Is(err, ErrCodeWrong):
		s.recordFailure(ctx, c.Account, email, u, from, err)
	default:
		t.forgiven()
	}
	return in, err
}

// candidate finds who may be meant; nobody (a zero user) without an error if there is none.
func (s *Service) candidate(ctx context.Context, account event.Account, email string, open bool) (store.User, error) {
	u, err := s.Store.UserByEmail(ctx, account, email) // also when it cannot be found: to take as long
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !open:
		return store.User{}, nil
	case err != nil:
		return store.User{}, fmt.Errorf("looking up the user: %w", err)
	}
	return u, nil
}

// maxRounds bounds how often a sign-in begins anew because the row changed under it.
const maxRounds = 4

func (s *Service) signIn(ctx context.Context, u store.User, c Credentials, from Client) (SignedIn, error) {
	right, outdated, err := s.passwordRight(ctx, u, c.Password)
	if err != nil {
		return SignedIn{}, err
	}
	if !right {
		return SignedIn{}, ErrSignIn
	}
	next, strong, err := s.second(u, c.Code)
	if err != nil {
		return SignedIn{}, err
	}
	if outdated {
		if hash, err := s.hasher.hash(ctx, composed(c.Password.Reveal())); err == nil { // else with the next sign-in
			next.Password = hash
		}
	}
	in, err := s.newSession(u, from, strong)
	if err != nil {
		return SignedIn{}, err
	}
	verified, rehashed := u.Password, next.Password
	err = s.do(ctx, actBy(actSignIn, u, from), func(ctx context.Context) error {
		for range maxRounds {
			next.LastLoginAt, next.UpdatedAt = in.Session.CreatedAt, in.Session.CreatedAt
			next.With = store.With{NewSession: &in.Session}
			err := s.Store.UpdateUser(ctx, next)
			if !errors.Is(err, store.ErrConflict) {
				return err
			}
			// Somebody changed the row: another sign-in, or an administrator. What was checked is checked again.
			if u, err = s.Store.GetUser(ctx, u.Account, u.ID); err != nil {
				return err
			}
			if !usable(u) || u.Password != verified {
				return ErrSignIn
			}
			if next, strong, err = s.second(u, c.Code); err != nil {
				return err
			}
			next.Password, in.Session.Strong = rehashed, strong
		}
		return ErrConflict
	})
	if err != nil {
		return SignedIn{}, fmt.Errorf("signing in: %w", err)
	}
	next.Version++
	next.With = store.With{}
	in.User = next
	return in, nil
}

// usable says whether a person may sign in with a password.
func usable(u store.User) bool { return !u.Disabled && u.DeletedAt.IsZero() && u.Password != "" }

// passwordRight compares, and takes as long when there is nothing to compare with.
func (s *Service) passwordRight(ctx context.Context, u store.User, password form.Secret) (right, outdated bool, err error) {
	text, stored := password.Reveal(), u.Password
	if len(text) > maxPasswordBytes {
		text, stored = "", ""
	}
	if !usable(u) {
		stored = ""
	}
	return s.hasher.verify(ctx, composed(text), stored)
}

// second checks the second factor, and gives the user as it is to be stored then: the code is used up.
func (s *Service) second(u store.User, code form.Secret) (next store.User, strong bool, err error) {
	if len(u.TOTP) == 0 {
		return u, false, nil
	}
	text := codeText(code.Reveal())
	if text == "" && code.IsZero() {
		return u, false, ErrCodeNeeded
	}
	switch len(text) {
	case totpDigits:
		secret, err := s.unsealTOTP(u.TOTP, place(u, fieldTOTP))
		if err != nil {
			return u, false, err
		}
		step, ok := totpCheck(secret, text, s.now(), u.TOTPStep)
		if !ok {
			return u, false, ErrCodeWrong
		}
		u.TOTPStep = step
	case recoveryChars:
		rest, ok := spend(u.Recovery, text)
		if !ok {
			return u, false, ErrCodeWrong
		}
		u.Recovery = rest
	default:
		return u, false, ErrCodeWrong
	}
	return u, true, nil
}

// The sealed fields of a user.
const (
	fieldTOTP = "totp"
	fieldNext = "totp_next"
)

// place binds a sealed value to its user and field.
func place(u store.User, field string) seal.AAD {
	return seal.AAD{Account: u.Account, Integration: u.ID, Field: field}
}

func (s *Service) unsealTOTP(sealed []byte, aad seal.AAD) ([]byte, error) {
	text, err := s.Sealer.Unseal(sealed, aad)
	if err != nil {
		return nil, fmt.Errorf("opening the second factor: %w", err)
	}
	secret, err := base32Plain.DecodeString(text.Reveal())
	if err != nil {
		return nil, errors.New("opening the second factor: it is not base32")
	}
	return secret, nil
}

// newSession makes a session that is not stored yet.
func (s *Service) newSession(u store.User, from Client, strong bool) (SignedIn, error) {
	token, hash, err := newToken(s.Rand, sessionPrefix)
	if err != nil {
		return SignedIn{}, err
	}
	now, from := s.now(), from.kept()
	return SignedIn{
		Token: token, CSRF: CSRF(token), User: u,
		Session: store.Session{
			ID: event.NewID(), Hash: hash, User: u.ID, Account: u.Account, Strong: strong, CreatedAt: now, LastSeenAt: now,
			ExpiresAt: now.Add(s.Longest), Address: from.Address, UserAgent: from.Agent,
		},
	}, nil
}

// reauthenticate asks a signed-in person for the password again, as slowly as signing in after wrong ones.
func (s *Service) reauthenticate(ctx context.Context, u store.User, password form.Secret, from Client) error {
	t, err := s.throttle.begin(who{string(u.Account), u.Email}, from.Address, s.now())
	if err != nil {
		s.counts.throttled.Add(1)
		return err
	}
	right, _, err := s.passwordRight(ctx, u, password)
	switch {
	case err != nil:
		t.forgiven()
		return err
	case !right:
		s.recordFailure(ctx, u.Account, u.Email, u, from, ErrPassword)
		return ErrPassword
	}
	t.succeeded(s.now())
	return nil
}
