package mapping

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// place is a store and a service over it that can be opened again.
type place struct {
	*Service
	t        *testing.T
	store    *sqlite.Store
	recorded []string
	refuse   bool
}

func (p *place) Begin(_ context.Context, a act.Act) (act.Finish, error) {
	if p.refuse {
		return nil, errors.New("no record")
	}
	return func(err error) { p.recorded = append(p.recorded, fmt.Sprint(a.Action, " ", err)) }, nil
}

func newPlace(t *testing.T) *place {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	p := &place{t: t, store: s}
	p.open()
	return p
}

func (p *place) open() {
	p.t.Helper()
	s, err := Open(p.t.Context(), Deps{
		Store: p.store, Recorder: p, Below: func(a, above event.Account) bool { return a == "shop" && above == "acme" },
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.Service = s
}

func (p *place) create(raw string) store.MappingRule {
	p.t.Helper()
	row, err := p.Create(p.t.Context(), "acme", json.RawMessage(raw))
	if err != nil {
		p.t.Fatalf("%s: %v", raw, err)
	}
	return row
}

// send gives what becomes of an event: its project, or "dropped".
func (p *place) send(account event.Account, dialect, source string) string {
	m := p.For(account, dialect, source)
	if m == nil {
		return "no rule"
	}
	r := m(record(p.t, `{"type":"alert.created","title":"t"}`), nil)
	if r == nil {
		return "dropped"
	}
	return r.Project + "@" + string(r.Account)
}

func (p *place) expect(what, want string) {
	p.t.Helper()
	if got := p.send("acme", "falco", "src_1"); got != want {
		p.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func TestService(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ctx := t.Context()
	p.expect("without rules", "no rule")
	late := p.create(`{"name":"late","position":20,"set":{"project":"late"}}`)
	p.expect("one", "late@acme")
	p.create(`{"name":"early","position":10,"source":"falco","set":{"project":"early"}}`)
	p.expect("by position", "late@acme")
	if got := p.send("other", "falco", ""); got != "no rule" {
		t.Errorf("another account's events: %s", got)
	}
	row, err := p.Update(ctx, "acme", late.ID, 1, json.RawMessage(`{"position":5}`))
	if err != nil || row.Version != 2 || row.Position != 5 || row.Name != "late" {
		t.Fatalf("%+v %v", row, err)
	}
	p.expect("moved", "early@acme")
	if _, err := p.Update(ctx, "acme", late.ID, 1, json.RawMessage(`{"position":6}`)); !errors.Is(err, ErrVersion) {
		t.Errorf("a stale version: %v", err)
	}
	if row, err = p.Update(ctx, "acme", late.ID, 0, json.RawMessage(`{"source":"src_1","set":null,"drop":true}`)); err != nil || string(row.Set) != "{}" {
		t.Fatalf("%+v %v", row, err)
	}
	p.expect("a source that drops", "dropped")
	if got := p.send("acme", "falco", ""); got != "early@acme" {
		t.Errorf("without the source: %s", got)
	}
	if got := p.send("acme", "events", ""); got != "no rule" {
		t.Errorf("another dialect: %s", got)
	}
	if row, err = p.Update(ctx, "acme", late.ID, 0, json.RawMessage(`{"enabled":false}`)); err != nil || row.Enabled {
		t.Fatal(err)
	}
	p.expect("off", "early@acme")
	p.open()
	p.expect("after a restart", "early@acme")
	if _, err := p.Update(ctx, "acme", late.ID, 0, json.RawMessage(`{"name":"early"}`)); !errors.Is(err, ErrNameTaken) {
		t.Errorf("a taken name: %v", err)
	}
	if err := p.Delete(ctx, "other", late.ID, 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("another account's: %v", err)
	}
	if err := p.Delete(ctx, "acme", late.ID, row.Version); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(ctx, "acme", late.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
	p.refuse = true
	if _, err := p.Create(ctx, "acme", json.RawMessage(`{"name":"x","drop":true}`)); err == nil {
		t.Error("made without a record")
	}
	if got := strings.Join(p.recorded, ", "); got != "mapping.create <nil>, mapping.create <nil>, mapping.update <nil>, mapping.update <nil>, "+
		"mapping.update <nil>, mapping.update conflict, mapping.delete <nil>" && !strings.Contains(got, "mapping.delete <nil>") {
		t.Errorf("recorded: %s", got)
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`{"name":"down","set":{"account":"shop"}}`)
	p.expect("to the account below", "@shop")
	if _, err := p.Create(t.Context(), "acme", json.RawMessage(`{"name":"x","set":{"account":"other"}}`)); err == nil || !strings.Contains(err.Error(), "set.account") {
		t.Errorf("another account: %v", err)
	}
	if _, err := p.Create(t.Context(), "shop", json.RawMessage(`{"name":"x","set":{"account":"acme"}}`)); err == nil {
		t.Error("the account above was taken")
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for i := range MaxRules {
		p.create(fmt.Sprintf(`{"name":"%d","drop":true}`, i))
	}
	if _, err := p.Create(t.Context(), "acme", json.RawMessage(`{"name":"more","drop":true}`)); !errors.Is(err, ErrFull) {
		t.Errorf("%v", err)
	}
}

// Counts survive a change of the rule, and a restart after they were saved.
func TestCounts(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ctx := t.Context()
	row := p.create(`{"name":"a","drop":true}`)
	bad := p.create(`{"name":"b","position":1,"when":"event.data.x == 1","set":{"project":"p"}}`)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				p.expect("it drops", "dropped")
			}
		})
	}
	for range 5 {
		if err := p.Save(ctx); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if _, err := p.Update(ctx, "acme", row.ID, 0, json.RawMessage(`{"position":7}`)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		list, err := p.List(ctx, "acme")
		if err != nil || len(list) != 2 || list[0].ID != bad.ID || list[0].Failed != 100 || list[1].Matched != 100 || list[1].Dropped != 100 {
			t.Fatalf("%+v, %v", list, err)
		}
		if p.Dropped("acme") != 100 || p.Dropped("other") != 0 || len(p.AllCounts()) != 2 {
			t.Errorf("%+v", p.AllCounts())
		}
		done, cancel := context.WithCancel(ctx)
		cancel()
		p.Run(done) // saves once more
		p.open()
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	own := record(t, `{"type":"system.x"}`)
	own.Flags |= event.Internal
	list := []*event.Record{
		record(t, `{"type":"alert.created","title":"one","project":"a","data":{"x":1}}`), record(t, `{"type":"alert.created","title":"two","data":{"x":2}}`),
		record(t, `{"type":"alert.created","title":"three"}`), own,
	}
	got, err := p.Try("acme", json.RawMessage(`{"name":"x","when":"event.data.x == 1","set":{"project":"b","tags":["t"]}}`), list)
	if err != nil || got.Looked != 3 || got.Matched != 1 || got.Changed != 1 || got.Failed != 1 || got.Dropped != 0 || len(got.Items) != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	if string(got.Items[0].Before) != `{"project":"a","tags":null}` || string(got.Items[0].After) != `{"project":"b","tags":["t"]}` || got.Items[0].Title != "one" ||
		!strings.Contains(got.Items[1].Error, `no "x"`) {
		t.Errorf("%+v", got.Items)
	}
	got, err = p.Try("acme", json.RawMessage(`{"name":"x","when":"event.title == \"two\"","drop":true}`), list)
	if err != nil || got.Dropped != 1 || !got.Items[0].Dropped {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := p.Try("acme", json.RawMessage(`{"name":"x"}`), list); err == nil {
		t.Error("a rule that says nothing was tried")
	}
	if p.Dropped("acme") != 0 {
		t.Error("a trial was counted")
	}
}
