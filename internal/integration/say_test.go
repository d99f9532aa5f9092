package integration

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// heard takes what waits in the outbox.
func (f *fixture) heard(t *testing.T) []store.Said {
	t.Helper()
	list, err := f.store.ListOutbox(t.Context(), store.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	var ids []event.ID
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	if err := f.store.DeleteOutbox(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	return list
}

// told is what a test looks at in a fact.
type told struct{ Type, Severity, Status, Reason, Changed string }

func tell(list []store.Said) []told {
	var out []told
	for _, s := range list {
		e := gjson.ParseBytes(s.Event)
		var changed []string
		for _, c := range e.Get("data.changed").Array() {
			changed = append(changed, c.Str)
		}
		out = append(out, told{
			strings.TrimPrefix(s.Type, "system.integration_"), e.Get("severity").Str, e.Get("status").Str,
			e.Get("data.reason").Str, strings.Join(changed, " "),
		})
	}
	return out
}

// TestSays makes one change after the other and wants one fact of each, and none where nothing changed.
func TestSays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	i := f.create(t, `{"settings":{"headers":[{"name":"X-A","value":"canary-header"}]}}`)
	update := func(patch string) func() error {
		return func() error { _, err := f.Update(ctx, account, i.ID, 0, []byte(patch)); return err }
	}
	state := func(_ store.Integration, err error) error { return err }
	refused := func(do func() error) func() error {
		return func() error {
			if do() == nil {
				return fmt.Errorf("a change that must be refused was made")
			}
			return nil
		}
	}
	f.create(t, `{"name":"Other"}`)
	f.heard(t)
	for _, step := range []struct {
		name string
		do   func() error
		want []told
	}{
		{"nothing", update(`{}`), nil},
		{"the same again", update(`{"name":"Main","settings":{"token":"canary-token-1"},"subscription":{"types":["alert.*"]}}`), nil},
		{"masked back", update(`{"settings":{"token":"` + form.Mask + `","headers":[{"name":"X-A","value":"` + form.Mask + `"}]}}`), nil},
		{"a default", update(`{"settings":{"mode":"plain"},"delivery":{"order":"none"}}`), nil},
		{"a refused patch", refused(update(`{"name":""}`)), nil},
		{"a taken name", refused(update(`{"name":"Other"}`)), nil},
		{"name", update(`{"name":"Renamed"}`), []told{{"updated", "info", "enabled", "", "name"}}},
		{"a secret", update(`{"settings":{"token":"canary-token-2"}}`), []told{{"updated", "info", "enabled", "", "settings"}}},
		{"a secret in a list", update(`{"settings":{"headers":[{"name":"X-A","value":"canary-other"}]}}`),
			[]told{{"updated", "info", "enabled", "", "settings"}}},
		{"a secret more", update(`{"settings":{"signing_secret":"canary-signing"}}`), []told{{"updated", "info", "enabled", "", "settings"}}},
		{"a setting", update(`{"settings":{"url":"https://siem.example.com/canary"}}`), []told{{"updated", "info", "enabled", "", "settings"}}},
		{"all at once", update(`{"name":"Main","owner":"canary-owner","rotate_by":"2027-01-01","subscription":{"types":["*"]},
			"delivery":{"concurrency":3},"settings":{"mode":"panics"}}`),
			[]told{{"updated", "info", "enabled", "", "name settings subscription delivery owner rotate_by"}}},
		{"another destination", update(`{"settings":{"url":"https://canary.example.com"}}`), []told{{"updated", "info", "held", "", "settings"}}},
		{"some secrets again", update(`{"settings":{"token":"canary-token-3","signing_secret":null}}`), []told{{"updated", "info", "held", "", "settings"}}},
		{"all secrets again", update(`{"settings":{"headers":[{"name":"X-A","value":"canary-x"}]}}`), []told{{"updated", "info", "enabled", "", "settings"}}},
		{"pause", func() error { return state(f.Pause(ctx, account, i.ID)) }, []told{{"paused", "info", "paused", "", "paused"}}},
		{"pause again", func() error { return state(f.Pause(ctx, account, i.ID)) }, nil},
		{"resume", func() error { return state(f.Resume(ctx, account, i.ID)) }, []told{{"resumed", "info", "enabled", "", "paused"}}},
		{"disable", func() error { return state(f.Disable(ctx, account, i.ID, "")) }, []told{{"disabled", "medium", "disabled", "", "enabled"}}},
		{"a 410 that comes late", func() error { return state(f.Disable(ctx, account, i.ID, "gone")) }, nil},
		{"enable", func() error { return state(f.Enable(ctx, account, i.ID)) }, []told{{"enabled", "info", "enabled", "", "enabled"}}},
		{"a 410", func() error { return state(f.Disable(ctx, account, i.ID, "answered 410")) },
			[]told{{"disabled", "high", "disabled", "answered 410", "enabled"}}},
		{"disable again", func() error { return state(f.Disable(ctx, account, i.ID, "")) }, nil},
		{"enable by patch, with more", update(`{"enabled":true,"paused":true,"owner":""}`),
			[]told{{"enabled", "info", "paused", "", "enabled paused owner"}}},
		{"a refused delete", refused(func() error { return f.Delete(ctx, account, i.ID, 1, true) }), nil},
		{"delete", func() error { return f.Delete(ctx, account, i.ID, 0, true) }, []told{{"deleted", "medium", "deleted", "", ""}}},
		{"a second delete", refused(func() error { return f.Delete(ctx, account, i.ID, 0, true) }), nil},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		list := f.heard(t)
		if diff := cmp.Diff(step.want, tell(list)); diff != "" {
			t.Errorf("%s says (-want +got):\n%s", step.name, diff)
		}
		for _, s := range list {
			if bytes.Contains(s.Event, []byte("canary")) {
				t.Errorf("%s tells a value: %s", step.name, s.Event)
			}
			if s.Origin != i.ID.Text(event.PrefixIntegration) || s.Account != account || s.Hops != 0 || !s.At.Equal(f.Now()) {
				t.Errorf("%s: fact is %+v", step.name, s)
			}
		}
	}
	if len(f.lanes.applied) == 0 {
		t.Fatal("the lanes heard nothing")
	}
	for _, a := range f.lanes.applied {
		if len(a.Say) > 0 {
			t.Error("the lanes got facts")
		}
	}
}

func TestSaysCreated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{"owner":"canary-owner","enabled":false}`)
	if _, err := f.Create(t.Context(), account, object(t, `{}`)); err == nil {
		t.Fatal("a taken name was stored")
	}
	list := f.heard(t)
	if len(list) != 1 || len(i.Say) > 0 {
		t.Fatalf("%d facts, %d came back", len(list), len(i.Say))
	}
	id := i.ID.Text(event.PrefixIntegration)
	want := `{"type":"system.integration_created","severity":"info","title":"Integration \"Main\" (beacon) created",` +
		`"dedup_key":"integration/` + id + `","status":"disabled","data":{"integration":"` + id + `","kind":"beacon","name":"Main"}}`
	if got := string(list[0].Event); got != want {
		t.Errorf("the fact is\n%s\nwant\n%s", got, want)
	}
}

func TestSaysWhatADeleteLeaves(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{}`)
	f.heard(t)
	f.lanes.waiting, f.lanes.parked = 3, 2
	if err := f.Delete(t.Context(), account, i.ID, 0, true); err != nil {
		t.Fatal(err)
	}
	list := f.heard(t)
	if len(list) != 1 || gjson.GetBytes(list[0].Event, "data.waiting").Int() != 3 || gjson.GetBytes(list[0].Event, "data.parked").Int() != 2 {
		t.Errorf("says %+v", list)
	}
}

// TestSaysHostileNames names integrations as an attacker would. Names that a change refuses may still be in a store
// that an older version wrote.
func TestSaysHostileNames(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range []string{
		`x" (pager) deleted: "y`, `","severity":"critical","x":"`, "a\\", "</script><!channel>{{.}}${x}", "a\nb\x00\x1b[31m", "a\u202eb\u2066",
		"a\u2028b\u2029", "\xff\xfe", strings.Repeat("\U000e0041", MaxNameLength), strings.Repeat("\x00", 20_000), "",
	} {
		i := store.Integration{ID: event.NewID(), Account: account, Kind: "beacon", Name: name, Enabled: true, UpdatedAt: f.Now()}
		gone := switched(i, false, "the receiver said \x00"+name)
		list := f.sayChanged(i, gone)
		if len(list) != 1 || len(list[0].Event) > store.MaxSaidBytes {
			t.Errorf("%.40q: %d facts", name, len(list))
			continue
		}
		r, err := event.Parse(list[0].Event, account, f.Now(), event.DefaultLimits())
		if err != nil || r.Severity != event.High || r.Type != saidDisabled {
			t.Errorf("%.40q: %+v, %v", name, r, err)
			continue
		}
		title := gjson.GetBytes(list[0].Event, "title").Str
		if strings.ContainsFunc(title, func(r rune) bool { return !unicode.IsPrint(r) }) || len(title) > maxSaidTitle {
			t.Errorf("%.40q: the title is %q", name, title)
		}
		if got := gjson.GetBytes(list[0].Event, "data.name").Str; len(name) < maxSaidText && got != strings.ToValidUTF8(name, "\ufffd\ufffd") && got != name {
			t.Errorf("%.40q: the name is %.40q", name, got)
		}
	}
}
