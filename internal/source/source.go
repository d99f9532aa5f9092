// Package source is the life of source endpoints: URLs that each belong to one sending tool, with a key of its own and its
// own way of proving who sends.
//
// [Verifier] is the pure part: from settings and a request's head and body to nil or a [Refused]. [Service] owns the rows
// in the store, keeps the endpoints that take events in memory, and counts what comes to them.
package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Sealer keeps secrets at rest; a *seal.Sealer is one.
type Sealer interface {
	// Hold keeps the key from changing between the sealing of a value and its storing.
	Hold() (release func())
	Seal(plain form.Secret, aad seal.AAD) ([]byte, error)
	Unseal(sealed []byte, aad seal.AAD) (form.Secret, error)
}

// References are texts that stand in the place of a secret and say where it is (env:NAME, file:/path).
type References interface {
	// Is says whether a text is meant as a reference, well-formed or not.
	Is(text string) bool
	// Check says why a reference may not be used in an account; its error continues the name of a setting.
	Check(account event.Account, text string) error
	// Resolve gives what a reference stands for now.
	Resolve(account event.Account, text string) (string, error)
}

// Deps are what a Service is made of. Those from Recorder on may be zero.
type Deps struct {
	Store  store.Sources
	Sealer Sealer
	// Dialects are the names of what can read bodies.
	Dialects []string

	// Recorder writes every change down before it happens; nil writes nothing.
	Recorder act.Recorder
	// References resolves references; nil: there are none, and a text that looks like one is a secret.
	References References
	Log        *slog.Logger
	Now        func() time.Time
}

// MaxSources is how many sources an account may have: all of them are kept in memory.
const MaxSources = 1000

// Service is the life of sources. It is safe for concurrent use.
type Service struct {
	Deps

	// changes makes a change in the store and in memory one step.
	changes sync.Mutex
	open    endpoints
}

// New makes a service. Before it finds endpoints, call Load; while it does, Run must be running.
func New(d Deps) *Service {
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Recorder == nil {
		d.Recorder = act.Discard{}
	}
	if d.References == nil {
		d.References = noReferences{}
	}
	return &Service{Deps: d}
}

// noReferences is a house without references.
type noReferences struct{}

func (noReferences) Is(string) bool                                { return false }
func (noReferences) Check(event.Account, string) error             { return nil }
func (noReferences) Resolve(event.Account, string) (string, error) { return "", nil }

// Errors that callers tell apart with errors.Is or errors.As. What is wrong with single fields is a form.Errors.
var (
	// ErrNotFound: no such source in that account.
	ErrNotFound = errors.New("no such source")
	// ErrVersion: the source changed since the caller read it.
	ErrVersion = errors.New("the source has changed since it was read")
	// ErrNameTaken: another source of the account has the name.
	ErrNameTaken = errors.New("another source has this name")
	// ErrFull: the account has MaxSources sources.
	ErrFull = fmt.Errorf("an account may have at most %d sources", MaxSources)
	// ErrNotRotatable: the source's method has no secret, or its secret is a reference.
	ErrNotRotatable = errors.New("this source has no secret that the hub could change: its method needs none, or the secret is a reference")
)

// idText is a source's id as people see it.
func idText(src *store.Source) string { return src.ID.Text(event.PrefixSource) }

// Get finds a source, with what has come to it until now.
func (s *Service) Get(ctx context.Context, account event.Account, id event.ID) (store.Source, error) {
	src, err := s.get(ctx, account, id)
	if err == nil {
		s.open.addUnsaved(&src)
	}
	return src, err
}

func (s *Service) get(ctx context.Context, account event.Account, id event.ID) (store.Source, error) {
	src, err := s.Store.GetSource(ctx, account, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return src, ErrNotFound
	case err != nil:
		return src, fmt.Errorf("reading source %s: %w", id.Text(event.PrefixSource), err)
	}
	return src, nil
}

// List gives the sources of an account by name; next is "" at the end.
func (s *Service) List(ctx context.Context, account event.Account, p store.Page) (list []store.Source, next string, err error) {
	list, next, err = s.Store.ListSources(ctx, account, p)
	if err != nil {
		return nil, "", fmt.Errorf("listing sources: %w", err)
	}
	for i := range list {
		s.open.addUnsaved(&list[i])
	}
	return list, next, nil
}
