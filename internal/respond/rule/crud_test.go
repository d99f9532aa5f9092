package rule

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const plain = `{"name":"x","subscription":{"types":["detection.*"]}}`

func TestRuleErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for raw, path := range map[string]string{
		`[]`:                               "",
		`{"subscription":{"types":["*"]}}`: "name",
		`{"name":"x"}`:                     "subscription.types",
		`{"name":"x","subscription":{"types":["*"]},"mode":"apply"}`:                   "mode",
		`{"name":"x","subscription":{"types":["*"]},"mode":"propose"}`:                 "mode",
		`{"name":"x","subscription":{"types":["*"]},"mode":"sometimes"}`:               "mode",
		`{"name":"x","subscription":{"types":["*"],"include_children":true}}`:          "subscription.include_children",
		`{"name":"x","subscription":{"types":["*"],"where":"event.("}}`:                "subscription.where",
		`{"name":"x","subscription":{"types":["*"]},"block":{"ttl":"permanent"}}`:      "block.ttl",
		`{"name":"x","subscription":{"types":["*"]},"block":{"ttl":"1s"}}`:             "block.ttl",
		`{"name":"x","subscription":{"types":["*"]},"block":{"max_per_hour":0}}`:       "block.max_per_hour",
		`{"name":"x","subscription":{"types":["*"]},"block":{"max_per_hour":501}}`:     "block.max_per_hour",
		`{"name":"x","subscription":{"types":["*"]},"block":{"integrations":["waf"]}}`: "block.integrations.0",
		`{"name":"x","subscription":{"types":["*"]},"block":{"reason":"a\u202eb"}}`:    "block.reason",
		`{"name":"x","subscription":{"types":["*"]},"block":{"entity_role":"a b"}}`:    "block.entity_role",
		`{"name":"x","subscription":{"types":["*"]},"block":{"prefix":24}}`:            "block.prefix",
		`{"name":"a\nb","subscription":{"types":["*"]}}`:                               "name",
	} {
		_, err := w.s.Create(t.Context(), "acme", json.RawMessage(raw))
		errs, ok := form.AsErrors(err)
		if !ok || !slices.ContainsFunc(errs, func(e form.FieldError) bool { return e.Path == path }) {
			t.Errorf("%s: %v, want an error of %q", raw, err, path)
		}
	}
	if n := len(w.s.List("acme")); n != 0 {
		t.Errorf("%d rules were made", n)
	}
}

func TestCRUD(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	row, err := w.s.Create(t.Context(), "acme", json.RawMessage(plain))
	w.must(err)
	if row.Mode != Shadow || !row.Enabled || row.Version != 1 || row.ShadowSince.IsZero() || row.Author == "" {
		t.Errorf("made: %+v", row)
	}
	if b, err := BlockOf(row); err != nil || b.EntityRole != "source" || b.MaxPerHour != 20 {
		t.Errorf("its block is %+v, %v", b, err)
	}
	if _, err := w.s.Create(t.Context(), "acme", json.RawMessage(plain)); !errors.Is(err, ErrNameTaken) {
		t.Errorf("the same name: %v", err)
	}
	if _, err := w.s.Create(t.Context(), "other", json.RawMessage(plain)); err != nil {
		t.Errorf("the same name in another account: %v", err)
	}
	if _, err := w.s.Get(t.Context(), "other", row.ID); !errors.Is(err, respond.ErrNoRule) {
		t.Errorf("another account's rule: %v", err)
	}
	if _, err := w.s.Update(t.Context(), "other", row.ID, 0, json.RawMessage(`{"mode":"apply"}`)); !errors.Is(err, respond.ErrNoRule) {
		t.Errorf("changing another account's rule: %v", err)
	}
	if _, err := w.s.Update(t.Context(), "acme", row.ID, 7, json.RawMessage(`{"mode":"apply"}`)); !errors.Is(err, respond.ErrVersion) {
		t.Errorf("another version: %v", err)
	}
	same(t, "acts", w.acts.actions(), "response_rule.create", "response_rule.create", "response_rule.create")

	w.openRules(w.journal) // what is stored is what runs
	if list := w.s.List("acme"); len(list) != 1 || string(Document(list[0])) != string(Document(row)) || len(w.s.rules.Load().running["acme"]) != 1 {
		t.Errorf("read back: %+v", list)
	}
	if err := w.s.Delete(t.Context(), "acme", row.ID, 9); !errors.Is(err, respond.ErrVersion) {
		t.Errorf("deleting another version: %v", err)
	}
	w.must(w.s.Delete(t.Context(), "acme", row.ID, 1))
	if err := w.s.Delete(t.Context(), "acme", row.ID, 0); !errors.Is(err, respond.ErrNoRule) {
		t.Errorf("deleting twice: %v", err)
	}
	if len(w.s.List("acme")) != 0 || len(w.s.rules.Load().running["acme"]) != 0 {
		t.Error("a deleted rule runs")
	}
}

// TestModeIsLetLooseAlone: whatever a rule looks at or blocks was seen in shadow mode before.
func TestModeIsLetLooseAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	row, err := w.s.Create(t.Context(), "acme", json.RawMessage(plain))
	w.must(err)
	change := func(patch string) store.ResponseRule {
		t.Helper()
		got, err := w.s.Update(t.Context(), "acme", row.ID, row.Version, json.RawMessage(patch))
		w.must(err)
		row = got
		return got
	}
	if got := change(`{"mode":"apply"}`); got.Mode != Apply || got.Version != 2 {
		t.Errorf("%+v", got)
	}
	if got := change(`{"name":"y","id":"rsr_1","version":99}`); got.Mode != Apply || got.Name != "y" {
		t.Errorf("a new name changes the mode: %+v", got)
	}
	if got := change(`{"enabled":false}`); got.Mode != Apply || got.Enabled {
		t.Errorf("%+v", got)
	}
	if got := change(`{"enabled":true}`); got.Mode != Apply {
		t.Errorf("%+v", got)
	}
	if got := change(`{}`); got.Version != 5 {
		t.Errorf("a change of nothing is a change: %+v", got)
	}
	since := row.ShadowSince
	if got := change(`{"subscription":{"min_severity":"low"}}`); got.Mode != Shadow || !got.ShadowSince.After(since) {
		t.Errorf("what it looks at was changed: %+v", got)
	}
	if types := gjson.GetBytes(row.Subscription, "types.0").String(); types != "detection.*" {
		t.Errorf("the patch took the types away: %s", row.Subscription)
	}
	change(`{"mode":"propose"}`)
	if got := change(`{"block":{"max_per_hour":30}}`); got.Mode != Shadow {
		t.Errorf("what it blocks was changed: %+v", got)
	}
	for _, patch := range []string{`{"mode":"apply","block":{"ttl":"7d"}}`, `{"mode":"propose","subscription":{"types":["*"]}}`} {
		if _, err := w.s.Update(t.Context(), "acme", row.ID, 0, json.RawMessage(patch)); err == nil {
			t.Errorf("%s is done", patch)
		} else if errs, _ := form.AsErrors(err); len(errs) != 1 || errs[0].Path != "mode" {
			t.Errorf("%s: %v", patch, err)
		}
	}
	if got := change(`{"mode":"shadow","block":{"ttl":"7d"}}`); got.Mode != Shadow {
		t.Errorf("%+v", got)
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range MaxRules {
		w.must(w.store.CreateResponseRule(t.Context(), store.ResponseRule{
			ID: event.NewID(), Account: "acme", Name: fmt.Sprint(i), Mode: Shadow, Enabled: true, Version: 1, CreatedAt: w.now(), UpdatedAt: w.now(), ShadowSince: w.now(),
			Subscription: json.RawMessage(`{"types":["*"]}`), Document: json.RawMessage(`{}`),
		}))
	}
	w.must(w.store.CreateResponseRule(t.Context(), store.ResponseRule{
		ID: event.NewID(), Account: "broken", Name: "x", Mode: Apply, Enabled: true, Version: 1, CreatedAt: w.now(), UpdatedAt: w.now(), ShadowSince: w.now(),
		Subscription: json.RawMessage(`{"types":["*"]}`), Document: json.RawMessage(`{"ttl":"never"}`),
	}))
	w.openRules(w.journal)
	if _, err := w.s.Create(t.Context(), "acme", json.RawMessage(plain)); !errors.Is(err, ErrFull) {
		t.Errorf("one too many: %v", err)
	}
	if len(w.s.rules.Load().running["broken"]) != 0 || len(w.s.List("broken")) != 1 {
		t.Error("a rule that cannot be read runs, or is gone")
	}
}
