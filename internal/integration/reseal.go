package integration

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

var _ seal.Resealer = (*Service)(nil)

// Reseal implements seal.Resealer over the secrets of all accounts' integrations. Rows are changed one at a time, each
// only if it is still the one that was read, so that it can go on beside any other change.
func (s *Service) Reseal(ctx context.Context, reseal func(sealed []byte, aad seal.AAD) ([]byte, bool, error)) (n int, err error) {
	rows, err := s.Store.AllIntegrations(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the integrations: %w", err)
	}
	for _, row := range rows {
		k, err := s.resealRow(ctx, row, reseal)
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (s *Service) resealRow(ctx context.Context, row store.Integration, reseal func([]byte, seal.AAD) ([]byte, bool, error)) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	for try := 1; ; try++ {
		fresh, n, err := seal.ResealAll(row.Secrets, reseal, func(path string) seal.AAD { return aad(row, path) })
		if err != nil || n == 0 {
			return 0, err
		}
		row.Secrets = fresh
		err = s.Store.UpdateIntegration(ctx, row)
		switch {
		case err == nil:
			row.Version++
			return n, s.tellLanes(ctx, row) // they hold a copy of the row
		case errors.Is(err, store.ErrNotFound):
			return 0, nil
		case !errors.Is(err, store.ErrConflict) || try == maxRetries:
			return 0, fmt.Errorf("storing the secrets of integration %s: %w", idText(row), err)
		}
		if row, err = s.Get(ctx, row.Account, row.ID); errors.Is(err, ErrNotFound) {
			return 0, nil // deleted meanwhile, and its secrets with it
		} else if err != nil {
			return 0, err
		}
	}
}
