package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestChildAccounts: a parent's integration gets a child's events, with the child's name and the way up; the child gets
// nothing of its parent's.
func TestChildAccounts(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	up := o.must("parent", "POST", "/api/v1/integrations", `{"kind":"capture","name":"all","subscription":{"types":["custom.*"],"include_children":true}}`).Get("id").Str
	down := o.must("child", "POST", "/api/v1/integrations", `{"kind":"capture","name":"own","subscription":{"types":["custom.*"],"include_children":true}}`).Get("id").Str
	o.must("parent", "POST", "/api/v1/events", `{"type":"custom.one"}`)
	o.must("child", "POST", "/api/v1/events", `{"type":"custom.two","account":"parent","account_parents":["default"]}`)
	o.must("other", "POST", "/api/v1/events", `{"type":"custom.three"}`)
	// A grandchild that did not exist when the integrations were made.
	o.must(event.DefaultAccount, "POST", "/api/v1/accounts", `{"name":"grandchild","parent":"child"}`)
	o.keys["grandchild"] = o.key("grandchild", identity.Admin)
	o.must("grandchild", "POST", "/api/v1/events", `{"type":"custom.four"}`)

	want := map[string]string{
		up:   `custom.four grandchild ["child","parent"]|custom.one parent |custom.two child ["parent"]`,
		down: `custom.four grandchild ["child"]|custom.two child `,
	}
	for id, texts := range want {
		owner := event.Account("parent")
		if id == down {
			owner = "child"
		}
		var got string
		if !within(10*time.Second, func() bool { got = o.captured(owner, id); return got == texts }) {
			t.Errorf("the integration of %s has\n%s\nwant\n%s", owner, got, texts)
		}
	}
}

func (o *house) captured(owner event.Account, integration string) string {
	var list []string
	for _, c := range o.must(owner, "GET", "/api/v1/captures?integration="+integration, "").Get("items").Array() {
		e := c.Get("payload")
		list = append(list, e.Get("type").Str+" "+e.Get("account").Str+" "+e.Get("account_parents").Raw)
	}
	slices.Sort(list)
	return strings.Join(list, "|")
}

// TestStartIsAudited: what the hub does at its start is in the record, too.
func TestStartIsAudited(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	rows, _, err := o.hub.trust.audit.Acts(t.Context(), store.AuditFilter{Account: event.DefaultAccount}, store.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, r := range rows {
		if r.Actor.Kind == act.KindSystem && r.Actor.Name == "start" {
			acts = append(acts, r.Action)
		}
	}
	slices.Sort(acts)
	if got := strings.Join(acts, " "); got != "api_key.create user.invite" {
		t.Errorf("the start did %q", got)
	}
}
