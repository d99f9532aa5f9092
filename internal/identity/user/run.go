package user

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Rhythm of Run.
const (
	flushEvery = 15 * time.Second // last uses are written down
	pruneEvery = time.Minute      // one bite of ended sessions and links goes
	pruneBite  = 500              // rows
	// keepEnded is how long a session or link that ended stays in the store.
	keepEnded = 7 * 24 * time.Hour
	// lastFlush bounds what is written down when Run ends.
	lastFlush = 5 * time.Second
)

// Run writes down last uses and forgets what ended long ago, until ctx is done.
func (s *Service) Run(ctx context.Context) {
	flush, prune := time.NewTicker(flushEvery), time.NewTicker(pruneEvery)
	defer flush.Stop()
	defer prune.Stop()
	for {
		select {
		case <-flush.C:
			s.flush(ctx)
		case <-prune.C:
			s.prune(ctx)
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
			defer cancel()
			s.flush(ctx)
			return
		}
	}
}

// flush writes down the last uses. What cannot be written is lost: a later use is noted again.
func (s *Service) flush(ctx context.Context) {
	var errs []error
	for id, at := range s.uses.take() {
		if err := s.Store.TouchSession(ctx, id, at); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		s.Log.WarnContext(ctx, "the last use of sessions was not written down", slog.Int("sessions", len(errs)), slog.Any("error", errs[0]))
	}
}

// prune takes one bite.
func (s *Service) prune(ctx context.Context) {
	before := s.now().Add(-keepEnded)
	_, err1 := s.Store.PruneSessions(ctx, before, pruneBite)
	_, err2 := s.Store.PruneLinks(ctx, before, pruneBite)
	if err := errors.Join(err1, err2); err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "ended sessions and links were not deleted", slog.Any("error", err))
	}
}

var _ seal.Resealer = (*Service)(nil)

// Reseal implements seal.Resealer for the secrets of second factors.
func (s *Service) Reseal(ctx context.Context, reseal func(sealed []byte, aad seal.AAD) ([]byte, bool, error)) (n int, err error) {
	for after := (event.ID{}); ; {
		list, err := s.Store.SealedUsers(ctx, after, store.MaxPage)
		if err != nil {
			return n, fmt.Errorf("reading users: %w", err)
		}
		if len(list) == 0 {
			return n, nil
		}
		for _, u := range list {
			more, err := s.resealUser(ctx, u, reseal)
			n += more
			if err != nil {
				return n, err
			}
			after = u.ID
		}
	}
}

// resealUser seals one person's secrets anew, and once more when the row changed meanwhile.
func (s *Service) resealUser(ctx context.Context, u store.User, reseal func([]byte, seal.AAD) ([]byte, bool, error)) (int, error) {
	for {
		n := 0
		for field, sealed := range map[string]*[]byte{fieldTOTP: &u.TOTP, fieldNext: &u.TOTPNext} {
			if len(*sealed) == 0 {
				continue
			}
			fresh, changed, err := reseal(*sealed, place(u, field))
			if err != nil {
				return 0, err
			}
			if changed {
				*sealed = fresh
				n++
			}
		}
		if n == 0 {
			return 0, nil
		}
		err := s.Store.UpdateUser(ctx, u)
		if !errors.Is(err, store.ErrConflict) {
			if err != nil {
				return 0, fmt.Errorf("storing the second factor of user %s: %w", textOf(u.ID), err)
			}
			return n, nil
		}
		if u, err = s.Store.GetUser(ctx, u.Account, u.ID); err != nil {
			return 0, fmt.Errorf("reading user %s: %w", textOf(u.ID), err)
		}
	}
}
