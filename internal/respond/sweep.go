package respond

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// anything stands for all prefixes in sweep.
var anything netip.Prefix

// Addresses tells the hub's own addresses, and those of the configuration with their reasons, when they have changed since
// Open. Open blocks of what is protected by that are ended.
func (s *Service) Addresses(ctx context.Context, own []netip.Prefix, operator map[netip.Prefix]string) error {
	if err := s.claim(ctx); err != nil {
		return err
	}
	defer s.unclaim()
	list := fixed(own, operator)
	s.terms.Store(s.terms.Load().with(func(t *terms) { t.fixed = list }))
	_, err := s.sweep(ctx, s.accounts(), anything)
	s.report(err)
	return err
}

// sweep ends the open blocks of accounts that are protected now, those alone that overlap a prefix. It gives what it has
// ended, also with an error. Because it takes the book of each account, nobody decides by older terms once it is done.
func (s *Service) sweep(ctx context.Context, accounts []event.Account, near netip.Prefix) ([]store.Block, error) {
	var all []store.Block
	var failed []error
	for _, account := range accounts {
		list, err := s.sweepOne(context.WithoutCancel(ctx), account, near)
		all = append(all, list...)
		if err != nil {
			failed = append(failed, fmt.Errorf("account %s: %w", account, err))
		}
	}
	return all, errors.Join(failed...)
}

func (s *Service) sweepOne(ctx context.Context, account event.Account, near netip.Prefix) ([]store.Block, error) {
	b, err := s.hold(ctx, account)
	if err != nil {
		return nil, err
	}
	defer b.release()
	list := s.terms.Load().list(account, s.parents(account))
	open := b.all()
	if near != anything {
		open = b.overlapping(near)
	}
	causes := map[event.ID]string{}
	var found []*store.Block
	now := s.now()
	for _, o := range open {
		if over := list.Overlaps(o.Target, now); len(over) > 0 {
			e := over[len(over)-1]
			found = append(found, o)
			causes[o.ID] = event.Clip(fmt.Sprintf("%s is protected since %s: %s", guard.Words(e.Prefix), now.Format("2006-01-02"), e.Reason), maxCause)
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	var ended []store.Block
	what := act.Act{
		Account: account, Action: "block.remove", Target: fmt.Sprintf("%d blocks", len(found)), Note: "they are of addresses that are protected now",
		After: encode(map[string]any{"targets": targetsOf(found)}),
	}
	if len(found) == 1 {
		what.Target, what.After = found[0].ID.Text(event.PrefixBlock), encode(map[string]string{"target": guard.Words(found[0].Target)})
	}
	err = s.do(ctx, what, func(ctx context.Context) error {
		a := around{responders: s.deps.Responders.States(account)}
		ended, err = s.endAll(ctx, b, &a, found, func(o *store.Block) string { return causes[o.ID] }, s.actor(ctx))
		return err
	})
	return ended, err
}

// maxTargets bounds how many targets an act names.
const maxTargets = 100

func targetsOf(list []*store.Block) []string {
	texts := make([]string, 0, min(len(list), maxTargets))
	for _, b := range list[:min(len(list), maxTargets)] {
		texts = append(texts, b.Target.String())
	}
	return texts
}

// report logs that blocks of protected addresses are left; Run tries again.
func (s *Service) report(err error) {
	if err == nil {
		return
	}
	s.unswept.Store(true)
	s.deps.Log.Error("blocks of addresses that are protected now could not be ended; it is tried again", slog.Any("error", err))
	s.wakeUp()
}
