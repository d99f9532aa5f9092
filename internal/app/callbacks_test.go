package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/callback"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// told is a change as a room of alerts or incidents gets it.
type told struct {
	Account event.Account
	Alert   event.ID
	Number  int64
	change
}

// tellers are rooms of alerts and incidents that remember what they were told.
type tellers struct {
	mu   sync.Mutex
	list []told
}

func (f *tellers) add(t told) (*event.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, t)
	return &event.Record{ID: event.NewID(), Account: t.Account, Type: "alert.updated"}, nil
}

func (f *tellers) alert(_ context.Context, account event.Account, id event.ID, c change) (*event.Record, error) {
	return f.add(told{Account: account, Alert: id, change: c})
}

func (f *tellers) incident(_ context.Context, account event.Account, number int64, c change) (*event.Record, error) {
	return f.add(told{Account: account, Number: number, change: c})
}

// A page is triggered, acknowledged at PagerDuty, and that is brought back: through the whole hub, signed, once, and only
// in the account whose integration it is.
func TestPageAndBack(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	rooms := &tellers{}
	o.hub.openCallbacks(rooms.alert, rooms.incident, nil) // before the integrations are made: no room of alerts is in the way
	o.handler = o.hub.handler()
	paged := make(chan string, 10)
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		paged <- string(body)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(vendor.Close)
	urls := map[event.Account]string{}
	for _, name := range []event.Account{"parent", "other"} {
		i := o.must(name, "POST", "/api/v1/integrations", fmt.Sprintf(
			`{"kind":"pagerduty","name":"on call","settings":{"base_url":%q,"routing_key":"0123456789abcdef0123456789abcdef","webhook_secret":"secret of %s"},"subscription":{"types":["alert.*"]}}`,
			vendor.URL, name))
		urls[name] = i.Get("callback_url").Str
		o.must(name, "POST", "/api/v1/events", `{"type":"alert.created","severity":"high","title":"Disk full","dedup_key":"host-1/disk"}`)
		select {
		case body := <-paged:
			if gjson.Get(body, "dedup_key").Str != "host-1/disk" || gjson.Get(body, "event_action").Str != "trigger" {
				t.Errorf("paged %s", body)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("nobody was paged")
		}
	}
	body := `{"event":{"id":"m-1","event_type":"incident.acknowledged","resource_type":"incident","occurred_at":"2026-11-20T12:00:00Z",` +
		`"agent":{"id":"P1","type":"user_reference","summary":"Dana Doe"},"client":null,"data":{"id":"PI1","type":"incident","incident_key":"host-1/disk"}}}`
	post := func(to, secret string) answer {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(body)) //nolint:errcheck // a hash takes all
		return o.call("POST", to, body, "X-PagerDuty-Signature", "v1="+hex.EncodeToString(mac.Sum(nil)))
	}
	if a := post(urls["other"], "secret of parent"); a.status != 401 {
		t.Errorf("another's signature is answered with %d %s", a.status, a.body)
	}
	if a := post(strings.Replace(urls["other"], "/pagerduty/", "/webhook/", 1), "secret of other"); a.status != 404 {
		t.Errorf("another kind is answered with %d %s", a.status, a.body)
	}
	for range 3 {
		if a := post(urls["other"], "secret of other"); a.status != 200 || a.body != "" {
			t.Errorf("a good call is answered with %d %s", a.status, a.body)
		}
	}
	id := urls["other"][strings.LastIndex(urls["other"], "/")+1:]
	if r := o.must("other", "POST", "/api/v1/integrations/"+id+"/test", "{}"); !r.Get("ok").Bool() || r.Get("grade").Str != "unverifiable" ||
		gjson.Get(<-paged, "event_action").Str != "resolve" {
		t.Errorf("a test says %s", r)
	}
	want := []told{{Account: "other", Alert: event.AlertID("other", "host-1/disk"), change: change{
		ID:   id + "/acknowledge/m-1/" + event.AlertID("other", "host-1/disk").Text(event.PrefixAlert),
		Verb: connector.Acknowledge, By: "pagerduty: Dana Doe", Via: id, Origin: id, Hops: 1, At: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
	}}}
	if diff := cmp.Diff(want, rooms.list, cmp.AllowUnexported(told{}, change{})); diff != "" {
		t.Error(diff)
	}
	v := o.must("other", "GET", "/api/v1/integrations/"+id+"/callbacks", "")
	if v.Get("counts.done").Int() != 3 || v.Get("counts.refused").Int() != 1 || v.Get("calls.0.wishes.0.outcome").Str != "repeated" ||
		v.Get("calls.2.wishes.0.outcome").Str != "done" {
		t.Errorf("shown: %s", v)
	}
	if acts := o.must("other", "GET", "/api/v1/audit?action=integration.callback", ""); acts.Get("items.#").Int() != 1 ||
		acts.Get("items.0.actor.name").Str != "pagerduty: Dana Doe" || acts.Get("items.0.outcome").Str != "ok" {
		t.Errorf("the record says %s", acts)
	}
	// Disabled, deleted: nobody waits any more.
	o.must("other", "POST", "/api/v1/integrations/"+id+"/disable", "")
	if a := post(urls["other"], "secret of other"); a.status != 404 {
		t.Errorf("disabled, it is answered with %d", a.status)
	}
	o.hub.serving.Store(false)
	if a := post(urls["parent"], "secret of parent"); a.status != 503 {
		t.Errorf("at the end it is answered with %d", a.status)
	}
}

func TestCases(t *testing.T) {
	t.Parallel()
	integration, alert := event.NewID(), event.NewID()
	id := integration.Text(event.PrefixIntegration)
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	var fail error
	rooms := &tellers{}
	c := cases{
		alert: func(ctx context.Context, a event.Account, i event.ID, x change) (*event.Record, error) {
			if fail != nil {
				return nil, fail
			}
			return rooms.alert(ctx, a, i, x)
		},
		incident: rooms.incident,
	}
	for _, w := range []connector.Wish{
		{ID: "m", Verb: connector.Assign, Incident: "INC-7", Assignee: connector.Person{Email: "Dana@Example.com"}, At: at},
		{Verb: connector.Assign, Alert: alert},
		{Verb: connector.Rate, Alert: alert, Severity: event.High},
	} {
		if _, err := c.Apply(t.Context(), "acme", integration, w, "jira: Dana"); err != nil {
			t.Error(err)
		}
	}
	want := []told{
		{"acme", event.ID{}, 7, change{ID: id + "/assign/m", Verb: connector.Assign, Assignee: "dana@example.com", By: "jira: Dana", Via: id, Origin: id, Hops: 1, At: at}},
		{"acme", alert, 0, change{Verb: connector.Assign, By: "jira: Dana", Via: id, Origin: id, Hops: 1}},
		{"acme", alert, 0, change{Verb: connector.Rate, Severity: event.High, By: "jira: Dana", Via: id, Origin: id, Hops: 1}},
	}
	if diff := cmp.Diff(want, rooms.list, cmp.AllowUnexported(told{}, change{})); diff != "" {
		t.Error(diff)
	}
	refusal := callback.Refuse("no")
	for _, tt := range []struct {
		err     error
		refused bool
	}{
		{fmt.Errorf("reading: %w", store.ErrNotFound), true}, {form.Errors{{Path: "text", Message: "is required"}}, true},
		{fmt.Errorf("%w: it is closed", act.ErrRefused), true}, {store.ErrConflict, false}, {errors.New("disk full"), false},
	} {
		fail = tt.err
		_, err := c.Apply(t.Context(), "acme", integration, connector.Wish{Verb: connector.Resolve, Alert: alert}, "x")
		if errors.Is(err, act.ErrRefused) != tt.refused || !errors.Is(refusal, act.ErrRefused) {
			t.Errorf("%v becomes %v", tt.err, err)
		}
	}
	for _, p := range []connector.Person{{Name: "Dana"}, {Email: "no address"}} {
		if _, err := c.Apply(t.Context(), "acme", integration, connector.Wish{Verb: connector.Assign, Alert: alert, Assignee: p}, "x"); !errors.Is(err, act.ErrRefused) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

// users has one user.
type users struct {
	store.Users
	user store.User
	err  error
}

func (u users) UserByEmail(_ context.Context, account event.Account, email string) (store.User, error) {
	if account != u.user.Account || email != u.user.Email {
		return store.User{}, store.ErrNotFound
	}
	return u.user, u.err
}

func TestPeople(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*store.User)
		email  string
		nobody bool
		may    bool
		blocks bool
	}{
		"an analyst":         {func(u *store.User) {}, "dana@example.com", false, true, false},
		"however written":    {func(u *store.User) {}, "DANA@example.com", false, true, false},
		"a viewer":           {func(u *store.User) { u.Role = "viewer" }, "dana@example.com", false, false, false},
		"a responder":        {func(u *store.User) { u.Role = "responder" }, "dana@example.com", false, true, true},
		"an owner":           {func(u *store.User) { u.Role = "owner" }, "dana@example.com", false, true, true},
		"a role of tomorrow": {func(u *store.User) { u.Role = "wizard" }, "dana@example.com", false, false, false},
		"disabled":           {func(u *store.User) { u.Disabled = true }, "dana@example.com", true, false, false},
		"only invited":       {func(u *store.User) { u.Password = "" }, "dana@example.com", true, false, false},
		"of another account": {func(u *store.User) { u.Account = "other" }, "dana@example.com", true, false, false},
		"no address":         {func(u *store.User) {}, "Dana <dana@example.com>", true, false, false},
	} {
		u := store.User{ID: event.NewID(), Account: "acme", Email: "dana@example.com", Role: "analyst", Password: "x"}
		tt.change(&u)
		p, err := people{users{user: u}}.Person(t.Context(), "acme", tt.email)
		if errors.Is(err, callback.ErrNobody) != tt.nobody || p.Alerts != tt.may || p.Incidents != tt.may || p.Blocks != tt.blocks || p.Approves != tt.blocks {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	u := users{user: store.User{Account: "acme", Email: "a@example.com"}, err: errors.New("disk full")}
	if _, err := (people{u}).Person(t.Context(), "acme", "a@example.com"); err == nil || errors.Is(err, callback.ErrNobody) {
		t.Errorf("got %v", err)
	}
}
