package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What a change would do.
const (
	effectAdd         = "add"
	effectNone        = "none"
	effectCovered     = "covered"
	effectUnsupported = "unsupported"
	effectUnknown     = "unknown"
)

// maxCallBody bounds the body of a Call (1 MiB).
const maxCallBody = 1 << 20

// Preview says what a change would do at a responder, with the exact call. The vendor is read, and nothing is changed.
// ErrNotFound. That the vendor cannot be asked is in the effect.
func (s *Service) Preview(ctx context.Context, account event.Account, integration event.ID, change connector.BlockChange) (Effect, error) {
	e := s.find(account, integration)
	if e == nil {
		return Effect{}, ErrNotFound
	}
	row := e.current()
	f := Effect{Integration: row.ID.Text(event.PrefixIntegration), Name: row.Name, Kind: row.Kind, Action: effectUnknown}
	if f.Detail = s.unusable(&row); f.Detail != "" {
		return f, nil
	}
	ctx, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	select {
	case s.previews <- struct{}{}:
		defer func() { <-s.previews }()
	case <-ctx.Done():
		return f, fmt.Errorf("waiting for other previews: %w", context.Cause(ctx))
	}
	b, err := s.Store.LoadResponder(ctx, account, integration)
	if err != nil {
		return f, fmt.Errorf("reading what a responder holds: %w", err)
	}
	if err := s.preview(ctx, row, newBook(b), change, &f); err != nil {
		f.Action, f.Detail = effectUnknown, sentence(err)
	}
	return f, nil
}

// preview uses an instance of its own: one is not used by two at once.
func (s *Service) preview(ctx context.Context, row store.Integration, k *book, change connector.BlockChange, f *Effect) error {
	inst, err := s.Opener.Open(ctx, row)
	if err != nil {
		return fmt.Errorf("the integration cannot be opened: %w", err)
	}
	defer shut(inst)
	blocker, ok := inst.(connector.Blocker)
	if !ok {
		return errors.New("the integration cannot block")
	}
	return guarded(func() error { return previewAt(ctx, blocker, k, change, f) })
}

func previewAt(ctx context.Context, blocker connector.Blocker, k *book, change connector.BlockChange, f *Effect) error {
	limits := blocker.BlockLimits()
	f.Capacity = limits.Capacity
	if why := limits.Takes(change.Prefix); why != "" {
		f.Action, f.Detail = effectUnsupported, why
		return nil
	}
	snapshot, err := blocker.Blocked(ctx)
	if err != nil {
		return fmt.Errorf("reading what the vendor holds: %w", err)
	}
	if f.Used = snapshot.Used; f.Used == 0 {
		f.Used = len(snapshot.Entries)
	}
	if snapshot.Capacity > 0 {
		f.Capacity = snapshot.Capacity
	}
	if limits.Unverifiable {
		f.Used = k.held()
	}
	f.Warnings = snapshot.Warnings
	if f.Action, f.Detail = foresee(k, limits, snapshot, change.Prefix); f.Action != effectAdd {
		return nil
	}
	used, capacity := f.Used, f.Capacity
	if most, ofFamily := limits.CapacityOf(change.Prefix); ofFamily {
		used, capacity = usedBy(snapshot, change.Prefix), most
	}
	if capacity > 0 && used >= capacity {
		f.Detail = full(used, capacity)
	}
	change.Reason = event.Clip(line(change.Reason), maxReason)
	exchange := &httpkit.Exchange{Full: true, DryRun: true}
	results, err := blocker.Change(httpkit.WithExchange(ctx, exchange), snapshot, []connector.BlockChange{change})
	if err == nil && len(results) == 1 {
		err = results[0].Err
	}
	if err != nil && !errors.Is(err, httpkit.ErrDryRun) {
		return fmt.Errorf("making the request: %w", err)
	}
	f.Call = callOf(exchange)
	return nil
}

// foresee says what an addition would come to.
func foresee(k *book, limits connector.BlockLimits, snapshot *connector.BlockSnapshot, prefix netip.Prefix) (action, detail string) {
	there := map[netip.Prefix]bool{}
	for i := range snapshot.Entries {
		e := &snapshot.Entries[i]
		if !e.Allows {
			there[e.Prefix] = true
		} else if e.Prefix == prefix {
			return effectUnsupported, causeAllows
		}
	}
	if limits.Unverifiable {
		for p, row := range k.ledger {
			there[p] = row.State == store.EntryHeld
		}
	}
	if there[prefix] {
		if row, ok := k.ledger[prefix]; ok && row.State != store.EntryForeign {
			return effectNone, "it holds it already"
		}
		return effectNone, causeBefore
	}
	for _, p := range k.placements {
		if p.Wanted && p.Target.Bits() < prefix.Bits() && p.Target.Contains(prefix.Addr()) && there[p.Target] {
			return effectCovered, "covered by the block of " + p.Target.String()
		}
	}
	return effectAdd, ""
}

// usedBy counts the entries of a prefix's family.
func usedBy(snapshot *connector.BlockSnapshot, p netip.Prefix) (n int) {
	for i := range snapshot.Entries {
		if snapshot.Entries[i].Prefix.Addr().Is4() == p.Addr().Is4() {
			n++
		}
	}
	return n
}

func callOf(x *httpkit.Exchange) *Call {
	if x.Method == "" {
		return nil
	}
	c := &Call{Method: x.Method, URL: x.URL, Headers: map[string]string{}, Body: event.Clip(string(x.RequestBody), maxCallBody)}
	for _, name := range slices.Sorted(maps.Keys(x.RequestHeader)) {
		c.Headers[http.CanonicalHeaderKey(name)] = strings.Join(x.RequestHeader[name], ", ")
	}
	return c
}
