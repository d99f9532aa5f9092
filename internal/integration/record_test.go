package integration

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// fakeRecorder remembers the acts and how they ended.
type fakeRecorder struct {
	mu     sync.Mutex
	acts   []act.Act
	actors []act.Actor
	ended  []error
	refuse error
}

func (r *fakeRecorder) Begin(ctx context.Context, a act.Act) (act.Finish, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != nil {
		return nil, r.refuse
	}
	r.acts, r.actors = append(r.acts, a), append(r.actors, act.From(ctx))
	return func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended = append(r.ended, err)
	}, nil
}

// take gives the acts since the last time, and checks that each has ended.
func (r *fakeRecorder) take(t *testing.T) []act.Act {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.acts) != len(r.ended) {
		t.Errorf("%d acts began, %d ended", len(r.acts), len(r.ended))
	}
	list := r.acts
	r.acts, r.ended = nil, nil
	return list
}

func TestEveryChangeIsRecorded(t *testing.T) {
	t.Parallel()
	f, recorder := newFixture(t), &fakeRecorder{}
	f.Recorder = recorder
	ctx := t.Context()
	i := f.create(t, `{"settings":{"headers":[{"name":"X-A","value":"canary-a"}]}}`)
	update := func(patch string) error {
		_, err := f.Update(ctx, account, i.ID, 0, []byte(patch))
		return err
	}
	for _, step := range []struct {
		name, action, before, after string
		do                          func() error
	}{
		{"created", actCreate, "", `{"deleted":false,"delivery":{},"enabled":true,"fallback":"","kind":"beacon","name":"Main","owner":"","paused":false,` +
			`"rotate_by":"","secret.headers.0.value":"entered","secret.token":"entered",` +
			`"settings.headers":[{"name":"X-A","value":"********"}],"settings.mode":"plain","settings.token":"********",` +
			`"settings.url":"https://siem.example.com/in","settings.verify_tls":true,` +
			`"subscription":{"types":["alert.*"],"min_severity":"info","alert_types":[],"projects":[],"include_children":false,"where":""},"voided":[]}`,
			func() error { return nil }},
		{"a setting", actUpdate, `{"settings.mode":"plain"}`, `{"settings.mode":"panics"}`, func() error { return update(`{"settings":{"mode":"panics"}}`) }},
		{"a secret", actUpdate, "", `{"secret.token":"entered"}`, func() error { return update(`{"settings":{"token":"canary-token-2"}}`) }},
		{"the same secret", actUpdate, "", "", func() error { return update(`{"settings":{"token":"canary-token-2"}}`) }},
		{"a secret less", actUpdate, `{"settings.headers":[{"name":"X-A","value":"********"}]}`,
			`{"secret.headers.0.value":"removed","settings.headers":[]}`, func() error { return update(`{"settings":{"headers":[]}}`) }},
		{"another host", actUpdate, `{"settings.url":"https://siem.example.com/in","voided":[]}`,
			`{"secret.token":"given up","settings.url":"https://new.example.com","voided":["token"]}`,
			func() error { return update(`{"settings":{"url":"https://new.example.com"}}`) }},
		{"disabled by the hub", actDisable, `{"enabled":true}`, `{"enabled":false}`,
			func() error { _, err := f.Disable(ctx, account, i.ID, "the receiver answered 410"); return err }},
		{"enabled", actEnable, `{"enabled":false}`, `{"enabled":true}`, func() error { _, err := f.Enable(ctx, account, i.ID); return err }},
		{"paused", actPause, `{"paused":false}`, `{"paused":true}`, func() error { _, err := f.Pause(ctx, account, i.ID); return err }},
		{"resumed", actResume, `{"paused":true}`, `{"paused":false}`, func() error { _, err := f.Resume(ctx, account, i.ID); return err }},
		{"deleted", actDelete, `{"deleted":false,"enabled":true,"voided":["token"]}`, `{"deleted":true,"enabled":false,"voided":[]}`,
			func() error { return f.Delete(ctx, account, i.ID, 0, true) }},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		acts := recorder.take(t)
		if len(acts) != 1 {
			t.Fatalf("%s: %d acts", step.name, len(acts))
		}
		a := acts[0]
		if a.Action != step.action || a.Account != account || a.Target != i.ID.Text(event.PrefixIntegration) {
			t.Errorf("%s: %+v", step.name, a)
		}
		if diff := cmp.Diff([]string{step.before, step.after}, []string{string(a.Before), string(a.After)}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
		if strings.Contains(string(a.Before)+string(a.After), "canary") {
			t.Errorf("%s: the record holds a secret", step.name)
		}
		if note := a.Note; (step.name == "disabled by the hub") != (note == "the receiver answered 410") {
			t.Errorf("%s: the note is %q", step.name, note)
		}
	}
	for _, a := range recorder.actors {
		if a.Kind != act.KindSystem {
			t.Errorf("without an actor in the context it is %+v", a)
		}
	}
}

// TestNoRecordNoAct: what cannot be written down does not happen.
func TestNoRecordNoAct(t *testing.T) {
	t.Parallel()
	f, recorder, r := newFixture(t), &fakeRecorder{}, newReceiver(t)
	i := f.create(t, `{"settings":{"url":"`+r.URL+`"}}`)
	f.Recorder = recorder
	recorder.refuse = errors.New("the disk is full")
	ctx := t.Context()
	for name, do := range map[string]func() error{
		"create":  func() error { _, err := f.Create(ctx, account, object(t, `{"name":"Second"}`)); return err },
		"update":  func() error { _, err := f.Update(ctx, account, i.ID, 0, []byte(`{"name":"x"}`)); return err },
		"disable": func() error { _, err := f.Disable(ctx, account, i.ID, ""); return err },
		"pause":   func() error { _, err := f.Pause(ctx, account, i.ID); return err },
		"delete":  func() error { return f.Delete(ctx, account, i.ID, 0, true) },
		"test":    func() error { _, err := f.Test(ctx, account, i.ID, TestInput{}); return err },
		"rotate": func() error {
			_, err := (&Secrets{Sealer: f.sealer, Integrations: f.Service, Recorder: recorder}).Rotate(ctx)
			return err
		},
	} {
		if err := do(); !errors.Is(err, recorder.refuse) {
			t.Errorf("%s gave %v", name, err)
		}
	}
	now, err := f.Get(ctx, account, i.ID)
	if err != nil || now.Version != 1 || len(r.got) > 0 || len(f.sealer.Keys()) != 1 {
		t.Errorf("something happened all the same: version %d, %d requests, %v", now.Version, len(r.got), err)
	}
	if list, _, _ := f.List(ctx, account, store.Page{Limit: 10}); len(list) != 1 {
		t.Errorf("%d integrations", len(list))
	}
}

func TestTestsAreRecorded(t *testing.T) {
	t.Parallel()
	f, recorder, r := newFixture(t), &fakeRecorder{}, newReceiver(t)
	i := f.create(t, `{"settings":{"url":"`+r.URL+`"}}`)
	f.Recorder = recorder
	r.status = 500
	if _, err := f.Test(t.Context(), account, i.ID, TestInput{EventType: "alert.created", Settings: json.RawMessage(`{"token":"canary-token-9"}`)}); err != nil {
		t.Fatal(err)
	}
	if len(recorder.ended) != 1 || recorder.ended[0] == nil || strings.Contains(recorder.ended[0].Error(), "canary") {
		t.Errorf("it ended with %v", recorder.ended)
	}
	a := recorder.take(t)[0]
	if want := `{"kind":"beacon","event_type":"alert.created","settings":["token"]}`; a.Action != actTest || string(a.After) != want {
		t.Errorf("recorded %+v", a)
	}
	if _, err := f.TestUnsaved(t.Context(), account, TestInput{Kind: "beacon", Settings: json.RawMessage(`{"url":"` + r.URL + `","token":"canary-token-9"}`)}); err != nil {
		t.Fatal(err)
	}
	if a := recorder.take(t)[0]; a.Target != "beacon" {
		t.Errorf("recorded %+v", a)
	}
}

func TestRecordsAreShort(t *testing.T) {
	t.Parallel()
	f, recorder := newFixture(t), &fakeRecorder{}
	f.Recorder = recorder
	if _, err := f.Create(t.Context(), account, []byte(relayObject(t))); err != nil {
		t.Fatal(err)
	}
	after := recorder.take(t)[0].After
	if text := gjson.GetBytes(after, `settings\.ca_bundle`).Str; len(text) > maxRecordedText || !strings.HasSuffix(text, "bytes)") {
		t.Errorf("the bundle is recorded as %q", text)
	}
}

// TestPlans: the account's plan is asked when an integration is made, when one is switched on, and before settings are
// tried, saved or not.
func TestPlans(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{"enabled":false}`)
	refused := errors.New("the plan starter has no beacon")
	f.CheckKind = func(a event.Account, kind string) error {
		if a != account || kind != "beacon" {
			t.Errorf("asked for %s of %s", kind, a)
		}
		return refused
	}
	ctx := t.Context()
	_, err := f.Create(ctx, account, object(t, `{"name":"Second"}`))
	wantErr(t, err, refused)
	r := newReceiver(t)
	_, err = f.TestUnsaved(ctx, account, TestInput{Kind: "beacon", Settings: json.RawMessage(`{"url":"` + r.URL + `","token":"canary-token-9"}`)})
	wantErr(t, err, refused)
	_, err = f.Test(ctx, account, i.ID, TestInput{})
	wantErr(t, err, refused)
	if len(r.got) > 0 {
		t.Error("a kind that is not in the plan was tried")
	}
	_, err = f.Enable(ctx, account, i.ID)
	wantErr(t, err, refused)
	_, err = f.Update(ctx, account, i.ID, 0, []byte(`{"enabled":true}`))
	wantErr(t, err, refused)
	if _, err = f.Update(ctx, account, i.ID, 0, []byte(`{"name":"Renamed"}`)); err != nil {
		t.Errorf("changing one that is off: %v", err)
	}
	if _, err = f.Disable(ctx, account, i.ID, ""); err != nil {
		t.Errorf("switching it off: %v", err)
	}
}

func TestTestsAreLimited(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	now := f.Now()
	f.Service.Now = func() time.Time { return now }
	f.Service.tests = newLimiter(3)
	i := f.create(t, `{"settings":{"url":"`+r.URL+`"}}`)
	test := func() error { _, err := f.Test(t.Context(), account, i.ID, TestInput{}); return err }
	for range 3 {
		if err := test(); err != nil {
			t.Fatal(err)
		}
	}
	var throttled *ThrottledError
	if err := test(); !errors.As(err, &throttled) || throttled.After <= 0 || throttled.After > 20*time.Second {
		t.Fatalf("the fourth: %v", err)
	}
	if _, err := f.TestUnsaved(t.Context(), account, TestInput{Kind: "beacon",
		Settings: json.RawMessage(`{"url":"` + r.URL + `","token":"canary-token"}`)}); !errors.As(err, &throttled) {
		t.Errorf("unsaved settings: %v", err)
	}
	if _, err := f.TestUnsaved(t.Context(), "another", TestInput{Kind: "beacon",
		Settings: json.RawMessage(`{"url":"` + r.URL + `","token":"canary-token"}`)}); err != nil {
		t.Errorf("another account: %v", err)
	}
	now = now.Add(20 * time.Second)
	if err := test(); err != nil {
		t.Errorf("after a while: %v", err)
	}
	if len(r.got) != 5 {
		t.Errorf("%d requests were made", len(r.got))
	}
}

func TestLimiterForgets(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(1), time.Now()
	for n := range maxLimited {
		if err := l.allow(event.Account(strings.Repeat("a", n%7+1)+time.Duration(n).String()), now); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.allow("one more", now.Add(2*time.Minute)); err != nil || len(l.accounts) != 1 {
		t.Errorf("%d accounts are remembered, %v", len(l.accounts), err)
	}
}
