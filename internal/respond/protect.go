package respond

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// MaxProtected bounds the entries of an account's never-block list.
const MaxProtected = 10_000

// ProtectedList gives the account's own entries, or with all also what is protected otherwise: built in, the operator's,
// those of the accounts above. The second list are the own entries as they are stored, the newest first.
func (s *Service) ProtectedList(ctx context.Context, account event.Account, all bool) ([]guard.Protected, []store.Protected, error) {
	t := s.terms.Load()
	own := slices.Clone(t.entries[account])
	slices.SortFunc(own, func(a, b store.Protected) int { return cmp.Compare(string(b.ID[:]), string(a.ID[:])) })
	if !all {
		return listed(own), own, nil
	}
	a, err := s.lookAround(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	list := t.list(account, s.parents(account)).All()
	for _, p := range a.people {
		if p.Account == account { // an account below may ask about one address, and gets no list of those above
			list = append(list, p)
		}
	}
	if caller := callerOf(ctx); caller.IsValid() {
		list = append(list, callerEntry(caller))
	}
	return list, own, nil
}

// readProtected reads an entry. The error is form.Errors.
func (s *Service) readProtected(ctx context.Context, account event.Account, in ProtectedInput) (store.Protected, error) {
	var errs form.Errors
	now := s.now()
	row := store.Protected{ID: event.NewID(), Account: account, Version: 1, CreatedAt: now, UpdatedAt: now, Author: nameOf(s.actor(ctx))}
	var err error
	if row.Prefix, err = guard.ParseTarget(in.Target); err != nil {
		errs.Add("target", "%s", err)
	} else if row.Prefix.Bits() == 0 {
		errs.Add("target", "is everything: the kill switch is there for that")
	}
	row.Reason = readReason(&errs, in.Reason)
	if in.TTL != "" {
		row.ExpiresAt = readUntil(&errs, in.TTL, now)
	}
	return row, errs.Err()
}

func readReason(errs *form.Errors, text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		errs.Add("reason", "is required: it is shown with every refusal")
	}
	checkText(errs, "reason", text)
	return text
}

// readUntil reads a TTL that begins now; zero: for good.
func readUntil(errs *form.Errors, ttl string, now time.Time) time.Time {
	d, err := guard.ParseTTL(ttl)
	if err != nil {
		errs.Add("ttl", "%s", err)
	}
	if err != nil || d == 0 {
		return time.Time{}
	}
	return now.Add(d)
}

// Protect adds an entry and ends the open blocks that it touches, of the account and of those below, which it gives. With
// dryRun it only says which. form.Errors.
func (s *Service) Protect(ctx context.Context, account event.Account, in ProtectedInput, dryRun bool) (store.Protected, []store.Block, error) {
	row, err := s.readProtected(ctx, account, in)
	if err != nil {
		return store.Protected{}, nil, err
	}
	if err := s.claim(ctx); err != nil {
		return store.Protected{}, nil, err
	}
	defer s.unclaim()
	t := s.terms.Load()
	if err := room(t.entries[account], row.Prefix, s.now()); err != nil {
		return store.Protected{}, nil, err
	}
	if dryRun {
		touched, err := s.touched(ctx, account, row.Prefix)
		row.ID = event.ID{}
		return row, touched, err
	}
	var ended []store.Block
	a := act.Act{Account: account, Action: "never_block.create", Target: row.ID.Text(event.PrefixProtected), After: shownProtected(row)}
	err = s.do(ctx, a, func(ctx context.Context) error {
		if err := s.deps.Store.CreateProtected(context.WithoutCancel(ctx), row); err != nil {
			return fmt.Errorf("storing an entry of the never-block list: %w", err)
		}
		s.terms.Store(t.with(func(t *terms) { t.entries[account] = append(slices.Clone(t.entries[account]), row) }))
		ended, err = s.sweep(ctx, s.below(account), row.Prefix)
		s.report(err)
		return nil
	})
	if err != nil {
		return store.Protected{}, nil, err
	}
	return row, ended, nil
}

// room says whether an account may have one more entry. The error is form.Errors.
func room(entries []store.Protected, p netip.Prefix, now time.Time) error {
	if len(entries) >= MaxProtected {
		return form.Errors{{Message: fmt.Sprintf("the never-block list has %d entries: take some away first", MaxProtected)}}
	}
	for _, e := range entries {
		if e.Prefix == p && (e.ExpiresAt.IsZero() || e.ExpiresAt.After(now)) {
			return form.Errors{{Path: "target", Message: "is on the list already: " + e.ID.Text(event.PrefixProtected)}}
		}
	}
	return nil
}

// touched are the open blocks of an account, and of those below, that a prefix overlaps.
func (s *Service) touched(ctx context.Context, account event.Account, p netip.Prefix) ([]store.Block, error) {
	var list []store.Block
	for _, of := range s.below(account) {
		b, err := s.hold(ctx, of)
		if err != nil {
			return nil, err
		}
		for _, o := range b.overlapping(p) {
			list = append(list, *o)
		}
		b.release()
	}
	return list, nil
}

// ChangeProtected changes reason or TTL (from now on; "permanent" for good); empty leaves it. ErrNoProtect, ErrVersion,
// form.Errors.
func (s *Service) ChangeProtected(ctx context.Context, account event.Account, id event.ID, version int64, reason, ttl string) (store.Protected, error) {
	if err := s.claim(ctx); err != nil {
		return store.Protected{}, err
	}
	defer s.unclaim()
	t := s.terms.Load()
	old, err := t.entry(account, id)
	if err != nil {
		return store.Protected{}, err
	}
	if version > 0 && version != old.Version {
		return store.Protected{}, ErrVersion
	}
	row, err := amended(old, reason, ttl, s.now())
	if err != nil {
		return store.Protected{}, err
	}
	a := act.Act{Account: account, Action: "never_block.update", Target: id.Text(event.PrefixProtected), Before: shownProtected(old), After: shownProtected(row)}
	err = s.do(ctx, a, func(ctx context.Context) error {
		if err := protectWorded(s.deps.Store.UpdateProtected(context.WithoutCancel(ctx), row)); err != nil {
			return err
		}
		row.Version++
		s.terms.Store(t.with(func(t *terms) {
			list := slices.Clone(t.entries[account])
			list[slices.IndexFunc(list, func(e store.Protected) bool { return e.ID == id })] = row
			t.entries[account] = list
		}))
		_, err := s.sweep(ctx, s.below(account), row.Prefix) // it may have been over
		s.report(err)
		return nil
	})
	return row, err
}

// amended is an entry with another reason or TTL. The error is form.Errors.
func amended(row store.Protected, reason, ttl string, now time.Time) (store.Protected, error) {
	var errs form.Errors
	if reason == "" && ttl == "" {
		errs.Add("", "must change reason or ttl")
	}
	if reason != "" {
		row.Reason = readReason(&errs, reason)
	}
	if ttl != "" {
		row.ExpiresAt = readUntil(&errs, ttl, now)
	}
	row.UpdatedAt = now
	return row, errs.Err()
}

// entry finds an account's own entry. ErrNoProtect.
func (t *terms) entry(account event.Account, id event.ID) (store.Protected, error) {
	for _, e := range t.entries[account] {
		if e.ID == id {
			return e, nil
		}
	}
	return store.Protected{}, ErrNoProtect
}

// GetProtected gives one. ErrNoProtect.
func (s *Service) GetProtected(_ context.Context, account event.Account, id event.ID) (store.Protected, error) {
	return s.terms.Load().entry(account, id)
}

// Unprotect takes an entry away. ErrNoProtect.
func (s *Service) Unprotect(ctx context.Context, account event.Account, id event.ID) error {
	if err := s.claim(ctx); err != nil {
		return err
	}
	defer s.unclaim()
	t := s.terms.Load()
	old, err := t.entry(account, id)
	if err != nil {
		return err
	}
	a := act.Act{Account: account, Action: "never_block.delete", Target: id.Text(event.PrefixProtected), Before: shownProtected(old)}
	return s.do(ctx, a, func(ctx context.Context) error { return s.dropProtected(ctx, t, account, id) })
}

func (s *Service) dropProtected(ctx context.Context, t *terms, account event.Account, id event.ID) error {
	if err := protectWorded(s.deps.Store.DeleteProtected(context.WithoutCancel(ctx), account, id)); err != nil {
		return err
	}
	s.terms.Store(t.with(func(t *terms) {
		t.entries[account] = slices.DeleteFunc(slices.Clone(t.entries[account]), func(e store.Protected) bool { return e.ID == id })
	}))
	return nil
}

// protectWorded turns the store's error into one that a caller understands.
func protectWorded(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ErrNoProtect
	case errors.Is(err, store.ErrConflict):
		return ErrVersion
	case err != nil:
		return fmt.Errorf("storing an entry of the never-block list: %w", err)
	}
	return nil
}

// shownProtected is an entry as the audit record shows it.
func shownProtected(row store.Protected) []byte {
	v := map[string]any{"target": row.Prefix.String(), "reason": row.Reason}
	if !row.ExpiresAt.IsZero() {
		v["expires_at"] = row.ExpiresAt.Format(time.RFC3339)
	}
	return encode(v)
}
