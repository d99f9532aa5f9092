package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/respond/rule"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// openResponse opens what blocks addresses: what decides about it, and what makes it true at responders. Nothing runs yet.
func (h *hub) openResponse(ctx context.Context, cfg config.Config) (err error) {
	h.reconcile = reconcile.New(reconcile.Deps{
		Store: h.telling(), Opener: opener{h}, Catalogue: h.catalogue, AccountOpen: h.trust.accounts.IsOpen, Recorder: h.trust.audit,
		// The two rooms need each other; nothing of this one runs before the other is open.
		Policy:    func(account event.Account) guard.Policy { return h.respond.PolicyOf(account) },
		Protected: func(account event.Account, p netip.Prefix) (string, bool) { return h.respond.Protected(account, p) },
		Wake:      h.announce.Wake, PublicURL: cfg.PublicURL, Log: h.log,
	})
	h.respond, err = respond.Open(ctx, respond.Deps{
		Store: h.telling(), Responders: h.reconcile, Evidences: evidences{h}, Recorder: h.trust.audit, Wake: h.announce.Wake,
		Parents: h.trust.accounts.Parents, Principals: principals{h.store, h.trust.accounts.Parents, h.log}.of, Own: ownAddresses(cfg, h.log), Operator: cfg.Response.NeverBlock,
		Sessions: h.signedIn, PublicURL: cfg.PublicURL, Log: h.log,
	})
	if err != nil {
		return fmt.Errorf("reading the blocks: %w", err)
	}
	h.rules, err = rule.Open(ctx, rule.Deps{
		Store: h.store, Journal: h.journal, Blocks: h.respond, Recorder: h.trust.audit, AccountOpen: h.trust.accounts.IsOpen, Log: h.log,
	})
	return err
}

// evidences finds what blocks are asked for because of.
type evidences struct{ h *hub }

var _ respond.Evidences = evidences{}

// Alert implements respond.Evidences.
func (e evidences) Alert(ctx context.Context, account event.Account, id event.ID) (store.Alert, error) {
	return e.h.alerts.Get(ctx, account, id)
}

// Incident implements respond.Evidences.
func (e evidences) Incident(ctx context.Context, account event.Account, number int64) error {
	_, err := e.h.incidents.Get(ctx, account, number)
	if errors.Is(err, incident.ErrNotFound) {
		return store.ErrNotFound
	}
	return err
}

// Event implements respond.Evidences.
func (e evidences) Event(ctx context.Context, account event.Account, id event.ID) (*event.Record, error) {
	return e.h.deliver.Event(ctx, account, id)
}

// principals finds all ids that an actor acts with, so that nobody approves a request of their own with another key.
type principals struct {
	keys interface {
		GetKey(ctx context.Context, account event.Account, id event.ID) (store.Key, error)
	}
	// parents are the accounts above one, the nearest first: who acts from above makes keys below.
	parents func(event.Account) []event.Account
	log     *slog.Logger
}

// maxPrincipals bounds them.
const maxPrincipals = 50

// of gives the actor's own id, and of a key who made it and which keys it was rotated from, as far back as is known.
func (p principals) of(ctx context.Context, a act.Actor) []string {
	if a.ID == "" {
		return []string{a.Kind}
	}
	list, seen := []string{a.ID}, map[string]bool{a.ID: true}
	add := func(id string) {
		if id != "" && !seen[id] && len(list) < maxPrincipals {
			list, seen[id] = append(list, id), true
		}
	}
	for i := 0; i < len(list); i++ {
		id, err := event.ParseID(event.PrefixKey, list[i])
		if err != nil {
			continue // a person, who is the end of a chain
		}
		k, err := p.key(ctx, a.Account, id)
		if err != nil {
			if !errors.Is(err, store.ErrNotFound) {
				p.log.ErrorContext(ctx, "who made a key could not be found out", slog.String("key", list[i]), slog.Any("error", err))
			}
			continue
		}
		add(k.CreatedBy)
		if !k.Replaces.IsZero() {
			add(k.Replaces.Text(event.PrefixKey))
		}
	}
	return list
}

// key finds a key of an account, or of one above it. Its error is that of the last look.
func (p principals) key(ctx context.Context, account event.Account, id event.ID) (k store.Key, err error) {
	for _, of := range append([]event.Account{account}, p.parents(account)...) {
		if k, err = p.keys.GetKey(ctx, of, id); !errors.Is(err, store.ErrNotFound) {
			return k, err
		}
	}
	return k, err
}

// How far back, and at how many, sessions are looked at.
const (
	recentSessions = 24 * time.Hour
	maxSessions    = 1000
)

// signedIn gives the addresses that people of an account are signed in from, with their names. Those of the accounts above
// it are asked for by themselves.
func (h *hub) signedIn(ctx context.Context, account event.Account) (map[netip.Addr]string, error) {
	now, all := time.Now(), map[netip.Addr]string{}
	list, err := h.store.RecentSessions(ctx, account, now.Add(-recentSessions), now, maxSessions)
	if err != nil {
		return nil, fmt.Errorf("looking where people are signed in from: %w", err)
	}
	for _, s := range list {
		if address, err := netip.ParseAddr(s.Address); err == nil {
			all[address.Unmap().WithZone("")] = s.Email
		}
	}
	return all, nil
}

// ownAddresses are the hub's own, as far as it can know them: those of its interfaces that are public, those that it is
// configured to leave from or to be seen as, and the one of its public URL. Private ones are exempt anyway.
func ownAddresses(cfg config.Config, log *slog.Logger) []netip.Prefix {
	list := append([]netip.Prefix(nil), cfg.Egress.Addresses...)
	add := func(a netip.Addr) {
		if a = a.Unmap().WithZone(""); a.IsGlobalUnicast() && !a.IsPrivate() {
			list = append(list, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	for _, a := range cfg.Egress.Bind {
		add(a)
	}
	if u, err := url.Parse(cfg.PublicURL); err == nil {
		if a, err := netip.ParseAddr(u.Hostname()); err == nil {
			add(a)
		}
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		log.Warn("the addresses of this machine cannot be read: they are not exempt from blocks", slog.Any("error", err))
	}
	for _, i := range interfaces {
		if n, ok := i.(*net.IPNet); ok {
			if a, ok := netip.AddrFromSlice(n.IP); ok {
				add(a)
			}
		}
	}
	return list
}
