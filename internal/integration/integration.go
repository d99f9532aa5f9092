// Package integration is the life of configured integrations: making, changing, pausing and deleting them, keeping
// their secrets sealed, opening them for delivery, and trying them out.
//
// [Service] owns the rows in the store. What a change means for deliveries in flight is the business of the lanes,
// which hear of every change through [Lanes].
package integration

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Lanes is what the service needs of delivery.
type Lanes interface {
	// Apply makes a lane follow the integration as it is now; a new one begins now.
	Apply(ctx context.Context, i store.Integration) error
	// Remove cancels what is in flight and closes what is parked.
	Remove(ctx context.Context, account event.Account, id event.ID) error
	// Backlog counts what is not delivered yet: in the journal, and parked for another attempt.
	Backlog(account event.Account, id event.ID) (waiting, parked uint64)
}

// Events finds an event of an account by id, for previews. It gives store.ErrNotFound when there is none.
type Events interface {
	Event(ctx context.Context, account event.Account, id event.ID) (*event.Record, error)
}

// Sealer keeps secrets at rest; a *seal.Sealer is one.
type Sealer interface {
	// Hold keeps the key from changing between the sealing of a value and its storing.
	Hold() (release func())
	Seal(plain form.Secret, aad seal.AAD) ([]byte, error)
	Unseal(sealed []byte, aad seal.AAD) (form.Secret, error)
}

// Deps are what a Service is made of. Those from Recorder on may be zero.
type Deps struct {
	Store     store.Integrations
	Catalogue connector.Catalogue
	Sealer    Sealer
	HTTP      *httpkit.Maker
	Sink      connector.Sink
	Lanes     Lanes
	Events    Events

	// Recorder writes every change and test down before it happens; nil writes nothing.
	Recorder act.Recorder
	// CheckKind says whether an account may have integrations of a kind; it is asked when one is made, switched on or tried,
	// and its error is passed on as it is. Nil: every account may have all.
	CheckKind func(account event.Account, kind string) error
	// References say what secrets may refer to instead of being stored.
	References References
	// Memory keeps what integrations remember and their tickets; nil: they remember nothing.
	Memory Memory
	// TestsPerMinute is how many tests an account may make in a minute, at most this many at once; 0 is
	// DefaultTestsPerMinute.
	TestsPerMinute int
	Log            *slog.Logger
	Now            func() time.Time
	Version        string
	PublicURL      string
	// Began is when the process began, for the requests that vendors allow; see connector.Allowances. Zero: not asked.
	Began time.Time
	// Ambient says whether an account's integrations may use the credentials of the machine; nil: none may.
	Ambient func(account event.Account) bool
	// Held counts the entries at a responder's vendor that are there by us, or may be; nil: none.
	Held func(ctx context.Context, account event.Account, id event.ID) (int, error)
}

// DefaultTestsPerMinute bounds an account's tests: each is a request to a place of the caller's choosing.
const DefaultTestsPerMinute = 30

// Service is the life of integrations. It is safe for concurrent use.
type Service struct {
	Deps

	// changes makes a change in the store and its news to the lanes one step, so that the lanes hear of changes in the
	// order in which they were stored.
	changes sync.Mutex
	tests   limiter
	// budgetKey keys the names of credentials. It lives as long as the process.
	budgetKey [32]byte
	// opened has the credential's name that an integration with references was opened with, by its id.
	opened sync.Map
	// turns are shared by all instances that the service opens.
	turns connector.Turns
	// allowances are, too.
	allowances connector.Allowances
}

// New makes a service.
func New(d Deps) *Service {
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Recorder == nil {
		d.Recorder = act.Discard{}
	}
	if d.CheckKind == nil {
		d.CheckKind = func(event.Account, string) error { return nil }
	}
	if d.References.LookupEnv == nil {
		d.References.LookupEnv = os.LookupEnv
	}
	s := &Service{Deps: d, allowances: connector.Allowances{Since: d.Began}, tests: newLimiter(cmp.Or(d.TestsPerMinute, DefaultTestsPerMinute))}
	_, _ = rand.Read(s.budgetKey[:]) // never fails: crypto/rand ends the process instead
	return s
}

// idText is an integration's id as people see it.
func idText(i store.Integration) string { return i.ID.Text(event.PrefixIntegration) }

// Get finds an integration that exists.
func (s *Service) Get(ctx context.Context, account event.Account, id event.ID) (store.Integration, error) {
	i, err := s.Store.GetIntegration(ctx, account, id)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !i.DeletedAt.IsZero():
		return store.Integration{}, ErrNotFound
	case err != nil:
		return store.Integration{}, fmt.Errorf("reading integration %s: %w", id.Text(event.PrefixIntegration), err)
	}
	return i, nil
}

// List gives the integrations of an account that exist, by name; next is "" at the end.
func (s *Service) List(ctx context.Context, account event.Account, p store.Page) (list []store.Integration, next string, err error) {
	list, next, err = s.Store.ListIntegrations(ctx, account, p)
	if err != nil {
		return nil, "", fmt.Errorf("listing integrations: %w", err)
	}
	return list, next, nil
}

// kind finds a catalogue entry.
func (s *Service) kind(name string) (connector.Definition, error) {
	def, ok := s.Catalogue[name]
	if !ok {
		return def, &UnknownKindError{Kind: name, Known: slices.Sorted(maps.Keys(s.Catalogue))}
	}
	return def, nil
}

// Settings is an integration's settings as they may be shown: secrets masked, defaults filled in.
func (s *Service) Settings(i store.Integration) json.RawMessage {
	def, known := s.Catalogue[i.Kind]
	if !known {
		return i.Settings // a kind that this build does not have: what is stored is masked
	}
	return form.Normalise(def.Settings(), i.Settings)
}

// Delivery is an integration's delivery policy with the defaults of its kind filled in.
func (s *Service) Delivery(i store.Integration) json.RawMessage {
	return form.Normalise(connector.NewPolicyForm(s.Catalogue[i.Kind].Kind), i.Delivery)
}
