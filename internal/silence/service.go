package silence

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Deps are what a Service stands on. Now and Log may be zero.
type Deps struct {
	Store    store.Silences
	Recorder act.Recorder
	Now      func() time.Time
	Log      *slog.Logger
}

// Service keeps the silences of all accounts. It is safe for concurrent use.
type Service struct {
	deps   Deps
	most   int        // MaxOpen but in tests
	change sync.Mutex // one change at a time: what is stored and what is asked agree
	sets   atomic.Pointer[map[event.Account]*set]
}

// set is an account's silences that had not ended when it was made.
type set struct {
	list []running
	last time.Time // when the last of them ends
}

type running struct {
	*Compiled
	id string
}

// Open reads the silences. One that does not compile any more is logged and silences nothing.
func Open(ctx context.Context, d Deps) (*Service, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	if d.Recorder == nil {
		d.Recorder = act.Discard{}
	}
	s := &Service{deps: d, most: MaxOpen}
	rows, err := d.Store.AllSilences(ctx, d.Now())
	if err != nil {
		return nil, fmt.Errorf("reading the silences: %w", err)
	}
	by := map[event.Account][]store.Silence{}
	for _, row := range rows {
		by[row.Account] = append(by[row.Account], row)
	}
	sets := map[event.Account]*set{}
	for account, list := range by {
		if x := s.compile(list); x != nil {
			sets[account] = x
		}
	}
	s.sets.Store(&sets)
	return s, nil
}

// compile makes the set of an account; nil if nothing is left of it.
func (s *Service) compile(rows []store.Silence) *set {
	now := s.deps.Now()
	x := new(set)
	for _, row := range rows {
		if StateAt(row.StartsAt, row.EndsAt, now) == Expired {
			continue
		}
		c, err := compiled(row)
		if err != nil { // it was checked when it was saved: what can be said has changed since
			s.deps.Log.Error("a silence is not valid any more and silences nothing", slog.String("silence", row.ID.Text(event.PrefixSilence)),
				slog.String("account", string(row.Account)), slog.Any("error", err))
			continue
		}
		x.list = append(x.list, running{c, row.ID.Text(event.PrefixSilence)})
		if row.EndsAt.After(x.last) {
			x.last = row.EndsAt
		}
	}
	if len(x.list) == 0 {
		return nil
	}
	// The one that ends last is found first: until then, the same is left out.
	slices.SortFunc(x.list, func(a, b running) int { return cmp.Or(b.ends.Compare(a.ends), cmp.Compare(a.id, b.id)) })
	return x
}

func compiled(row store.Silence) (*Compiled, error) {
	v, err := silenceOf(row)
	if err != nil {
		return nil, err
	}
	return Compile(v, row.StartsAt, row.EndsAt)
}

// reload compiles an account's silences anew and swaps them in. The caller holds change.
func (s *Service) reload(ctx context.Context, account event.Account) error {
	rows, err := s.deps.Store.ListSilences(ctx, account)
	if err != nil {
		return fmt.Errorf("reading the silences of account %s: %w", account, err)
	}
	old := *s.sets.Load()
	next := make(map[event.Account]*set, len(old)+1)
	for a, x := range old {
		next[a] = x
	}
	if next[account] = s.compile(rows); next[account] == nil {
		delete(next, account)
	}
	s.sets.Store(&next)
	return nil
}

// Any says whether the account has a silence that has not ended. It costs a look into memory.
func (s *Service) Any(account event.Account) bool {
	sets := *s.sets.Load()
	if len(sets) == 0 {
		return false
	}
	x := sets[account]
	return x != nil && s.deps.Now().Before(x.last)
}

// Match gives a silence of the account that is in force for an event on its way to an integration: the one that ends last.
func (s *Service) Match(account event.Account, integration string, r *event.Record, now time.Time) (id string, until time.Time, ok bool) {
	x := (*s.sets.Load())[account]
	if x == nil {
		return "", time.Time{}, false
	}
	v := view{r: r}
	for i := range x.list {
		if x.list[i].For(&v, integration, now) {
			return x.list[i].id, x.list[i].ends, true
		}
	}
	return "", time.Time{}, false
}

// About gives the silences of the account that are in force now and about an event, whatever integrations they are for: the
// one that ends last first.
func (s *Service) About(ctx context.Context, account event.Account, r *event.Record) ([]store.Silence, error) {
	x := (*s.sets.Load())[account]
	if x == nil {
		return nil, nil
	}
	v, now := view{r: r}, s.deps.Now()
	var found []store.Silence
	for i := range x.list {
		if !x.list[i].inForce(now) || !x.list[i].matches(&v) {
			continue
		}
		id, err := event.ParseID(event.PrefixSilence, x.list[i].id)
		if err != nil {
			return nil, fmt.Errorf("reading the id of a silence: %w", err)
		}
		row, err := s.Get(ctx, account, id)
		switch {
		case errors.Is(err, ErrNotFound): // it was ended and deleted a moment ago
		case err != nil:
			return nil, err
		default:
			found = append(found, row)
		}
	}
	return found, nil
}

// pruneEvery is how often silences that ended long ago are deleted, pruneBite how many at most.
const (
	pruneEvery = time.Hour
	pruneBite  = 500
)

// Run deletes old silences from time to time, until ctx is done.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := s.deps.Store.PruneSilences(ctx, s.deps.Now().Add(-KeepExpired), pruneBite); err != nil && ctx.Err() == nil {
				s.deps.Log.Warn("old silences could not be deleted", slog.Any("error", err))
			}
		}
	}
}

// silenceOf reads a stored silence.
func silenceOf(row store.Silence) (Silence, error) {
	v := Silence{
		Where: row.Where, Reason: row.Reason, Integrations: []string{}, Matchers: []Matcher{},
		StartsAt: row.StartsAt.UTC().Format(time.RFC3339Nano), EndsAt: row.EndsAt.UTC().Format(time.RFC3339Nano),
	}
	for _, id := range row.Integrations {
		v.Integrations = append(v.Integrations, id.Text(event.PrefixIntegration))
	}
	if err := json.Unmarshal(row.Matchers, &v.Matchers); err != nil {
		return v, fmt.Errorf("reading the matchers of silence %s: %w", row.ID.Text(event.PrefixSilence), err)
	}
	return v, nil
}

// Matchers are those of a stored silence.
func Matchers(row store.Silence) ([]Matcher, error) {
	v, err := silenceOf(row)
	return v.Matchers, err
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("silence: writing a silence as JSON: " + err.Error()) // texts
	}
	return raw
}

// shown is a silence as the audit record shows it.
func shown(row store.Silence) json.RawMessage {
	v, err := silenceOf(row)
	if err != nil {
		return nil
	}
	return encode(v)
}

// worded turns the store's error into one that a caller understands.
func worded(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("storing a silence: %w", err)
	}
	return nil
}
