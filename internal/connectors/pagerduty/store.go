package pagerduty

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// How long pages are remembered.
const (
	keepOpen     = 400 * 24 * time.Hour
	keepResolved = 30 * 24 * time.Hour
)

// store keeps pages and PagerDuty's incidents in the integration's state.
type store struct {
	state connector.State // nil: nothing is remembered
	turn  func(ctx context.Context, subject string) (leave func(), err error)
}

func newStore(env connector.Env) *store { return &store{state: env.State, turn: env.Turn} }

// The two kinds of things that are remembered. A turn at an incident may be followed by one at a page, never the other
// way round.
const (
	whatPage     = "page"
	whatIncident = "incident"
)

// lock waits until nobody else reads and changes what is remembered of a page or an incident.
func (s *store) lock(ctx context.Context, what, key string) (unlock func(), err error) {
	unlock, err = s.turn(ctx, name(what, key))
	if err != nil {
		return nil, fmt.Errorf("waiting for another change of the same %s: %w", what, err)
	}
	return unlock, nil
}

// name is the key under which something is remembered. What the vendor or a sender calls it may be of any length.
func name(what, key string) string {
	sum := sha256.Sum256([]byte(key))
	return what + "/" + hex.EncodeToString(sum[:])
}

// get gives what is remembered of a page; nil for nothing.
func (s *store) get(ctx context.Context, key string) (*memory, error) {
	var m memory
	ok, err := s.read(ctx, name(whatPage, key), &m)
	if !ok {
		return nil, err
	}
	return &m, nil
}

// keyOf gives the key under which a page stands: the given one, unless that is somebody else's already.
func (s *store) keyOf(ctx context.Context, key, whose string) (string, error) {
	m, err := s.get(ctx, key)
	if err != nil || m != nil && m.Whose == whose {
		return key, err
	}
	other := dedupKey("tocsin/" + whose + "/" + key)
	moved, err := s.get(ctx, other)
	if m != nil || moved != nil {
		key = other
	}
	return key, err
}

func (s *store) put(ctx context.Context, key string, m *memory) error {
	keep := keepOpen
	if !m.Open {
		keep = keepResolved
	}
	return s.write(ctx, name(whatPage, key), m, keep)
}

// resolved remembers that a page is over.
func (s *store) resolved(ctx context.Context, key string) error {
	return s.change(ctx, key, func(m *memory) *memory {
		now := m.closed("")
		now.Open = false
		return now
	})
}

// change changes what is remembered of a page, if anything is.
func (s *store) change(ctx context.Context, key string, to func(*memory) *memory) error {
	unlock, err := s.lock(ctx, whatPage, key)
	if err != nil {
		return err
	}
	defer unlock()
	m, err := s.get(ctx, key)
	if err != nil || m == nil {
		return err
	}
	return s.put(ctx, key, to(m))
}

// incident is what is remembered of an incident of PagerDuty.
type incident struct {
	// Keys are the dedup keys of the pages under it: its own, and those of incidents that were merged into it.
	Keys []string `json:"keys,omitempty"`
	// At is the newest change of its status that is known.
	At time.Time `json:"at,omitzero"`
}

// maxMerged bounds the keys of one incident.
const maxMerged = 40

func (s *store) incident(ctx context.Context, id string) (i incident, err error) {
	_, err = s.read(ctx, name(whatIncident, id), &i)
	return i, err
}

func (s *store) putIncident(ctx context.Context, id string, i incident) error {
	i.Keys = i.Keys[max(0, len(i.Keys)-maxMerged):]
	return s.write(ctx, name(whatIncident, id), i, keepOpen)
}

func (s *store) read(ctx context.Context, key string, to any) (ok bool, err error) {
	if s.state == nil {
		return false, nil
	}
	raw, err := s.state.Get(ctx, key)
	if errors.Is(err, connector.ErrNoState) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking up what is remembered of a page: %w", err)
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return false, fmt.Errorf("reading what is remembered of a page: %w", err)
	}
	return true, nil
}

func (s *store) write(ctx context.Context, key string, v any, keep time.Duration) error {
	if s.state == nil {
		return nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing what is remembered of a page: %w", err)
	}
	if err := s.state.Put(ctx, key, raw, keep); err != nil {
		return fmt.Errorf("remembering a page: %w", err)
	}
	return nil
}
