package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// maxRetries bounds how often a change without a version is applied anew because another came first.
const maxRetries = 5

// Create makes a source from the object that a caller sent. Errors: form.Errors with every wrong field, ErrNameTaken,
// ErrFull, whatever the Recorder says.
func (s *Service) Create(ctx context.Context, account event.Account, raw json.RawMessage) (store.Source, error) {
	now := s.Now().UTC()
	src := store.Source{
		ID: event.NewID(), Account: account, Enabled: true, Version: 1, Auth: json.RawMessage(`{}`), CreatedAt: now, UpdatedAt: now,
	}
	defer s.Sealer.Hold()()
	src, err := s.apply(ctx, src, raw)
	if err != nil {
		return store.Source{}, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	if err := s.checkRoom(ctx, account); err != nil {
		return store.Source{}, err
	}
	err = s.recorded(ctx, actCreate, store.Source{Account: account}, src, func(ctx context.Context) error {
		err := s.Store.CreateSource(ctx, src)
		switch {
		case errors.Is(err, store.ErrConflict):
			return ErrNameTaken
		case err != nil:
			return fmt.Errorf("storing a new source: %w", err)
		}
		return nil
	})
	if err != nil {
		return store.Source{}, err
	}
	s.open.put(src)
	return src, nil
}

// checkRoom says whether an account may have one more.
func (s *Service) checkRoom(ctx context.Context, account event.Account) error {
	n, p := 0, store.Page{Limit: store.MaxPage}
	for {
		list, next, err := s.Store.ListSources(ctx, account, p)
		if err != nil {
			return fmt.Errorf("counting the sources: %w", err)
		}
		if n += len(list); n >= MaxSources {
			return ErrFull
		}
		if next == "" {
			return nil
		}
		p.After = next
	}
}

// Update applies a merge patch. With a version above 0 the change is refused with ErrVersion unless the source still has
// that version. Errors: as Create, and ErrNotFound.
func (s *Service) Update(ctx context.Context, account event.Account, id event.ID, version int64, raw json.RawMessage) (store.Source, error) {
	return s.change(ctx, actUpdate, account, id, version, func(src store.Source) (store.Source, error) { return s.apply(ctx, src, raw) })
}

// Rotate gives a source a new secret, which the caller is to give to the sender, and keeps the one of before beside it
// until it is removed. The new one cannot be read again. Errors: ErrNotFound, ErrVersion, ErrNotRotatable.
func (s *Service) Rotate(ctx context.Context, account event.Account, id event.ID, version int64) (store.Source, form.Secret, error) {
	var fresh form.Secret
	src, err := s.change(ctx, actRotate, account, id, version, func(src store.Source) (store.Source, error) {
		m := methodIn(src.Auth)
		if !m.hasSecret() || s.refers(&src) {
			return src, ErrNotRotatable
		}
		a, err := s.auth(&src)
		if err != nil {
			return src, err
		}
		fresh = newSecret(m.Name)
		patch, err := encode(map[string]any{"auth": map[string]string{fieldSecret: fresh.Reveal(), fieldPrevious: a.Secret.Reveal()}})
		if err != nil {
			return src, err
		}
		return s.apply(ctx, src, patch)
	})
	if err != nil {
		return store.Source{}, form.Secret{}, err
	}
	return src, fresh, nil
}

// change reads, changes, records and stores a source. With version 0 it begins again when another change came first.
func (s *Service) change(ctx context.Context, action string, account event.Account, id event.ID, version int64,
	edit func(store.Source) (store.Source, error)) (store.Source, error) {
	defer s.Sealer.Hold()()
	s.changes.Lock()
	defer s.changes.Unlock()
	for try := 1; ; try++ {
		old, err := s.get(ctx, account, id)
		if err != nil {
			return store.Source{}, err
		}
		if version > 0 && old.Version != version {
			return store.Source{}, ErrVersion
		}
		src, err := edit(old)
		if err != nil {
			return store.Source{}, err
		}
		src.UpdatedAt = s.Now().UTC()
		err = s.recorded(ctx, action, old, src, func(ctx context.Context) error {
			if err := s.Store.UpdateSource(ctx, src); err != nil {
				return fmt.Errorf("storing source %s: %w", idText(&src), err)
			}
			return nil
		})
		if err == nil {
			src.Version++
			s.open.put(src)
			s.open.addUnsaved(&src)
			return src, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return store.Source{}, err
		}
		// The store says conflict for a taken name and for a newer version (another process may share it).
		now, err := s.get(ctx, account, id)
		switch {
		case err != nil:
			return store.Source{}, err
		case now.Version == old.Version:
			return store.Source{}, ErrNameTaken
		case version > 0 || try == maxRetries:
			return store.Source{}, ErrVersion
		}
	}
}

// Delete ends a source and destroys its secrets. Errors: ErrNotFound, ErrVersion.
func (s *Service) Delete(ctx context.Context, account event.Account, id event.ID, version int64) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	src, err := s.get(ctx, account, id)
	if err != nil {
		return err
	}
	if version > 0 && src.Version != version {
		return ErrVersion
	}
	err = s.recorded(ctx, actDelete, src, store.Source{Account: account, ID: id}, func(ctx context.Context) error {
		if err := s.Store.DeleteSource(ctx, account, id, src.Version); err != nil {
			return fmt.Errorf("deleting source %s: %w", idText(&src), err)
		}
		return nil
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return ErrVersion
	case errors.Is(err, store.ErrNotFound):
		return ErrNotFound
	case err != nil:
		return err
	}
	s.open.remove(id)
	return nil
}
