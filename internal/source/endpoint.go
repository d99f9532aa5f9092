package source

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// readEvery is how often what a reference stands for is read again: a secret that another program renews in a file is in
// use within half a minute.
const readEvery = 30 * time.Second

// Endpoint is a source that takes events. It does not change; a change of the source makes another.
type Endpoint struct {
	row     store.Source
	id      string
	allows  func(eventType string) bool
	service *Service
	use     *use

	mu       sync.Mutex
	verifier *Verifier
	err      error
	read     time.Time // when verifier or err was made
	refers   bool
}

// ID is the source's id, "src_…".
func (e *Endpoint) ID() string { return e.id }

// Account is whose it is.
func (e *Endpoint) Account() event.Account { return e.row.Account }

// Dialect names what reads its bodies.
func (e *Endpoint) Dialect() string { return e.row.Dialect }

// Defaults are the project and labels of events that bring none. The map must not be changed.
func (e *Endpoint) Defaults() (project string, labels map[string]string) {
	return e.row.Project, e.row.Labels
}

// SendFilter says which types may be sent; nil: every type.
func (e *Endpoint) SendFilter() func(eventType string) bool { return e.allows }

// Verifier gives the check of the source. An error means that its secret cannot be read at the moment.
func (e *Endpoint) Verifier() (*Verifier, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.service.Now()
	age := now.Sub(e.read)
	if e.verifier != nil && !e.refers || !e.read.IsZero() && age >= 0 && age < readEvery {
		return e.verifier, e.err
	}
	e.read = now
	a, err := e.service.auth(&e.row)
	if err == nil {
		e.verifier, err = NewVerifier(a)
	}
	if err != nil {
		e.verifier, e.err = nil, fmt.Errorf("reading the secret of source %s: %w", e.id, err)
		e.service.Log.Warn("the secret of a source cannot be read: its senders are told to try again", slog.Any("error", e.err))
		return nil, e.err
	}
	e.err = nil
	return e.verifier, nil
}

// Received counts events of a request that proved to be the source's.
func (e *Endpoint) Received(accepted, rejected int) {
	e.use.accepted.Add(uint64(max(accepted, 0)))
	e.use.rejected.Add(uint64(max(rejected, 0)))
	e.use.last.Store(e.service.Now().UnixMicro())
}

// Refused counts a request that did not.
func (e *Endpoint) Refused() { e.use.refused.Add(1) }

// endpoints are the sources in memory, by id.
type endpoints struct {
	mu    sync.RWMutex
	byID  map[event.ID]*Endpoint
	used  map[event.ID]*use
	certs atomic.Int64 // endpoints whose senders show client certificates
	s     *Service
}

// Load reads all sources. Call it once, before the first Find.
func (s *Service) Load(ctx context.Context) error {
	rows, err := s.Store.AllSources(ctx)
	if err != nil {
		return fmt.Errorf("reading the sources: %w", err)
	}
	s.open.s = s
	for _, row := range rows {
		s.open.put(row)
	}
	return nil
}

// Find gives the endpoint of a source that takes events; nil for everything else. It asks no store.
func (s *Service) Find(id string) *Endpoint {
	key, err := event.ParseID(event.PrefixSource, id)
	if err != nil {
		return nil
	}
	s.open.mu.RLock()
	defer s.open.mu.RUnlock()
	return s.open.byID[key]
}

// WantsCertificates says whether a source that takes events wants its senders to show a TLS client certificate.
func (s *Service) WantsCertificates() bool { return s.open.certs.Load() > 0 }

// put keeps a row as it is now.
func (o *endpoints) put(row store.Source) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.s == nil { // nobody looks for endpoints: a command that works on the files
		return
	}
	o.forget(row.ID)
	if !row.Enabled {
		return
	}
	if o.byID == nil {
		o.byID, o.used = map[event.ID]*Endpoint{}, map[event.ID]*use{}
	}
	if o.used[row.ID] == nil {
		o.used[row.ID] = new(use)
	}
	o.byID[row.ID] = &Endpoint{
		row: row, id: idText(&row), allows: SendFilter(row.Types), service: o.s, use: o.used[row.ID], refers: o.s.refers(&row),
	}
	if wantsCertificate(&row) {
		o.certs.Add(1)
	}
}

func wantsCertificate(row *store.Source) bool { return methodIn(row.Auth).Name == MTLS }

// forget drops an endpoint, but not what is to be counted for it.
func (o *endpoints) forget(id event.ID) {
	if e := o.byID[id]; e != nil && wantsCertificate(&e.row) {
		o.certs.Add(-1)
	}
	delete(o.byID, id)
}

// remove drops all of a source that is no more.
func (o *endpoints) remove(id event.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(id)
	delete(o.used, id)
}

// SendFilter says which types the patterns of a source allow; nil, which allows every type but the hub's own, for none.
func SendFilter(patterns []string) func(eventType string) bool {
	if len(patterns) == 0 {
		return nil
	}
	filters := make([]event.TypeFilter, len(patterns))
	for i, p := range patterns {
		filters[i] = event.TypeFilter(p)
	}
	return func(eventType string) bool {
		for _, f := range filters {
			if f.Match(eventType) {
				return true
			}
		}
		return false
	}
}
