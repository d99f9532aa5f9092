package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// wall is a responder and nothing else.
type wall struct{ b *beacon }

func openWall(s *beaconSettings, env connector.Env) (*wall, error) {
	b, err := openBeacon(s, env)
	return &wall{b}, err
}

var _ connector.Blocker = (*wall)(nil)

func (*wall) BlockLimits() connector.BlockLimits {
	return connector.BlockLimits{IPv4: []int{32}, Batch: 1}
}

func (*wall) Blocked(context.Context) (*connector.BlockSnapshot, error) {
	return new(connector.BlockSnapshot), nil
}

func (w *wall) Change(ctx context.Context, _ *connector.BlockSnapshot, changes []connector.BlockChange) ([]connector.BlockResult, error) {
	err := w.b.do(ctx, &httpkit.Request{Method: http.MethodPost, URL: w.b.s.url})
	return make([]connector.BlockResult, len(changes)), err
}

func (w *wall) Test(ctx context.Context) error { return w.b.Test(ctx) }

func (w *wall) Close() { w.b.Close() }

func withWall(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	def := connector.Define(connector.Kind{Name: "wall", Title: "Wall", Category: connector.CategoryResponse}, openWall)
	f.Catalogue[def.Kind.Name] = def
	return f
}

const wallObject = `{"kind":"wall","name":"Edge","subscription":null}`

// TestResponderHasNoSubscription: a responder is made without one, and every filter is refused by its name. What was shown
// may come back.
func TestResponderHasNoSubscription(t *testing.T) {
	t.Parallel()
	f := withWall(t)
	i := f.create(t, wallObject)
	const empty = `{"types":[],"min_severity":"info","alert_types":[],"projects":[],"include_children":false,"where":""}`
	if string(i.Subscription) != empty {
		t.Errorf("it is stored with the subscription %s", i.Subscription)
	}
	for patch, want := range map[string][]string{
		`{"types":["alert.*"]}`:                         {"subscription.types"},
		`{"types":["*"],"min_severity":"high"}`:         {"subscription.min_severity", "subscription.types"},
		`{"where":"true","projects":["web"]}`:           {"subscription.projects", "subscription.where"},
		`{"include_children":true,"alert_types":["x"]}`: {"subscription.alert_types", "subscription.include_children"},
		`{"types":[]}`: nil,
		`null`:         nil,
		empty:          nil,
	} {
		changed, err := f.Update(t.Context(), account, i.ID, 0, json.RawMessage(`{"subscription":`+patch+`}`))
		if want == nil {
			if err != nil || string(changed.Subscription) != empty {
				t.Errorf("%s: %s, %v", patch, changed.Subscription, err)
			}
			continue
		}
		if got := paths(t, err); !slices.Equal(got, want) || !strings.Contains(err.Error(), "wall does not receive events: it is a responder") {
			t.Errorf("%s: %v (%v), want %v", patch, got, err, want)
		}
	}
	if _, err := f.Create(t.Context(), account, object(t, `{"kind":"wall","name":"With types"}`)); !slices.Equal(paths(t, err), []string{"subscription.types"}) {
		t.Errorf("made with types: %v", err)
	}
}

func TestResponderWarnings(t *testing.T) {
	t.Parallel()
	f := withWall(t)
	of := func(i store.Integration) map[string]string {
		found := map[string]string{}
		for _, w := range f.Warnings(i) {
			found[w.Field] = w.Message
		}
		return found
	}
	if got := of(f.create(t, `{"kind":"wall","name":"Edge","subscription":null,"settings":{"signing_secret":"canary-secret-1"}}`)); len(got) > 0 {
		t.Errorf("a responder that is as it should be: %v", got)
	}
	got := of(f.create(t, `{"kind":"wall","name":"Clear","subscription":null,"settings":{"url":"http://firewall.example.com"},"delivery":{"concurrency":3}}`))
	want := map[string]string{
		"delivery":                "has no effect: a responder receives no events",
		"settings.url":            "is an http URL: blocks and credentials travel in clear text",
		"settings.signing_secret": "is not set: the receiver cannot tell who sent a message",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestResponderGivesSecretsUp: a responder that is sent elsewhere gives its secrets up, as any integration does; what waits
// are blocks.
func TestResponderGivesSecretsUp(t *testing.T) {
	t.Parallel()
	f := withWall(t)
	i := f.create(t, wallObject)
	i, err := f.Update(t.Context(), account, i.ID, 0, json.RawMessage(`{"settings":{"url":"https://elsewhere.example.com"}}`))
	if err != nil || !slices.Equal(i.Voided, []string{"token"}) || !i.Held() {
		t.Fatalf("voided %v, %v", i.Voided, err)
	}
	if got := f.Warnings(i)[0]; got.Field != "settings.token" || !strings.Contains(got.Message, "blocks wait until") {
		t.Errorf("%+v", got)
	}
}

// TestResponderFallback: a responder is no fallback and has none.
func TestResponderFallback(t *testing.T) {
	t.Parallel()
	f := withWall(t)
	edge, main := f.create(t, wallObject), f.create(t, `{}`)
	for _, pair := range [][2]store.Integration{{edge, main}, {main, edge}} {
		patch := fmt.Sprintf(`{"fallback":%q}`, idText(pair[1]))
		_, err := f.Update(t.Context(), account, pair[0].ID, 0, json.RawMessage(patch))
		if got := paths(t, err); !slices.Equal(got, []string{"fallback"}) || !strings.Contains(err.Error(), "it is a responder") {
			t.Errorf("%s to %s: %v", pair[0].Kind, pair[1].Kind, err)
		}
	}
	if i, err := f.Update(t.Context(), account, edge.ID, 0, json.RawMessage(`{"fallback":null}`)); err != nil || !i.Fallback.IsZero() {
		t.Errorf("none: %v", err)
	}
}

// TestTryingResponder: a test proves its credentials; there is no event to send or to show.
func TestTryingResponder(t *testing.T) {
	t.Parallel()
	var asked []string
	vendor := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.Method+" "+r.URL.Path) }))
	t.Cleanup(vendor.Close)
	f := withWall(t)
	i := f.create(t, `{"kind":"wall","name":"Edge","subscription":null,"settings":{"url":"`+vendor.URL+`"}}`)
	got, err := f.Test(t.Context(), account, i.ID, TestInput{})
	if err != nil || !got.OK || got.Grade != Accepted {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = f.Test(t.Context(), account, i.ID, TestInput{EventType: "alert.created"})
	if got := paths(t, err); !slices.Equal(got, []string{"event_type"}) || !strings.Contains(err.Error(), "it is a responder") {
		t.Errorf("a test with an event: %v", err)
	}
	for _, in := range []PreviewInput{{EventType: "alert.created"}, {EventID: event.NewID().Text(event.PrefixEvent)}, {}} {
		_, err := f.Preview(t.Context(), account, i.ID, in)
		if paths(t, err); !strings.Contains(err.Error(), "POST /api/v1/blocks/plan") {
			t.Errorf("%+v: %v", in, err)
		}
	}
	if want := []string{"GET /ping"}; !slices.Equal(asked, want) {
		t.Errorf("the vendor was asked %q, want %q", asked, want)
	}
}

// TestDeletingResponder: while something is blocked by it, it is not forgotten without being told so.
func TestDeletingResponder(t *testing.T) {
	t.Parallel()
	f := withWall(t)
	i, other := f.create(t, wallObject), f.create(t, `{}`)
	held := 3
	f.Held = func(_ context.Context, _ event.Account, id event.ID) (int, error) {
		if id != i.ID {
			return 0, nil
		}
		return held, nil
	}
	err := f.Delete(t.Context(), account, i.ID, 0, false)
	if e, ok := err.(*HeldError); !ok || e.Entries != 3 { //nolint:errorlint // it is not wrapped
		t.Fatalf("it is deleted with entries: %v", err)
	}
	if err := f.Delete(t.Context(), account, other.ID, 0, false); err != nil {
		t.Errorf("another: %v", err)
	}
	if err := f.Delete(t.Context(), account, i.ID, 0, true); err != nil {
		t.Errorf("with force: %v", err)
	}
	if _, err := f.Get(t.Context(), account, i.ID); err == nil {
		t.Error("it is still there")
	}
	j := f.create(t, wallObject)
	f.Held = func(context.Context, event.Account, event.ID) (int, error) { return 0, context.DeadlineExceeded }
	wantErr(t, f.Delete(t.Context(), account, j.ID, 0, false), context.DeadlineExceeded)
}

// TestMovingResponder: while it holds entries at one place it is not sent to another one, where what others have made would
// be taken for ours.
func TestMovingResponder(t *testing.T) {
	t.Parallel()
	f := withWall(t)
	def := f.Catalogue["wall"]
	def.Kind.Place = []string{"url"}
	f.Catalogue["wall"] = def
	i := f.create(t, wallObject)
	held := 2
	f.Held = func(context.Context, event.Account, event.ID) (int, error) { return held, nil }
	const moved = `{"settings":{"url":"https://other.example.com/x"}}`
	_, err := f.Update(t.Context(), account, i.ID, 0, []byte(moved))
	if diff := cmp.Diff([]string{"settings.url"}, pathsOf(err)); diff != "" {
		t.Error(diff, err)
	}
	if _, err := f.Update(t.Context(), account, i.ID, 0, []byte(`{"name":"Core"}`)); err != nil {
		t.Errorf("all else can be changed: %v", err)
	}
	held = 0
	if _, err := f.Update(t.Context(), account, i.ID, 0, []byte(moved)); err != nil {
		t.Errorf("it holds nothing: %v", err)
	}
}

func pathsOf(err error) (paths []string) {
	errs, _ := form.AsErrors(err)
	for _, e := range errs {
		paths = append(paths, e.Path)
	}
	return paths
}

// TestSwitchingResponder: it is switched off and on, and paused, as any integration is; those who follow it hear of it.
func TestSwitchingResponder(t *testing.T) {
	t.Parallel()
	f := withWall(t)
	i := f.create(t, wallObject)
	for _, step := range []struct {
		do              func(context.Context, event.Account, event.ID) (store.Integration, error)
		enabled, paused bool
	}{
		{f.Pause, true, true},
		{f.Resume, true, false},
		{func(ctx context.Context, a event.Account, id event.ID) (store.Integration, error) {
			return f.Disable(ctx, a, id, "")
		}, false, false},
		{f.Enable, true, false},
	} {
		got, err := step.do(t.Context(), account, i.ID)
		last := f.lanes.last(t)
		if err != nil || got.Enabled != step.enabled || got.Paused != step.paused || last.Enabled != step.enabled || last.Paused != step.paused {
			t.Errorf("%+v, %v; heard of %+v", got, err, last)
		}
	}
}
