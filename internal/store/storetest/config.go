package storetest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func testMeta(t *testing.T, s *suite) {
	_, err := s.GetMeta(s.ctx, "epoch")
	wantErr(t, "a key that was never set", err, store.ErrNotFound)
	for _, v := range []string{"1", "", "two\nlines"} {
		must(t, s.SetMeta(s.ctx, "epoch", v))
		got, err := s.GetMeta(s.ctx, "epoch")
		must(t, err)
		same(t, "value", got, v)
	}
	must(t, s.Ping(s.ctx))
}

func integration(account event.Account, name string) store.Integration {
	return store.Integration{
		ID:             event.NewID(),
		Account:        account,
		Kind:           "webhook",
		Name:           name,
		Enabled:        true,
		Paused:         true,
		DisabledReason: "the receiver answered 410",
		Settings:       json.RawMessage(`{"url":"https://example.com", "signing_secret":"********"}`),
		Secrets:        map[string][]byte{"signing_secret": {0, 1, 2, 0xff}, "headers.0.value": {9}},
		SecretsSet:     map[string]store.SecretSet{"signing_secret": {At: at(1), By: "dana@example.com"}, "headers.0.value": {At: at(2)}},
		Subscription:   json.RawMessage(`{"types":["*"]}`),
		Delivery:       json.RawMessage(`{"order":"none"}`),
		Fallback:       event.ID{7, 15: 1},
		Owner:          "soc@example.com",
		RotateBy:       "2027-01-31",
		Version:        1,
		CreatedAt:      at(1),
		UpdatedAt:      at(2),
	}
}

func testIntegrationRoundTrip(t *testing.T, s *suite) {
	full := integration(acme, "full")
	bare := store.Integration{ID: event.NewID(), Account: acme, Kind: "capture", Name: "bare", CreatedAt: at(3), UpdatedAt: at(3), Version: 1}
	for _, want := range []store.Integration{full, bare} {
		must(t, s.CreateIntegration(s.ctx, want))
		got, err := s.GetIntegration(s.ctx, acme, want.ID)
		must(t, err)
		same(t, "integration", got, want)
		_, err = s.GetIntegration(s.ctx, other, want.ID)
		wantErr(t, "another account's integration", err, store.ErrNotFound)
	}
	_, err := s.GetIntegration(s.ctx, acme, event.NewID())
	wantErr(t, "an unknown integration", err, store.ErrNotFound)
	wantErr(t, "a known id", s.CreateIntegration(s.ctx, store.Integration{ID: full.ID, Account: other, Kind: "x", Name: "x"}), store.ErrConflict)

	odd := integration(acme, "version is always 1 at first")
	odd.Version = 17
	must(t, s.CreateIntegration(s.ctx, odd))
	got, err := s.GetIntegration(s.ctx, acme, odd.ID)
	must(t, err)
	same(t, "first version", got.Version, int64(1))
}

func testIntegrationVersions(t *testing.T, s *suite) {
	i := integration(acme, "first")
	must(t, s.CreateIntegration(s.ctx, i))
	i.Name, i.Enabled, i.Paused, i.DisabledReason, i.Owner = "second", false, false, "", ""
	i.Settings, i.Secrets, i.SecretsSet, i.Fallback = json.RawMessage(`{}`), nil, map[string]store.SecretSet{"token": {At: at(9)}}, event.ID{}
	i.UpdatedAt = at(10)
	must(t, s.UpdateIntegration(s.ctx, i))
	stale := i
	i.Version = 2
	got, err := s.GetIntegration(s.ctx, acme, i.ID)
	must(t, err)
	same(t, "changed integration", got, i)

	wantErr(t, "a stale version", s.UpdateIntegration(s.ctx, stale), store.ErrConflict)
	foreign := i
	foreign.Account = other
	wantErr(t, "another account's integration", s.UpdateIntegration(s.ctx, foreign), store.ErrNotFound)
	wantErr(t, "an unknown integration", s.UpdateIntegration(s.ctx, integration(acme, "unknown")), store.ErrNotFound)
	got, err = s.GetIntegration(s.ctx, acme, i.ID)
	must(t, err)
	same(t, "integration after refused changes", got, i)
}

func testIntegrationNames(t *testing.T, s *suite) {
	first := integration(acme, "name")
	must(t, s.CreateIntegration(s.ctx, first))
	wantErr(t, "a taken name", s.CreateIntegration(s.ctx, integration(acme, "name")), store.ErrConflict)
	must(t, s.CreateIntegration(s.ctx, integration(other, "name"))) // another account
	kind := integration(acme, "name")
	kind.Kind = "splunk"
	must(t, s.CreateIntegration(s.ctx, kind)) // another kind

	second := integration(acme, "second")
	must(t, s.CreateIntegration(s.ctx, second))
	second.Name = "name"
	wantErr(t, "a change to a taken name", s.UpdateIntegration(s.ctx, second), store.ErrConflict)

	first.DeletedAt = at(20)
	must(t, s.UpdateIntegration(s.ctx, first))
	must(t, s.UpdateIntegration(s.ctx, second)) // a deleted integration gives its name back
	got, err := s.GetIntegration(s.ctx, acme, first.ID)
	must(t, err)
	same(t, "time of deletion", got.DeletedAt, at(20))
}

func testIntegrationList(t *testing.T, s *suite) {
	var want []string
	add := func(name string) {
		must(t, s.CreateIntegration(s.ctx, integration(acme, name)))
		must(t, s.CreateIntegration(s.ctx, integration(other, name)))
	}
	for n := range 11 {
		name := fmt.Sprintf("m%02d", n)
		want = append(want, name)
		add(name)
	}
	twin := integration(acme, "m10")
	twin.Kind = "splunk" // the same name twice
	must(t, s.CreateIntegration(s.ctx, twin))
	want = append(want, "m10")
	gone := integration(acme, "m05 deleted")
	gone.DeletedAt = at(1)
	must(t, s.CreateIntegration(s.ctx, gone))

	everything, err := s.AllIntegrations(s.ctx)
	must(t, err)
	same(t, "number of existing integrations", len(everything), 2*11+1)

	list := func(p store.Page) ([]store.Integration, string, error) { return s.ListIntegrations(s.ctx, acme, p) }
	checkWalk(t, list, func(i store.Integration) string {
		if i.Account != acme {
			t.Fatalf("the list holds %s's integration", i.Account)
		}
		return i.Name + map[bool]string{true: " twin"}[i.ID == twin.ID]
	}, append(want[:11:11], "m10 twin"), func(n int) {
		add(fmt.Sprintf("a%02d", n)) // before the cursor
		add(fmt.Sprintf("z%02d", n)) // after it
	})
}

func testJobs(t *testing.T, s *suite) {
	j := store.Job{
		ID: event.NewID(), Account: acme, Kind: "replay", State: "queued", Spec: json.RawMessage(`{"ids":[]}`),
		Total: 10, Done: 3, Failed: 2, Error: "it broke", CreatedAt: at(1), UpdatedAt: at(2),
	}
	must(t, s.SaveJob(s.ctx, j))
	running := store.Job{ID: event.NewID(), Account: other, Kind: "replay", State: "running", CreatedAt: at(1), UpdatedAt: at(1)}
	must(t, s.SaveJob(s.ctx, running))
	for n, state := range []string{"done", "failed", "cancelled"} {
		must(t, s.SaveJob(s.ctx, store.Job{ID: event.NewID(), Account: acme, Kind: "replay", State: state, CreatedAt: at(n)}))
	}
	got, err := s.GetJob(s.ctx, acme, j.ID)
	must(t, err)
	same(t, "job", got, j)
	_, err = s.GetJob(s.ctx, other, j.ID)
	wantErr(t, "another account's job", err, store.ErrNotFound)
	stolen := j
	stolen.Account, stolen.State = other, "done"
	wantErr(t, "saving another account's job", s.SaveJob(s.ctx, stolen), store.ErrConflict)

	unfinished, err := s.UnfinishedJobs(s.ctx)
	must(t, err)
	same(t, "unfinished jobs", unfinished, []store.Job{j, running})
	j.State, j.Done, j.UpdatedAt = "done", 10, at(9)
	must(t, s.SaveJob(s.ctx, j))
	got, err = s.GetJob(s.ctx, acme, j.ID)
	must(t, err)
	same(t, "job at its end", got, j)
	unfinished, err = s.UnfinishedJobs(s.ctx)
	must(t, err)
	same(t, "unfinished jobs after one's end", unfinished, []store.Job{running})
}
