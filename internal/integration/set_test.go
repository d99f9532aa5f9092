package integration

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The time of a secret moves when it becomes another one, and not with anything else that is saved.
func TestSecretsSet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.References.LookupEnv = func(name string) (string, bool) { return "of " + name, name == "TOKEN_A" || name == "TOKEN_B" }
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	day := 0
	f.Now = func() time.Time { return start.AddDate(0, 0, day) }
	by := act.With(t.Context(), act.Actor{Kind: act.KindUser, Name: "ana@example.com", Admin: true})
	i := f.create(t, `{"settings":{"headers":[{"name":"A","value":"canary-a"}]}}`)
	steps := []struct {
		name, patch string
		want        map[string]int // the day that each was set on
	}{
		{"another field", `{"owner":"soc","rotate_by":"2027-01-31"}`, map[string]int{"token": 0, "headers.0.value": 0}},
		{"another setting", `{"settings":{"mode":"plain"}}`, map[string]int{"token": 0, "headers.0.value": 0}},
		{"the mask", `{"settings":{"token":"********"}}`, map[string]int{"token": 0, "headers.0.value": 0}},
		{"one more", `{"settings":{"signing_secret":"canary-signing"}}`, map[string]int{"token": 0, "headers.0.value": 0, "signing_secret": 4}},
		{"the same again", `{"settings":{"token":"canary-token-1","signing_secret":null}}`, map[string]int{"token": 0, "headers.0.value": 0}},
		{"another", `{"settings":{"token":"canary-token-2"}}`, map[string]int{"token": 6, "headers.0.value": 0}},
		{"moved in a list", `{"settings":{"headers":[{"name":"B","value":"canary-b"},{"name":"A","value":"********"}]}}`, map[string]int{"token": 6, "headers.0.value": 7, "headers.1.value": 0}},
		{"moved and entered", `{"settings":{"headers":[{"name":"A","value":"canary-a"}]}}`, map[string]int{"token": 6, "headers.0.value": 0}},
		{"a reference", `{"settings":{"token":"env:TOKEN_A"}}`, map[string]int{"token": 9, "headers.0.value": 0}},
		{"the same reference", `{"settings":{"token":"env:TOKEN_A"}}`, map[string]int{"token": 9, "headers.0.value": 0}},
		{"another reference", `{"settings":{"token":"env:TOKEN_B"}}`, map[string]int{"token": 11, "headers.0.value": 0}},
		{"another place", `{"settings":{"url":"https://other.example.com"}}`, map[string]int{}},
		{"entered for it", `{"settings":{"token":"canary-token-3","headers":null}}`, map[string]int{"token": 13}},
	}
	for n, step := range steps {
		day = n + 1
		var err error
		if i, err = f.Update(by, account, i.ID, 0, json.RawMessage(step.patch)); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		want := map[string]store.SecretSet{}
		for path, on := range step.want {
			want[path] = store.SecretSet{At: start.AddDate(0, 0, on), By: "ana@example.com"}
			if on == 0 {
				want[path] = store.SecretSet{At: start, By: act.KindSystem}
			}
		}
		stored, err := f.Get(t.Context(), account, i.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, stored.SecretsSet); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	if ages := SecretAges(i); len(ages) != 1 || ages[0].Field != "token" || !ages[0].At.Equal(start.AddDate(0, 0, 13)) {
		t.Errorf("shown as %+v", ages)
	}

	if _, err := secretsOf(f).Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	sealedAnew, err := f.Get(t.Context(), account, i.ID)
	if err != nil || !cmp.Equal(sealedAnew.SecretsSet, i.SecretsSet) {
		t.Errorf("sealing it anew made it %+v, %v", sealedAnew.SecretsSet, err)
	}
	if err := f.Delete(t.Context(), account, i.ID, 0, true); err != nil {
		t.Fatal(err)
	}
	gone, err := f.Store.GetIntegration(t.Context(), account, i.ID)
	if err != nil || len(gone.SecretsSet) != 0 {
		t.Errorf("a deleted one keeps %+v, %v", gone.SecretsSet, err)
	}
}

// Of a secret that was stored before its time was noted nothing is known, until it is replaced. A long name is cut.
func TestSecretsSetBefore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{"settings":{"signing_secret":"canary-signing"}}`)
	i.SecretsSet = nil
	if err := f.store.UpdateIntegration(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	by := act.With(t.Context(), act.Actor{Kind: act.KindKey, Name: strings.Repeat("é", 1000)})
	i, err := f.Update(by, account, i.ID, 0, json.RawMessage(`{"owner":"soc","settings":{"token":"canary-token-1"}}`))
	if err != nil || len(SecretAges(i)) != 0 {
		t.Errorf("%+v, %v", i.SecretsSet, err)
	}
	i, err = f.Update(by, account, i.ID, 0, json.RawMessage(`{"settings":{"token":"canary-token-2"}}`))
	if ages := SecretAges(i); err != nil || len(ages) != 1 || ages[0].Field != "token" || len(ages[0].By) > 300 || ages[0].By == "" {
		t.Errorf("%+v, %v", i.SecretsSet, err)
	}
}
