package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// maxFallbackChain bounds how many integrations may follow each other as fallbacks. What came by fallback falls no further,
// so a long chain has no use.
const maxFallbackChain = 16

// FallbackError says that an integration is the fallback of others.
type FallbackError struct {
	Names []string // of those others
}

func (e *FallbackError) Error() string {
	return "it is the fallback of " + strings.Join(e.Names, ", ")
}

// fallbackText is the id of an integration's fallback; empty for none.
func fallbackText(i store.Integration) string {
	if i.Fallback.IsZero() {
		return ""
	}
	return i.Fallback.Text(event.PrefixIntegration)
}

func newFallbackError(others []store.Integration) *FallbackError {
	e := new(FallbackError)
	for _, o := range others {
		e.Names = append(e.Names, fmt.Sprintf("%q (%s)", o.Name, idText(o)))
	}
	return e
}

// applyFallback checks and takes over the id of a fallback; the empty one is none, and nil changes nothing.
func (s *Service) applyFallback(ctx context.Context, i *store.Integration, def connector.Definition, text *string) error {
	if text == nil {
		return nil
	}
	if *text == "" {
		i.Fallback = event.ID{}
		return nil
	}
	if def.Responds() {
		return form.Errors{{Message: "is of no use: " + noEvents(def.Kind)}}
	}
	id, err := event.ParseID(event.PrefixIntegration, *text)
	if err != nil {
		return form.Errors{{Message: err.Error()}}
	}
	if id == i.Fallback {
		return nil
	}
	if err := s.checkFallback(ctx, i, id); err != nil {
		return err
	}
	i.Fallback = id
	return nil
}

// checkFallback follows the chain of fallbacks: all must be there, and it must not lead back.
func (s *Service) checkFallback(ctx context.Context, i *store.Integration, id event.ID) error {
	wrong := func(format string, args ...any) error {
		return form.Errors{{Message: fmt.Sprintf(format, args...)}}
	}
	for at, n := id, 0; !at.IsZero(); n++ {
		if at == i.ID && n == 0 {
			return wrong("must be another integration")
		}
		if at == i.ID || n > maxFallbackChain {
			return wrong("would lead back to this integration")
		}
		next, err := s.Get(ctx, i.Account, at)
		switch {
		case errors.Is(err, ErrNotFound) && n == 0:
			return wrong("is no integration of this account")
		case errors.Is(err, ErrNotFound):
			return nil
		case err != nil:
			return err
		case s.Catalogue[next.Kind].Responds():
			return wrong("cannot take events: %s", noEvents(s.Catalogue[next.Kind].Kind))
		}
		at = next.Fallback
	}
	return nil
}

// fallsBackTo gives the integrations whose fallback an integration is.
func (s *Service) fallsBackTo(ctx context.Context, account event.Account, id event.ID) ([]store.Integration, error) {
	var found []store.Integration
	for after := ""; ; {
		list, next, err := s.Store.ListIntegrations(ctx, account, store.Page{After: after, Limit: store.MaxPage})
		if err != nil {
			return nil, fmt.Errorf("looking for integrations that fall back to it: %w", err)
		}
		for _, i := range list {
			if i.Fallback == id {
				found = append(found, i)
			}
		}
		if after = next; next == "" {
			return found, nil
		}
	}
}

// clearFallbacks takes a deleted integration out of those that fall back to it. The caller holds changes.
func (s *Service) clearFallbacks(ctx context.Context, list []store.Integration) error {
	for _, old := range list {
		i := old
		i.Fallback, i.UpdatedAt = event.ID{}, s.Now().UTC()
		err := s.recorded(ctx, actUpdate, old, i, "its fallback was deleted", func(ctx context.Context) error {
			return s.save(ctx, old, i)
		})
		if err != nil {
			return err
		}
		i.Version++
		if err := s.tellLanes(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// fallbackWarning says what is wrong with an integration's fallback; empty if nothing is.
func (s *Service) fallbackWarning(i store.Integration) string {
	if i.Fallback.IsZero() {
		return ""
	}
	to, err := s.Get(context.Background(), i.Account, i.Fallback)
	switch {
	case errors.Is(err, ErrNotFound):
		return "is gone: what ends in the mailbox stays there alone"
	case err != nil:
		return ""
	case !to.Enabled:
		return "is disabled: what ends in the mailbox stays there alone"
	case to.Held():
		return "is paused: what is handed to it waits"
	}
	return ""
}
