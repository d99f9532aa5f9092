package integration

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestCreateKeepsSecretsApart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{"settings":{"headers":[{"name":"X-A","value":"canary-header"}]},"owner":"siem team","rotate_by":"2027-01-31"}`)

	if i.Version != 1 || !i.Enabled || i.Owner != "siem team" || i.RotateBy != "2027-01-31" {
		t.Errorf("created %+v", i)
	}
	stored, err := f.store.GetIntegration(t.Context(), account, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	row := fmt.Appendf(nil, "%s %s %s %+v", stored.Settings, stored.Subscription, stored.Delivery, stored)
	if bytes.Contains(row, []byte("canary")) {
		t.Errorf("the stored row holds a secret in clear: %s", row)
	}
	for _, path := range []string{"token", "headers.0.value"} {
		if len(stored.Secrets[path]) == 0 {
			t.Errorf("no sealed secret at %s", path)
		}
	}
	if want := `{"types":["alert.*"],"min_severity":"info","alert_types":[],"projects":[],"include_children":false,"where":""}`; string(stored.Subscription) != want {
		t.Errorf("subscription is %s, want %s", stored.Subscription, want)
	}
	if got := f.lanes.last(t); got.ID != i.ID {
		t.Errorf("the lanes heard of %v", got.ID)
	}
	opened, err := f.Open(t.Context(), stored)
	if err != nil {
		t.Fatal(err)
	}
	b := opened.(*beacon)
	if b.s.token.Reveal() != "canary-token-1" || b.s.headers[0].value.Reveal() != "canary-header" {
		t.Error("the opened connector lacks its secrets")
	}
}

func TestCreateReportsEveryField(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.Create(t.Context(), account, []byte(`{"kind":"beacon","nmae":"x","enabled":"yes","rotate_by":"soon",
		"settings":{"url":"ftp://x","color":1,"headers":[{"name":"X-A"}]},
		"subscription":{"types":["alert.*","ALERT"],"min_severity":"huge"},
		"delivery":{"concurrency":0,"retry":{"schedule":["soon"]}}}`))
	want := []string{
		"enabled", "nmae", "name", "rotate_by", "settings.url", "settings.token", "settings.headers.0.value",
		"settings.color", "subscription.types.1", "subscription.min_severity", "delivery.concurrency",
		"delivery.retry.schedule.0",
	}
	if diff := cmp.Diff(want, paths(t, err)); diff != "" {
		t.Errorf("paths (-want +got):\n%s\nerrors: %v", diff, err)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create(t, `{}`)
	t.Run("unknown kind", func(t *testing.T) {
		_, err := f.Create(t.Context(), account, []byte(`{"kind":"becon","name":"x"}`))
		var unknown *UnknownKindError
		if !errors.As(err, &unknown) || !cmp.Equal(unknown.Known, []string{"beacon", "pager", "relay"}) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("name taken", func(t *testing.T) {
		_, err := f.Create(t.Context(), account, object(t, `{}`))
		var taken *NameTakenError
		if !errors.As(err, &taken) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("same name of another kind", func(t *testing.T) { f.create(t, `{"kind":"pager"}`) })
	for name, raw := range map[string]string{
		"":               `[1]`,
		"kind":           `{"name":"x"}`,
		"settings":       `{"kind":"beacon","name":"x","settings":7}`,
		"name":           `{"kind":"beacon","name":" x","settings":{"url":"https://a.example","token":"12345678"}}`,
		"owner":          `{"kind":"beacon","name":"x","owner":"a\u202eb","settings":{"url":"https://a.example","token":"12345678"}}`,
		"settings.token": `{"kind":"beacon","name":"x","settings":{"url":"https://a.example","token":"` + form.Mask + `"}}`,
	} {
		t.Run("field "+name, func(t *testing.T) {
			_, err := f.Create(t.Context(), account, []byte(raw))
			if got := paths(t, err); len(got) == 0 || got[0] != name {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestHiddenCharacters: a name and an owner show what they are: no character of them is not seen or ends the line.
func TestHiddenCharacters(t *testing.T) {
	t.Parallel()
	for r, refused := range map[rune]bool{
		'\n': true, '\u0085': true, '\u00ad': true, '\u061c': true, '\u200b': true, '\u200c': true, '\u200d': true, '\u2028': true,
		'\u2029': true, '\u202e': true, '\u2066': true, '\ufeff': true, '\ue000': true, '\U000e0041': true,
		'é': false, '語': false, '😀': false, '\u0301': false, '\ufe0f': false,
	} {
		var errs form.Errors
		checkName("a"+string(r)+"b", &errs)
		checkLine("owner", "a"+string(r)+"b", MaxOwnerLength, &errs)
		if got := len(errs) == 2; got != refused || !refused && len(errs) > 0 {
			t.Errorf("%U: %v", r, errs)
		}
	}
}

func TestUpdateMerges(t *testing.T) {
	t.Parallel()
	const headers = `{"settings":{"headers":[{"name":"X-A","value":"secret-a"},{"name":"X-B","value":"secret-b"}]}}`
	token := func(b *beacon) string { return b.s.token.Reveal() }
	for _, tt := range []struct {
		name, patch string
		see         func(*beacon) string
		want        string
	}{
		{"left out", `{"settings":{"url":"https://siem.example.com/other"}}`, token, "canary-token-1"},
		{"masked", `{"settings":{"token":"` + form.Mask + `"}}`, token, "canary-token-1"},
		{"changed", `{"settings":{"token":"another-token"}}`, token, "another-token"},
		{"other setting kept", `{"settings":{"token":"another-token"}}`, func(b *beacon) string { return b.s.url }, "https://siem.example.com/in"},
		{"reordered list", `{"settings":{"headers":[{"name":"X-B","value":"` + form.Mask + `"},{"name":"X-A"}]}}`,
			func(b *beacon) string { return b.s.headers[0].value.Reveal() + b.s.headers[1].value.Reveal() }, "secret-bsecret-a"},
		{"nothing about settings", `{"name":"Renamed"}`, token, "canary-token-1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			i := f.create(t, headers)
			changed, err := f.Update(t.Context(), account, i.ID, i.Version, []byte(tt.patch))
			if err != nil {
				t.Fatal(err)
			}
			if changed.Version != 2 || f.lanes.last(t).Version != 2 {
				t.Errorf("version %d, the lanes have %d; want 2", changed.Version, f.lanes.last(t).Version)
			}
			opened, err := f.Open(t.Context(), changed)
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.see(opened.(*beacon)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestUpdateReadBackIsNoChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{"delivery":{"concurrency":4}}`)
	back := fmt.Sprintf(`{"id":%q,"kind":"beacon","name":"Main","version":1,"created_at":"x","warnings":[],"settings":%s,"subscription":%s,"delivery":%s}`,
		i.ID.Text(event.PrefixIntegration), f.Settings(i), i.Subscription, f.Delivery(i))
	changed, err := f.Update(t.Context(), account, i.ID, 0, []byte(back))
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(f.Settings(changed), f.Settings(i)) || !cmp.Equal(f.Delivery(changed), f.Delivery(i)) {
		t.Errorf("reading and writing back changed %s to %s", f.Settings(i), f.Settings(changed))
	}
}

func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{}`)
	f.create(t, `{"name":"Other"}`)
	update := func(version int64, patch string) error {
		_, err := f.Update(t.Context(), account, i.ID, version, []byte(patch))
		return err
	}
	wantErr(t, update(7, `{"owner":"x"}`), ErrVersion)
	var taken *NameTakenError
	if err := update(0, `{"name":"Other"}`); !errors.As(err, &taken) {
		t.Errorf("a taken name gave %v", err)
	}
	if got := paths(t, update(0, `{"kind":"pager"}`)); !cmp.Equal(got, []string{"kind"}) {
		t.Errorf("a changed kind gave %v", got)
	}
	if got := paths(t, update(0, `{"settings":null,"subscription":null}`)); !cmp.Equal(got, []string{"settings.url", "settings.token"}) {
		t.Errorf("settings of null gave %v", got)
	}
	if _, err := f.Update(t.Context(), "another", i.ID, 0, []byte(`{}`)); !errors.Is(err, ErrNotFound) {
		t.Errorf("another account's integration gave %v", err)
	}
	now, err := f.Get(t.Context(), account, i.ID)
	if err != nil || now.Version != 1 {
		t.Errorf("refused changes left version %d, %v", now.Version, err)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.create(t, `{}`).ID
	step := func(name string, i store.Integration, err error, enabled, paused bool, reason string) {
		t.Helper()
		if err != nil || i.Enabled != enabled || i.Paused != paused || i.DisabledReason != reason {
			t.Errorf("%s: enabled %v, paused %v, reason %q, error %v", name, i.Enabled, i.Paused, i.DisabledReason, err)
		}
	}
	ctx := t.Context()
	i, err := f.Disable(ctx, account, id, "the receiver\nanswered 410")
	step("disabled by the hub", i, err, false, false, "the receiver answered 410")
	i, err = f.Disable(ctx, account, id, "")
	step("disabled again by a person keeps the reason", i, err, false, false, "the receiver answered 410")
	i, err = f.Enable(ctx, account, id)
	step("enabled", i, err, true, false, "")
	i, err = f.Pause(ctx, account, id)
	step("paused", i, err, true, true, "")
	i, err = f.Resume(ctx, account, id)
	step("resumed", i, err, true, false, "")
	i, err = f.Update(ctx, account, id, 0, []byte(`{"enabled":false,"paused":true}`))
	step("by patch", i, err, false, true, "")
}

func TestDelete(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{}`)
	ctx := t.Context()

	f.lanes.waiting, f.lanes.parked = 3, 2
	var backlog *BacklogError
	if err := f.Delete(ctx, account, i.ID, 0, false); !errors.As(err, &backlog) || backlog.Waiting != 3 || backlog.Parked != 2 {
		t.Fatalf("deleting with a backlog gave %v", err)
	}
	wantErr(t, f.Delete(ctx, account, i.ID, 9, true), ErrVersion)
	if err := f.Delete(ctx, account, i.ID, 1, true); err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(f.lanes.removed, []event.ID{i.ID}) {
		t.Errorf("the lanes removed %v", f.lanes.removed)
	}
	_, err := f.Get(ctx, account, i.ID)
	wantErr(t, err, ErrNotFound)
	wantErr(t, f.Delete(ctx, account, i.ID, 0, true), ErrNotFound)
	row, err := f.store.GetIntegration(ctx, account, i.ID)
	if err != nil || row.DeletedAt.IsZero() || len(row.Secrets) > 0 {
		t.Errorf("its history is %+v, %v", row, err)
	}
	f.create(t, `{}`) // the name is free again
}

func TestChangesOfManyAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.create(t, `{}`).ID
	const n = 20
	done := make(chan error, n)
	for k := range n {
		go func() {
			_, err := f.Update(t.Context(), account, id, 0, fmt.Appendf(nil, `{"settings":{"token":"token-number-%02d"}}`, k))
			done <- err
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for k, i := range f.lanes.applied {
		if i.Version != int64(k+1) {
			t.Fatalf("the lanes heard of version %d as number %d", i.Version, k)
		}
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{"settings":{"url":"http://siem.example.com","verify_tls":false},"subscription":null,"rotate_by":"2026-03-10"}`)
	var fields []string
	for _, w := range f.Warnings(i) {
		fields = append(fields, w.Field)
	}
	want := []string{"subscription.types", "settings.url", "settings.verify_tls", "settings.signing_secret", "rotate_by"}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	def := f.Catalogue[i.Kind]
	def.CallsBack = true // then the secret is the vendor's
	f.Catalogue[i.Kind] = def
	if slices.ContainsFunc(f.Warnings(i), func(w Warning) bool { return w.Field == "settings.signing_secret" }) {
		t.Error("warns of the secret of a vendor that calls")
	}
	quiet := f.create(t, `{"name":"Quiet","settings":{"signing_secret":"a-secret-of-mine"},"rotate_by":"2027-03-10"}`)
	if w := f.Warnings(quiet); len(w) > 0 {
		t.Errorf("nothing is wrong, and it warns of %v", w)
	}
}
