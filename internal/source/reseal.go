package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

var _ seal.Resealer = (*Service)(nil)

// Reseal implements seal.Resealer over the secrets of all accounts' sources. Rows are changed one at a time, each only if
// it is still the one that was read, so that it can go on beside any other change.
func (s *Service) Reseal(ctx context.Context, reseal func(sealed []byte, aad seal.AAD) ([]byte, bool, error)) (n int, err error) {
	rows, err := s.Store.AllSources(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the sources: %w", err)
	}
	for i := range rows {
		k, err := s.resealRow(ctx, rows[i], reseal)
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (s *Service) resealRow(ctx context.Context, row store.Source, reseal func([]byte, seal.AAD) ([]byte, bool, error)) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	for try := 1; ; try++ {
		fresh, n, err := seal.ResealAll(row.Secrets, reseal, func(name string) seal.AAD { return aad(&row, name) })
		if err != nil || n == 0 {
			return 0, err
		}
		row.Secrets = fresh
		err = s.Store.UpdateSource(ctx, row)
		switch {
		case err == nil:
			row.Version++
			s.open.put(row) // it holds a copy of the row
			return n, nil
		case errors.Is(err, store.ErrNotFound):
			return 0, nil
		case !errors.Is(err, store.ErrConflict) || try == maxRetries:
			return 0, fmt.Errorf("storing the secrets of source %s: %w", idText(&row), err)
		}
		if row, err = s.get(ctx, row.Account, row.ID); errors.Is(err, ErrNotFound) {
			return 0, nil // deleted meanwhile, and its secrets with it
		} else if err != nil {
			return 0, err
		}
	}
}
