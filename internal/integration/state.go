package integration

import (
	"context"
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// maxReason bounds the reason of a disabling, in characters.
const maxReason = 300

// Enable lets an integration receive events again, from now on.
func (s *Service) Enable(ctx context.Context, account event.Account, id event.ID) (store.Integration, error) {
	return s.change(ctx, actEnable, account, id, 0, func(i store.Integration) (store.Integration, error) {
		return switched(i, true, ""), nil
	})
}

// Disable stops an integration: events are skipped and counted, what is parked is closed. The reason is empty when a
// person did it. The lanes may call it, but not from within Apply or Remove.
func (s *Service) Disable(ctx context.Context, account event.Account, id event.ID, reason string) (store.Integration, error) {
	return s.change(ctx, actDisable, account, id, 0, func(i store.Integration) (store.Integration, error) {
		return switched(i, false, reason), nil
	})
}

// Pause lets events wait until Resume.
func (s *Service) Pause(ctx context.Context, account event.Account, id event.ID) (store.Integration, error) {
	return s.setPaused(ctx, account, id, true)
}

// Resume lets what waits go out.
func (s *Service) Resume(ctx context.Context, account event.Account, id event.ID) (store.Integration, error) {
	return s.setPaused(ctx, account, id, false)
}

func (s *Service) setPaused(ctx context.Context, account event.Account, id event.ID, paused bool) (store.Integration, error) {
	action := actResume
	if paused {
		action = actPause
	}
	return s.change(ctx, action, account, id, 0, func(i store.Integration) (store.Integration, error) {
		i.Paused = paused
		return i, nil
	})
}

// switched turns an integration on or off. Turning on forgets why it was off.
func switched(i store.Integration, on bool, reason string) store.Integration {
	if r := []rune(strings.Join(strings.Fields(reason), " ")); len(r) > maxReason {
		reason = string(r[:maxReason]) + "…"
	} else {
		reason = string(r)
	}
	if on || reason != "" || i.Enabled {
		i.DisabledReason = reason
	}
	i.Enabled = on
	return i
}

// Delete ends an integration. Unless forced it refuses with a BacklogError while anything is undelivered. Its row stays
// for its history, without secrets. Integrations whose fallback it is lose it; that, too, wants force. So does a responder by
// which something is blocked: its entries stay at the vendor. Errors: ErrNotFound, ErrVersion, BacklogError, HeldError,
// FallbackError.
func (s *Service) Delete(ctx context.Context, account event.Account, id event.ID, version int64, force bool) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	i, err := s.Get(ctx, account, id)
	if err != nil {
		return err
	}
	if version > 0 && i.Version != version {
		return ErrVersion
	}
	waiting, parked := s.Lanes.Backlog(account, id)
	if waiting+parked > 0 && !force {
		return &BacklogError{Waiting: waiting, Parked: parked}
	}
	if err := s.checkHeld(ctx, i, force); err != nil {
		return err
	}
	others, err := s.fallsBackTo(ctx, account, id)
	if err != nil {
		return err
	}
	if len(others) > 0 && !force {
		return newFallbackError(others)
	}
	if err := s.clearFallbacks(ctx, others); err != nil {
		return err
	}
	old := i
	i.Enabled, i.Secrets, i.SecretsSet, i.Voided, i.Fallback = false, nil, nil, nil, event.ID{}
	i.DeletedAt = s.Now().UTC()
	i.UpdatedAt = i.DeletedAt
	i.Say = s.sayDeleted(i, waiting, parked)
	err = s.recorded(ctx, actDelete, old, i, "", func(ctx context.Context) error {
		if err := s.Store.UpdateIntegration(ctx, i); err != nil {
			return fmt.Errorf("deleting integration %s: %w", idText(i), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.Lanes.Remove(context.WithoutCancel(ctx), account, id); err != nil {
		return fmt.Errorf("removing the lane of integration %s: %w", id.Text(event.PrefixIntegration), err)
	}
	if f, ok := s.Sink.(interface {
		Forget(account event.Account, integration string)
	}); ok {
		f.Forget(account, id.Text(event.PrefixIntegration))
	}
	s.forget(context.WithoutCancel(ctx), account, id)
	return nil
}
