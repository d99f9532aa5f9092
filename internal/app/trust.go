package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/backup"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/account"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
	"github.com/tocsin-hub/tocsin/internal/identity/plan"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// trust is who may do what, and the record of who did.
type trust struct {
	audit    *audit.Log
	accounts *account.Service
	matrix   *plan.Matrix
	plans    *plan.Service
	keys     *identity.Service
	users    *user.Service
	gate     *gate.Gate
}

// openRecord opens the audit record and the tree of accounts.
func (h *hub) openRecord(ctx context.Context) (err error) {
	h.trust.audit, err = audit.New(ctx, audit.Deps{
		Store: h.store, Log: h.log, MaxAge: h.cfg.Audit.MaxAge, Forward: h.cfg.Audit.Forward, Said: h.announce.Wake,
	})
	if err != nil {
		return fmt.Errorf("opening the audit record: %w", err)
	}
	h.closers = append(h.closers, h.trust.audit.Close)
	if err := h.recordRestore(ctx); err != nil {
		return err
	}
	if h.trust.matrix, err = readPlans(h.cfg.Plans.File); err != nil {
		return err
	}
	h.trust.accounts, err = account.Open(ctx, account.Deps{
		Store: h.store, Recorder: h.trust.audit, Log: h.log, Plans: h.trust.matrix.Known,
		OnChange: func(ctx context.Context) error { return h.deliver.TreeChanged(ctx) },
	})
	if err != nil {
		return fmt.Errorf("reading the accounts: %w", err)
	}
	return nil
}

// metaRestoreSeen is the restore that the audit record knows of.
const metaRestoreSeen = "restore_recorded"

// recordRestore writes a restore down at the first start after it: whoever restored had no record to write into.
func (h *hub) recordRestore(ctx context.Context) error {
	at, err := h.store.GetMeta(ctx, backup.MetaRestoredAt)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for a restore: %w", err)
	}
	if seen, err := h.store.GetMeta(ctx, metaRestoreSeen); err == nil && seen == at {
		return nil
	}
	a := act.Act{
		Account: event.DefaultAccount, Actor: act.Actor{Kind: act.KindLocal, Name: "tocsin restore"}, Action: "backup.restore",
		Note: "this data directory was restored from a backup at " + at,
	}
	return act.Do(ctx, h.trust.audit, a, func(ctx context.Context) error { return h.store.SetMeta(ctx, metaRestoreSeen, at) })
}

// readPlans reads the operator's matrix of plans, or gives the built-in one.
func readPlans(path string) (*plan.Matrix, error) {
	if path == "" {
		return plan.Embedded(), nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("plans.file: %w", err)
	}
	m, err := plan.Load(text)
	if err != nil {
		return nil, fmt.Errorf("plans.file: %s: %w", path, err)
	}
	return m, nil
}

// openPlans opens what accounts may use. It needs the journal, which knows how much they did.
func (h *hub) openPlans(ctx context.Context) (err error) {
	h.trust.plans, err = plan.Open(ctx, plan.Deps{
		Matrix: h.trust.matrix, PlanOf: h.trust.accounts.Plan, Usage: h.store, Journalled: h.journal.Journalled, Log: h.log,
		Owner: h.trust.accounts.PlanOwner, Accounts: h.trust.accounts.Names,
		Category: func(kind string) string { return h.catalogue[kind].Kind.Category },
		OnOver:   h.sayOver,
	})
	return err
}

// openPeople opens keys, users and the gate, and makes sure that somebody can get in.
func (h *hub) openPeople(ctx context.Context) (err error) {
	ctx = act.With(ctx, act.System("start"))
	h.trust.keys = identity.New(identity.Deps{
		Keys: h.store, Recorder: h.trust.audit, AccountOpen: h.trust.accounts.IsOpen, RefuseTestKeys: h.cfg.Keys.RefuseTest, Log: h.log,
	})
	h.closers = append(h.closers, func() error { h.trust.keys.Close(); return nil })
	if h.madeKey, err = h.trust.keys.Bootstrap(ctx, h.cfg.AdminKey); err != nil {
		return fmt.Errorf("preparing the admin key: %w", err)
	}
	h.trust.users = user.New(user.Deps{
		Store: h.store, Sealer: h.sealer, Recorder: h.trust.audit, AccountOpen: h.trust.accounts.IsOpen,
		Idle: h.cfg.Sessions.Idle, Longest: h.cfg.Sessions.Longest, Log: h.log,
	})
	if h.owner, _, err = h.trust.users.SetupLink(ctx); err != nil {
		return fmt.Errorf("making the first owner's link: %w", err)
	}
	failures := h.cfg.Limits.FailuresPerMinute
	if failures == 0 {
		failures = -1 // the limiter's word for none
	}
	h.trust.gate = gate.New(gate.Deps{
		Keys: h.trust.keys, People: h.trust.users, Accounts: h.trust.accounts, Plans: h.trust.plans,
		AddressPerMinute: h.cfg.Limits.AddressPerMinute, FailuresPerMinute: failures,
		Refused: func(reason string) { h.metrics.refused.WithLabelValues(reason).Inc() },
	})
	return nil
}

// sayOver says once a month that an account has used up its plan.
func (h *hub) sayOver(ctx context.Context, name event.Account, p plan.Plan) error {
	now := time.Now().UTC()
	said, err := sayOver(name, p, now)
	if err != nil {
		return err
	}
	err = h.store.SaveTick(ctx, store.Tick{Say: []store.Said{said}})
	if err == nil {
		h.announce.Wake()
	}
	return err
}

// errNotServing is for requests that come before the start or after the end.
var errNotServing = errors.New("the hub is stopping")
