package respond

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// BlockAlert asks for a block of an address that a sensor observed in an alert. Target may be left out where the alert has
// exactly one observed address whose role is source, or exactly one at all; one that is given must be an observed one.
// Evidence is the alert. Errors as of Block; store.ErrNotFound for the alert.
func (s *Service) BlockAlert(ctx context.Context, account event.Account, alert event.ID, r Request) (Outcome, error) {
	a, err := s.deps.Evidences.Alert(ctx, account, alert)
	if err != nil {
		return Outcome{}, fmt.Errorf("reading the alert: %w", err)
	}
	if r.Target, err = observed(a.Entities, r.Target, "alert"); err != nil {
		return Outcome{}, err
	}
	r.Evidence.Alert = alert.Text(event.PrefixAlert)
	return s.Block(ctx, account, r)
}

// BlockEvent is BlockAlert for an event.
func (s *Service) BlockEvent(ctx context.Context, account event.Account, id event.ID, r Request) (Outcome, error) {
	record, err := s.deps.Evidences.Event(ctx, account, id)
	if err != nil {
		return Outcome{}, fmt.Errorf("reading the event: %w", err)
	}
	e, err := record.Event()
	if err != nil {
		return Outcome{}, fmt.Errorf("reading the event: %w", err)
	}
	if r.Target, err = observed(e.Entities, r.Target, "event"); err != nil {
		return Outcome{}, err
	}
	r.Evidence.Event = id.Text(event.PrefixEvent)
	return s.Block(ctx, account, r)
}

// The type and the role of entities that are looked at.
const (
	entityAddress = "ip"
	roleSource    = "source"
)

// maxCandidates bounds how many addresses an error names.
const maxCandidates = 10

// Observed gives the addresses that a sensor saw, the sources first, each once. What was parsed from text is none of them.
func Observed(entities []event.Entity) (sources, others []netip.Prefix) {
	seen := map[netip.Prefix]bool{}
	for _, wantSource := range []bool{true, false} {
		for _, e := range entities {
			if !e.Observed || e.Type != entityAddress || (e.Role == roleSource) != wantSource {
				continue
			}
			p, err := guard.ParseTarget(e.Value)
			if err != nil || !p.IsSingleIP() || seen[p] {
				continue
			}
			seen[p] = true
			if wantSource {
				sources = append(sources, p)
			} else {
				others = append(others, p)
			}
		}
	}
	return sources, others
}

// observed gives the target among what a sensor saw. The error is form.Errors.
func observed(entities []event.Entity, target, what string) (string, error) {
	wrong := func(format string, args ...any) (string, error) {
		var errs form.Errors
		errs.Add("target", format, args...)
		return "", errs
	}
	sources, others := Observed(entities)
	all := append(slices.Clone(sources), others...)
	if strings.TrimSpace(target) != "" {
		p, err := guard.ParseTarget(target)
		if err != nil {
			return wrong("%s", err)
		}
		if !slices.Contains(all, p) {
			return wrong("must be an address that a sensor has observed in the %s: %s", what, wordsOf(all))
		}
		return p.String(), nil
	}
	switch {
	case len(sources) == 1:
		return sources[0].String(), nil
	case len(all) == 1:
		return all[0].String(), nil
	case len(all) == 0:
		return wrong("cannot be found: no sensor has observed an address in the %s, and text alone never names one", what)
	}
	return wrong("is required: the %s has several observed addresses: %s", what, wordsOf(all))
}

// wordsOf names some addresses.
func wordsOf(list []netip.Prefix) string {
	if len(list) == 0 {
		return "there is none"
	}
	texts := make([]string, 0, maxCandidates)
	for _, p := range list[:min(len(list), maxCandidates)] {
		texts = append(texts, guard.Words(p))
	}
	text := strings.Join(texts, ", ")
	if n := len(list) - len(texts); n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// exists checks that what a request names as evidence is there. Errors: form.Errors, the store's.
func (s *Service) exists(ctx context.Context, account event.Account, w *wish) error {
	var errs form.Errors
	look := func(path, what string, err error) error {
		switch {
		case errors.Is(err, store.ErrNotFound):
			errs.Add(path, "there is no such %s in this account", what)
		case err != nil:
			return fmt.Errorf("looking up evidence: %w", err)
		}
		return nil
	}
	var failed []error
	if !w.alert.IsZero() {
		_, err := s.deps.Evidences.Alert(ctx, account, w.alert)
		failed = append(failed, look("evidence.alert", "alert", err))
	}
	if w.incident != 0 {
		failed = append(failed, look("evidence.incident", "incident", s.deps.Evidences.Incident(ctx, account, w.incident)))
	}
	if !w.event.IsZero() {
		_, err := s.deps.Evidences.Event(ctx, account, w.event)
		failed = append(failed, look("evidence.event", "event", err))
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return errs.Err()
}
