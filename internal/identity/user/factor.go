package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Enrolment is the secret of a second factor at the one moment at which it can be read.
type Enrolment struct {
	Secret form.Secret // base32, for typing
	URI    form.Secret // otpauth://…, for a QR code
}

// pendingFor is how long a second factor may take from its beginning to its first code.
const pendingFor = 15 * time.Minute

// BeginTOTP draws the secret of a second factor. It is not in force before ConfirmTOTP. Errors: ErrPassword,
// ErrFactorOn, ErrConflict, *ThrottledError.
func (s *Service) BeginTOTP(ctx context.Context, p identity.Principal, password form.Secret, from Client) (Enrolment, error) {
	u, err := s.self(ctx, p)
	if err != nil {
		return Enrolment{}, err
	}
	if err := s.reauthenticate(ctx, u, password, from); err != nil {
		return Enrolment{}, err
	}
	if len(u.TOTP) > 0 {
		return Enrolment{}, ErrFactorOn
	}
	secret, err := newTOTPSecret(s.Rand)
	if err != nil {
		return Enrolment{}, err
	}
	defer s.Sealer.Hold()()
	next := u
	next.TOTPNext, err = s.Sealer.Seal(pendingText(s.now(), secret), place(u, fieldNext))
	if err != nil {
		return Enrolment{}, fmt.Errorf("sealing the second factor: %w", err)
	}
	next.UpdatedAt = s.now()
	// Nothing is in force yet, so there is nothing to record.
	switch err := s.Store.UpdateUser(ctx, next); {
	case errors.Is(err, store.ErrConflict):
		return Enrolment{}, ErrConflict
	case err != nil:
		return Enrolment{}, fmt.Errorf("storing the second factor: %w", err)
	}
	return Enrolment{Secret: secret, URI: form.NewSecret(totpURI(s.Issuer, u.Email, secret.Reveal()))}, nil
}

// ConfirmTOTP puts a second factor in force by its first code, ends the person's other sessions, and gives the recovery
// codes, this once. Errors: ErrNoPending, ErrCodeWrong, ErrFactorOn, ErrConflict, *ThrottledError.
func (s *Service) ConfirmTOTP(ctx context.Context, p identity.Principal, code form.Secret, from Client) (recovery []form.Secret, err error) {
	u, err := s.self(ctx, p)
	if err != nil {
		return nil, err
	}
	if len(u.TOTP) > 0 {
		return nil, ErrFactorOn
	}
	t, err := s.throttle.begin(who{string(u.Account), u.Email}, from.Address, s.now())
	if err != nil {
		return nil, err
	}
	secret, step, err := s.firstCode(u, code)
	if errors.Is(err, ErrCodeWrong) {
		return nil, err
	}
	t.forgiven()
	if err != nil {
		return nil, err
	}
	defer s.Sealer.Hold()()
	next := u
	if next.TOTP, err = s.Sealer.Seal(secret, place(u, fieldTOTP)); err != nil {
		return nil, fmt.Errorf("sealing the second factor: %w", err)
	}
	if recovery, next.Recovery, err = newRecovery(s.Rand); err != nil {
		return nil, err
	}
	next.TOTPNext, next.TOTPStep = nil, step
	next.With = store.With{EndSessions: true, KeepSession: p.SessionID}
	if _, err := s.save(ctx, actOn(actTOTPEnable, u), u, next); err != nil {
		return nil, err
	}
	return recovery, nil
}

// DisableTOTP takes the second factor away and ends the person's other sessions. Errors: ErrPassword, ErrCodeNeeded,
// ErrCodeWrong, ErrFactorOff, ErrConflict, *ThrottledError.
func (s *Service) DisableTOTP(ctx context.Context, p identity.Principal, password, code form.Secret, from Client) error {
	u, err := s.self(ctx, p)
	if err != nil {
		return err
	}
	if len(u.TOTP) == 0 {
		return ErrFactorOff
	}
	t, err := s.throttle.begin(who{string(u.Account), u.Email}, from.Address, s.now())
	if err != nil {
		return err
	}
	right, _, err := s.passwordRight(ctx, u, password)
	if err == nil && !right {
		err = ErrPassword
	}
	if err == nil {
		_, _, err = s.second(u, code)
	}
	switch {
	case errors.Is(err, ErrPassword), errors.Is(err, ErrCodeWrong):
		s.recordFailure(ctx, u.Account, u.Email, u, from, err)
		return err
	case err != nil:
		t.forgiven()
		return err
	}
	t.succeeded(s.now())
	_, err = s.save(ctx, actOn(actTOTPDisable, u), u, withoutTOTP(u, p.SessionID))
	return err
}

// ResetTOTP takes somebody's second factor away, for an administrator, and ends their sessions. Errors: ErrNotFound,
// ErrForbidden, ErrFactorOff, ErrConflict.
func (s *Service) ResetTOTP(ctx context.Context, by identity.Principal, account event.Account, id event.ID) error {
	u, err := s.Get(ctx, account, id)
	if err != nil {
		return err
	}
	if err := s.allow(by, u, identity.Role(u.Role)); err != nil {
		return err
	}
	if len(u.TOTP) == 0 {
		return ErrFactorOff
	}
	a := actOn(actTOTPDisable, u)
	a.Note = "by an administrator"
	_, err = s.save(ctx, a, u, withoutTOTP(u, event.ID{}))
	return err
}

// withoutTOTP keeps the last step: a code that was used with an earlier secret stays used.
func withoutTOTP(u store.User, keep event.ID) store.User {
	u.TOTP, u.TOTPNext, u.Recovery = nil, nil, nil
	u.With = store.With{EndSessions: true, KeepSession: keep}
	return u
}
