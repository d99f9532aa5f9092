package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/api"
	"github.com/tocsin-hub/tocsin/internal/callback"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// openCallbacks opens the room of vendors' calls. Alerts and incidents are changed through the two functions; room gives
// where blocks are asked for, when the hub is open; nil: nowhere.
func (h *hub) openCallbacks(alerts changeAlert, incidents changeIncident, room func() blockRoom) {
	d := callback.Deps{
		Opener: h.integrations, Cases: cases{alerts, incidents}, People: people{h.store}, Catalogue: h.catalogue,
		Recorder: h.trust.audit, AccountOpen: h.trust.accounts.IsOpen, Log: h.log,
	}
	if room != nil {
		d.Blocks = blocks{room}
	}
	h.callbacks = callback.New(d)
	h.closers = append(h.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		return h.callbacks.Stop(ctx)
	})
}

// calls takes vendors' calls while the hub serves.
type calls struct {
	*callback.Service
	h *hub
}

var _ api.Callbacks = calls{}

// Receive implements api.Callbacks.
func (c calls) Receive(ctx context.Context, kind, id string, call connector.Call) callback.Answer {
	if !c.h.serving.Load() {
		return callback.Answer{Status: http.StatusServiceUnavailable, Detail: errNotServing.Error(), RetryAfter: time.Second}
	}
	return c.Service.Receive(ctx, kind, id, call)
}

// followers are the rooms that hear of changed integrations: deliveries, the calls of vendors, and blocks.
type followers struct{ h *hub }

var _ integration.Lanes = followers{}

// Apply implements integration.Lanes.
func (f followers) Apply(ctx context.Context, i store.Integration) error {
	f.h.callbacks.Apply(i)
	f.h.reconcile.Apply(i)
	return f.h.deliver.Apply(ctx, i)
}

// Remove implements integration.Lanes.
func (f followers) Remove(ctx context.Context, account event.Account, id event.ID) error {
	f.h.callbacks.Remove(id)
	return errors.Join(f.h.reconcile.Remove(ctx, account, id), f.h.deliver.Remove(ctx, account, id))
}

// Backlog implements integration.Lanes.
func (f followers) Backlog(account event.Account, id event.ID) (waiting, parked uint64) {
	return f.h.deliver.Backlog(account, id)
}

// change is a wish as the rooms of alerts and incidents take it.
type change struct {
	ID       string
	Verb     connector.Verb
	Text     string
	Assignee string
	Severity event.Severity
	By       string
	Via      string
	Origin   string
	Hops     uint8
	At       time.Time
}

// changeAlert and changeIncident do a change, and give the event that tells of it; nil if nothing changed.
type (
	changeAlert    func(ctx context.Context, account event.Account, alert event.ID, c change) (*event.Record, error)
	changeIncident func(ctx context.Context, account event.Account, number int64, c change) (*event.Record, error)
)

// cases does to alerts and incidents what vendors' calls ask for.
type cases struct {
	alert    changeAlert
	incident changeIncident
}

// Apply implements callback.Cases.
func (c cases) Apply(ctx context.Context, account event.Account, integration event.ID, w connector.Wish, by string) (*event.Record, error) {
	assignee, err := assigneeOf(w)
	if err != nil {
		return nil, err
	}
	origin := integration.Text(event.PrefixIntegration)
	x := change{
		Verb: w.Verb, Text: w.Text, Assignee: assignee, Severity: w.Severity, By: by, Via: origin, Origin: origin, Hops: 1, At: w.At,
	}
	if w.ID != "" {
		x.ID = origin + "/" + string(w.Verb) + "/" + w.ID
	}
	if number := event.IncidentNumber(w.Incident); number > 0 {
		r, err := c.incident(ctx, account, number, x)
		return r, refusedCase(err, "incident")
	}
	r, err := c.alert(ctx, account, w.Alert, x)
	return r, refusedCase(err, "alert")
}

// assigneeOf is the address of whoever something is assigned to; empty: nobody.
func assigneeOf(w connector.Wish) (string, error) {
	if w.Verb != connector.Assign || w.Assignee == (connector.Person{}) {
		return "", nil
	}
	if w.Assignee.Email == "" {
		return "", callback.Refuse("it is assigned to somebody whose e-mail address is not known, so nobody knows which user that is")
	}
	email, err := user.ParseEmail(w.Assignee.Email)
	if err != nil {
		return "", callback.Refuse("the assignee's e-mail address " + err.Error())
	}
	return email, nil
}

// refusedCase tells what will never work from what may work later.
func refusedCase(err error, what string) error {
	if err == nil {
		return nil
	}
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, incident.ErrNotFound):
		return callback.Refuse("there is no such " + what)
	case errors.Is(err, incident.ErrClosed), errors.Is(err, incident.ErrTooMany):
		return callback.Refuse(err.Error())
	}
	if _, ok := form.AsErrors(err); ok || errors.Is(err, act.ErrRefused) {
		return callback.Refuse(err.Error())
	}
	return fmt.Errorf("changing an %s: %w", what, err)
}

// people finds the users that act at vendors.
type people struct{ users store.Users }

// Person implements callback.People.
func (p people) Person(ctx context.Context, account event.Account, email string) (callback.Person, error) {
	email, err := user.ParseEmail(email)
	if err != nil {
		return callback.Person{}, callback.ErrNobody
	}
	u, err := p.users.UserByEmail(ctx, account, email)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && (u.Disabled || u.Password == ""): // invited, and has not come yet
		return callback.Person{}, callback.ErrNobody
	case err != nil:
		return callback.Person{}, fmt.Errorf("reading a user: %w", err)
	}
	scopes := identity.Role(u.Role).Scopes()
	return callback.Person{
		Actor: act.Actor{Kind: act.KindUser, ID: u.ID.Text(event.PrefixUser), Name: u.Email, Account: account}, Email: u.Email,
		Alerts: scopes.Can(identity.AlertsWrite), Incidents: scopes.Can(identity.IncidentsWrite),
		Blocks: scopes.Can(identity.BlocksWrite), Approves: scopes.Can(identity.BlocksApprove),
	}, nil
}
