package silence

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// List gives an account's silences in a state (empty: in any), the one that ends last first. Those that ended more than
// KeepExpired ago are gone.
func (s *Service) List(ctx context.Context, account event.Account, state State) ([]store.Silence, error) {
	rows, err := s.deps.Store.ListSilences(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("listing the silences of account %s: %w", account, err)
	}
	now := s.deps.Now()
	return slices.DeleteFunc(rows, func(r store.Silence) bool { return state != "" && s.StateOf(r, now) != state }), nil
}

// StateOf is a silence's state at a time; zero: now.
func (s *Service) StateOf(row store.Silence, now time.Time) State {
	if now.IsZero() {
		now = s.deps.Now()
	}
	return StateAt(row.StartsAt, row.EndsAt, now)
}

// Get gives one silence. Its error is ErrNotFound, or the store's.
func (s *Service) Get(ctx context.Context, account event.Account, id event.ID) (store.Silence, error) {
	row, err := s.deps.Store.GetSilence(ctx, account, id)
	return row, worded(err)
}

// Create makes a silence. Errors: form.Errors, ErrFull.
func (s *Service) Create(ctx context.Context, account event.Account, raw json.RawMessage) (store.Silence, error) {
	now := s.deps.Now().UTC()
	row := store.Silence{ID: event.NewID(), Account: account, Author: authorOf(ctx), Version: 1, CreatedAt: now, UpdatedAt: now}
	if err := s.fill(&row, raw, now); err != nil {
		return row, err
	}
	s.change.Lock()
	defer s.change.Unlock()
	list, err := s.deps.Store.ListSilences(ctx, account)
	if err != nil {
		return row, fmt.Errorf("listing the silences of account %s: %w", account, err)
	}
	open := 0
	for _, other := range list {
		if s.StateOf(other, now) != Expired {
			open++
		}
	}
	if open >= s.most {
		return row, ErrFull
	}
	a := act.Act{Account: account, Action: "silence.create", Target: row.ID.Text(event.PrefixSilence), After: shown(row)}
	return row, worded(s.do(ctx, a, func(ctx context.Context) error { return s.deps.Store.CreateSilence(ctx, row) }))
}

// authorOf is who makes a silence, as people know them.
func authorOf(ctx context.Context) string {
	actor := act.From(ctx)
	return event.Clip(cmp.Or(actor.Name, actor.ID, actor.Kind), event.MaxName)
}

// Update changes a silence by a JSON merge patch of its members. With a version above 0 it is refused with ErrVersion
// unless the silence still has that version. Errors: form.Errors, ErrNotFound, ErrVersion, ErrEnded.
func (s *Service) Update(ctx context.Context, account event.Account, id event.ID, version int64, patch json.RawMessage) (store.Silence, error) {
	return s.changed(ctx, "silence.update", account, id, version, func(old store.Silence, now time.Time) (store.Silence, error) {
		if s.StateOf(old, now) == Expired {
			return old, ErrEnded
		}
		merged, err := merge(shown(old), patch)
		if err != nil {
			return old, err
		}
		row := old
		return row, s.fill(&row, merged, now)
	})
}

// Expire ends a silence now; one that has ended stays as it is. Errors: ErrNotFound, ErrVersion.
func (s *Service) Expire(ctx context.Context, account event.Account, id event.ID, version int64) (store.Silence, error) {
	return s.changed(ctx, "silence.expire", account, id, version, func(old store.Silence, now time.Time) (store.Silence, error) {
		if s.StateOf(old, now) == Expired {
			return old, nil
		}
		row := old
		row.EndsAt = now.Truncate(time.Microsecond)
		if row.StartsAt.After(row.EndsAt) {
			row.StartsAt = row.EndsAt
		}
		return row, nil
	})
}

func (s *Service) changed(ctx context.Context, action string, account event.Account, id event.ID, version int64,
	edit func(old store.Silence, now time.Time) (store.Silence, error)) (store.Silence, error) {
	s.change.Lock()
	defer s.change.Unlock()
	old, err := s.Get(ctx, account, id)
	switch {
	case err != nil:
		return old, err
	case version > 0 && old.Version != version:
		return old, ErrVersion
	}
	now := s.deps.Now().UTC()
	row, err := edit(old, now)
	if err != nil || string(shown(row)) == string(shown(old)) {
		return old, err
	}
	row.UpdatedAt = now
	a := act.Act{Account: account, Action: action, Target: id.Text(event.PrefixSilence), Before: shown(old), After: shown(row)}
	err = s.do(ctx, a, func(ctx context.Context) error { return s.deps.Store.UpdateSilence(ctx, row) })
	if errors.Is(err, store.ErrConflict) {
		return old, ErrVersion
	}
	if err != nil {
		return old, worded(err)
	}
	row.Version++
	return row, nil
}

// do records and does a change, and lets the silences be asked as they are then.
func (s *Service) do(ctx context.Context, a act.Act, f func(context.Context) error) error {
	return act.Do(ctx, s.deps.Recorder, a, func(ctx context.Context) error {
		if err := f(ctx); err != nil {
			return err
		}
		// The change is stored: whoever asked must not keep it from taking effect by hanging up.
		return s.reload(context.WithoutCancel(ctx), a.Account)
	})
}

// fill checks what a caller wrote and puts it into a row. The error is form.Errors.
func (s *Service) fill(row *store.Silence, raw json.RawMessage, now time.Time) error {
	v, starts, ends, err := s.parse(raw, row.StartsAt, now)
	if err != nil {
		return err
	}
	row.Matchers, row.Where, row.Reason, row.StartsAt, row.EndsAt, row.Integrations = encode(v.Matchers), v.Where, v.Reason, starts, ends, nil
	for _, text := range v.Integrations {
		id, _ := event.ParseID(event.PrefixIntegration, text) // it was checked
		row.Integrations = append(row.Integrations, id)
	}
	return nil
}

// readOnly are members of an answer that may come back with a change; they are ignored.
var readOnly = []string{"id", "state", "author", "version", "created_at", "updated_at"}

// parse reads a silence. began is when it begins already; zero for a new one.
func (s *Service) parse(raw json.RawMessage, began, now time.Time) (v Silence, starts, ends time.Time, err error) {
	fields, err := objectOf(raw)
	if err != nil {
		return v, starts, ends, err
	}
	for _, name := range readOnly {
		delete(fields, name)
	}
	if err := form.Decode(encode(fields), &v); err != nil {
		return v, starts, ends, err
	}
	if v.Matchers == nil {
		v.Matchers = []Matcher{}
	}
	starts = now
	if v.StartsAt != "" {
		starts, _ = time.Parse(time.RFC3339, v.StartsAt) // it was checked
	}
	ends, _ = time.Parse(time.RFC3339, v.EndsAt)
	starts, ends = starts.UTC().Truncate(time.Microsecond), ends.UTC().Truncate(time.Microsecond)
	var errs form.Errors
	switch {
	case !ends.After(starts):
		errs.Add("ends_at", "must be after starts_at")
	case !ends.After(now):
		errs.Add("ends_at", "is over already: a silence is for what is to come")
	case ends.Sub(starts) > MaxLength:
		errs.Add("ends_at", "is more than %d days after starts_at", int(MaxLength.Hours()/24))
	}
	if starts.Sub(now) > MaxAhead {
		errs.Add("starts_at", "is more than %d days ahead", int(MaxAhead.Hours()/24))
	}
	// What is told already cannot be untold.
	if began.IsZero() && starts.Before(now.Add(-time.Minute)) {
		starts = now.Truncate(time.Microsecond)
	}
	return v, starts, ends, errs.Err()
}

func objectOf(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return nil, form.Errors{{Message: "must be an object"}}
	}
	return fields, nil
}

// merge changes the members of an object; a null takes one away.
func merge(document, patch json.RawMessage) (json.RawMessage, error) {
	fields, err := objectOf(document)
	if err != nil {
		return nil, err
	}
	changes, err := objectOf(patch)
	if err != nil {
		return nil, err
	}
	for name, change := range changes {
		if string(change) == "null" {
			delete(fields, name)
		} else {
			fields[name] = change
		}
	}
	return encode(fields), nil
}

// MaxTried bounds the events that a trial names.
const MaxTried = 100

// SilenceTrial is what a silence would have left out.
type SilenceTrial struct {
	Looked  int            `json:"looked" doc:"How many events it was tried on."`
	Matched int            `json:"matched" doc:"How many of them it would have silenced."`
	Items   []SilencedItem `json:"items" doc:"The newest 100 of those."`
}

// SilencedItem is one event that a silence is about.
type SilencedItem struct {
	Event    string `json:"event" doc:"The event." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Type     string `json:"type" doc:"Its type." example:"alert.created"`
	Severity string `json:"severity" doc:"Its severity." example:"low"`
	Title    string `json:"title,omitempty" doc:"Its title."`
}

// Try says which of some events a silence is about, whatever its times and integrations. It does nothing. The error is
// form.Errors.
func (s *Service) Try(raw json.RawMessage, records []*event.Record) (SilenceTrial, error) {
	t := SilenceTrial{Items: []SilencedItem{}}
	fields, err := objectOf(raw)
	if err != nil {
		return t, err
	}
	now := s.deps.Now()
	if _, named := fields["ends_at"]; !named { // it need not be decided yet
		fields["ends_at"] = encode(now.Add(time.Hour).UTC().Format(time.RFC3339))
		delete(fields, "starts_at")
	}
	v, starts, ends, err := s.parse(encode(fields), time.Time{}, now)
	if err != nil {
		return t, err
	}
	c, err := Compile(v, starts, ends)
	if err != nil {
		return t, err
	}
	for _, r := range records {
		t.Looked++
		if !c.Matches(r) {
			continue
		}
		t.Matched++
		if len(t.Items) < MaxTried {
			item := SilencedItem{Event: r.ID.Text(event.PrefixEvent), Type: r.Type, Severity: r.Severity.String()}
			for name, value := range event.Members(r.Body) {
				if string(name) == "title" {
					item.Title = event.Unquote(value)
				}
			}
			t.Items = append(t.Items, item)
		}
	}
	return t, nil
}
