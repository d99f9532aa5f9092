package app

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Every route of the OpenAPI document is walked with every kind of credential that must not do: the hub is whole, the
// things are real, and whatever answers must not tell of them.

// route is one operation of the document.
type route struct {
	id, method, path string
	scope            string // empty: open to everybody; any: every key
	open             bool
	body             string // the document's example
}

// routes reads the document that the hub serves.
func (o *house) routes() []route {
	o.t.Helper()
	doc := gjson.Parse(o.call("GET", "/api/openapi.json", "").body)
	var list []route
	for path, methods := range doc.Get("paths").Map() {
		for method, op := range methods.Map() {
			if !slices.Contains([]string{"get", "post", "patch", "put", "delete"}, method) {
				continue
			}
			r := route{id: op.Get("operationId").Str, method: strings.ToUpper(method), path: path, body: op.Get(`requestBody.content.application/json.example`).Raw}
			security := op.Get("security").Array()
			r.open = len(security) == 0
			if !r.open {
				for scheme := range security[0].Map() {
					r.scope = security[0].Get(scheme + ".0").Str
				}
			}
			if r.body == "" && op.Get("requestBody").Exists() {
				r.body = "{}"
			}
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b route) int { return strings.Compare(a.id, b.id) })
	if len(list) < 70 {
		o.t.Fatalf("the document has only %d operations", len(list))
	}
	return list
}

// fill puts an account's things into a path. about says whether the path leads to a thing of the account at all.
func (o *house) fill(path string, of event.Account) (filled string, about bool) {
	for prefix, id := range o.things[of].paths {
		if rest, ok := strings.CutPrefix(path, prefix+"{"); ok {
			_, rest, _ = strings.Cut(rest, "}")
			return prefix + id + rest, true
		}
	}
	path = strings.ReplaceAll(path, "{kind}", "webhook")
	path = strings.ReplaceAll(path, "{source}", "falco")
	path = strings.ReplaceAll(path, "{integration}", "int_unknown") // callbacks are open: the room has tests of its own
	// Numbers of incidents are an account's own: the same one leads elsewhere for everybody.
	path = strings.ReplaceAll(path, "{number}", "INC-1")
	path = strings.ReplaceAll(path, "INC-1/alerts/{id}", "INC-1/alerts/"+event.NewID().Text(event.PrefixAlert))
	path = strings.ReplaceAll(path, "INC-1/attachments/{id}", "INC-1/attachments/"+event.NewID().Text(event.PrefixAttachment))
	return path, false
}

func (o *house) mustBeFilled(path string) {
	o.t.Helper()
	if strings.Contains(path, "{") {
		o.t.Fatalf("the walk does not know what to put into %s", path)
	}
}

func TestWalkWithoutRights(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	revoked, expired := o.deadKey("parent", func(k *store.Key) { k.RevokedAt = time.Now() }), o.deadKey("parent", func(k *store.Key) {
		k.ExpiresAt = time.Now().Add(-time.Minute)
	})
	scopes := map[string]string{} // scope → a key that has every scope but that
	for _, s := range identity.AllScopes() {
		var rest []identity.Scope
		for _, other := range identity.AllScopes() {
			if other.Scope != s.Scope && other.Scope != identity.Admin {
				rest = append(rest, other.Scope)
			}
		}
		scopes[string(s.Scope)] = o.key("parent", rest...)
	}
	before := o.snapshot("parent")
	for _, r := range o.routes() {
		path, _ := o.fill(r.path, "parent")
		o.mustBeFilled(path)
		if r.open {
			continue
		}
		for name, c := range map[string]struct {
			headers []string
			status  int
		}{
			"no key":             {nil, 401},
			"an empty key":       {[]string{"X-API-Key", ""}, 401},
			"an unknown key":     {[]string{"X-API-Key", "tsk_live_00000000_" + strings.Repeat("0", 52)}, 401},
			"half a key":         {[]string{"X-API-Key", o.keys["parent"][:30]}, 401},
			"a revoked key":      {[]string{"X-API-Key", revoked}, 401},
			"an expired key":     {[]string{"Authorization", "Bearer " + expired}, 401},
			"an unknown session": {[]string{"Cookie", "tocsin_session=tss_" + strings.Repeat("0", 52)}, 401},
			"the wrong scope":    {[]string{"X-API-Key", scopes[r.scope]}, 403},
		} {
			if name == "the wrong scope" && (r.scope == "" || r.scope == "any") {
				continue
			}
			a := o.call(r.method, path, r.body, c.headers...)
			if a.status != c.status || !gjson.Valid(a.body) || gjson.Get(a.body, "status").Int() != int64(c.status) {
				t.Errorf("%s with %s answered %d, want %d: %s", r.id, name, a.status, c.status, a.body)
			}
			o.checkSilence(r.id+" with "+name, a.body, "parent")
		}
	}
	o.checkUnchanged("parent", before)
}

func TestWalkFromOtherAccounts(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	routes := o.routes()
	for _, c := range []struct{ who, whose event.Account }{
		{"other", "parent"}, {"child", "parent"}, {"parent", "other"}, {"other", "child"}, {"child", "default"},
		{"parent", "child"}, {"default", "other"}, // who may act there has to say so: an id alone is no way in
	} {
		before := o.snapshot(c.whose)
		for _, r := range routes {
			if !r.open {
				o.walkFrom(r, c.who, c.whose)
			}
		}
		o.checkUnchanged(c.whose, before)
	}
}

// ends are operations with which an administrator would end the walk: their own doing, not another's.
var ends = map[string]bool{"rotate-secrets": true, "get-backup": true, "close-account": true}

// endless are operations whose answer to those who may does not end.
var endless = map[string]bool{"stream": true}

func (o *house) walkFrom(r route, who, whose event.Account) {
	o.t.Helper()
	what := fmt.Sprintf("%s by %s, about %s", r.id, who, whose)
	key := []string{"X-API-Key", o.keys[who]}
	path, about := o.fill(r.path, whose)
	mayManage := about && strings.HasPrefix(path, "/api/v1/accounts/") && (who == event.DefaultAccount || who == "parent" && whose == "child")
	if !endless[r.id] && !mayManage && !(who == event.DefaultAccount && ends[r.id]) {
		a := o.call(r.method, path, r.body, key...)
		if about {
			o.checkMissing(what, r, a, who, path)
		}
		o.checkSilence(what, a.body, whose)
	}
	if who == event.DefaultAccount || who == "parent" && whose == "child" {
		return // these may act there
	}
	a := o.call(r.method, path, r.body, append(key, "X-Tocsin-Account", string(whose))...)
	if a.status != 403 || gjson.Get(a.body, "error").Str != "ACCOUNT_NOT_ALLOWED" {
		o.t.Errorf("%s, acting there: answered %d: %s", what, a.status, a.body)
	}
	o.checkSilence(what+", acting there", a.body, whose)
}

// checkMissing holds the answer about another's thing against that about a thing that never was: nothing may tell them
// apart.
func (o *house) checkMissing(what string, r route, a answer, who event.Account, path string) {
	o.t.Helper()
	missing := path
	for prefix, id := range o.things[event.DefaultAccount].paths {
		if strings.HasPrefix(path, prefix) {
			kind, _, _ := strings.Cut(id, "_")
			never := event.NewID().Text(kind)
			if prefix == "/api/v1/accounts/" {
				never = "nobody"
			}
			rest := strings.SplitN(strings.TrimPrefix(path, prefix), "/", 2)
			missing = prefix + never
			if len(rest) > 1 {
				missing += "/" + rest[1]
			}
		}
	}
	b := o.call(r.method, missing, r.body, "X-API-Key", o.keys[who])
	if a != b {
		o.t.Errorf("%s answered %d %s, and for one that never was %d %s", what, a.status, a.body, b.status, b.body)
	}
	if a.status != 404 && a.status != 422 && a.status != 403 && !(a.status == 200 && gjson.Get(a.body, "items.#").Int() == 0) {
		o.t.Errorf("%s answered %d: %s", what, a.status, a.body)
	}
}

// checkSilence looks for anything of an account in an answer.
func (o *house) checkSilence(what, body string, of event.Account) {
	o.t.Helper()
	for _, s := range o.things[of].secrets {
		if strings.Contains(body, s) {
			o.t.Errorf("%s tells %q: %.300s", what, s, body)
		}
	}
}

// snapshot is what the account's own administrator sees of it.
func (o *house) snapshot(of event.Account) map[string]string {
	o.t.Helper()
	seen := map[string]string{}
	for _, r := range o.routes() {
		path, about := o.fill(r.path, of)
		if r.method != "GET" || r.open || !about && !strings.HasPrefix(path, "/api/v1/") || volatile[r.id] || endless[r.id] {
			continue
		}
		a := o.call("GET", path, "", "X-API-Key", o.keys[of])
		if a.status == 200 {
			seen[r.id] = steady(a.body)
		}
	}
	return seen
}

// volatile are what changes by being read, or by time.
var volatile = map[string]bool{
	"get-backup": true, "export-audit": true, "get-audit-checkpoint": true, "get-me": true, "get-health": true, "list-accounts": true,
	"get-stats": true, "get-pulse": true, "list-pulses": true, "get-integration-stats": true, "get-own-account": true, "get-usage": true, "get-job": true, "list-jobs": true, "list-audit": true,
	"get-delivery": true, "list-deliveries": true, "list-integration-deliveries": true, "list-mailbox": true, "list-mailbox-causes": true, "list-alert-deliveries": true, "list-events": true, "preview-digest": true,
	"export-blocks": true, // what is left of a block
}

// steady leaves out what says when a key was used.
func steady(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return body
	}
	var clean func(any)
	clean = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			delete(v, "last_used_at")
			delete(v, "last_used_ip")
			delete(v, "next_cycle_at") // an account above may have more to reconcile
			for _, x := range v {
				clean(x)
			}
		case []any:
			for _, x := range v {
				clean(x)
			}
		}
	}
	clean(v)
	b, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return string(b)
}

func (o *house) checkUnchanged(of event.Account, before map[string]string) {
	o.t.Helper()
	after := o.snapshot(of)
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if before[id] != after[id] {
			o.t.Errorf("%s of %s was\n%s\nand is now\n%s", id, of, before[id], after[id])
		}
	}
}
