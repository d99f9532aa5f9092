package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// operatorExercises are about the record and the hub as a whole.
var operatorExercises = map[string]func(*testing.T, *hub){
	"list-audit": func(t *testing.T, h *hub) {
		h.account("acme", "")
		path := h.webhook("x", "https://x.example.com")
		h.want(200, "PATCH", path, `{"owner":"soc"}`)
		h.want(201, "POST", "/api/v1/integrations", webhookBody("y", "https://y.example.com"), actIn("acme"))
		auditor := withKey(h.key(event.DefaultAccount, identity.AuditRead))
		r := h.want(200, "GET", "/api/v1/audit?action=integration.*", "", auditor)
		if r.get("items.#.action").Raw != `["integration.update","integration.create"]` || r.get("items.0.after.owner").Str != "soc" ||
			!strings.HasSuffix(path, r.get("items.0.target").Str) {
			t.Errorf("got %s", r.body)
		}
		me := h.want(200, "GET", "/api/v1/me", "").get("id").Str
		if r := h.want(200, "GET", "/api/v1/audit?action=integration.*&actor="+me, "", actIn("acme")); r.get("items.#").Int() != 1 ||
			r.get("items.0.actor.account").Str != "default" {
			t.Errorf("the other account's record is %s", r.body)
		}
		first := h.want(200, "GET", "/api/v1/audit?limit=1", "", auditor)
		if r := h.want(200, "GET", "/api/v1/audit?limit=1&cursor="+first.get("next").Str, "", auditor); r.get("items.0.seq").Int() >= first.get("items.0.seq").Int() {
			t.Errorf("the second page is %s", r.body)
		}
		if r := h.want(200, "GET", "/api/v1/audit?until=2020-01-01T00:00:00Z", "", auditor); r.get("items.#").Int() != 0 {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "GET", "/api/v1/audit?since=yesterday", "", auditor); strings.Join(r.fields(), " ") != "since" {
			t.Errorf("got %s", r.body)
		}
		h.want(403, "GET", "/api/v1/audit", "", withKey(h.key(event.DefaultAccount, identity.EventsRead)))
	},
	"export-audit": func(t *testing.T, h *hub) {
		h.account("acme", "")
		h.webhook("x", "https://x.example.com")
		h.want(201, "POST", "/api/v1/projects", `{"name":"acmes-own-project"}`, actIn("acme"))
		auditor := withKey(h.key(event.DefaultAccount, identity.AuditRead))
		r := h.want(200, "GET", "/api/v1/audit/export", "", auditor)
		if r.Header.Get("Content-Type") != "application/x-ndjson" || r.Header.Get("Content-Disposition") != `attachment; filename="tocsin-audit.ndjson"` {
			t.Errorf("the headers are %v", r.Header)
		}
		if verified(t, r.body).Withheld == 0 || strings.Contains(r.body, "acmes-own-project") || !strings.Contains(r.body, "integration.create") {
			t.Errorf("got %s", r.body)
		}
		r = h.want(200, "GET", "/api/v1/audit/export?all=true", "")
		if verified(t, r.body).Withheld != 0 || !strings.Contains(r.body, "acmes-own-project") {
			t.Errorf("got %s", r.body)
		}
		h.want(403, "GET", "/api/v1/audit/export?all=true", "", auditor)
		h.want(403, "GET", "/api/v1/audit/export?all=true", "", withKey(h.key("acme", identity.Admin)))
	},
	"get-audit-checkpoint": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/audit/checkpoint", "")
		c, err := audit.ParseCheckpoint(r.get("text").Str)
		if err != nil || c.Seq == 0 || uint64(r.get("data.seq").Int()) != c.Seq || r.get("data.hash").Str != c.Hash {
			t.Errorf("%v in %s", err, r.body)
		}
		export := h.want(200, "GET", "/api/v1/audit/export", "").body
		rec, err := audit.FromExport(strings.NewReader(export))
		if err != nil {
			t.Fatal(err)
		}
		report, err := audit.Verify(rec, c)
		if err != nil || !report.OK() || !report.Checkpoints[0].Confirmed {
			t.Errorf("%v, %+v", err, report)
		}
		h.want(403, "GET", "/api/v1/audit/checkpoint", "", withKey(h.key(event.DefaultAccount, identity.EventsRead)))
	},
	"get-secrets": func(t *testing.T, h *hub) {
		h.account("acme", "")
		h.want(201, "POST", "/api/v1/integrations", strings.Replace(webhookBody("x", "https://x.example.com"), `"kind"`, `"rotate_by":"2020-01-31","kind"`, 1), actIn("acme"))
		r := h.want(200, "GET", "/api/v1/secrets", "")
		if r.get("keys.0.secrets").Int() != 2 || r.get("secrets").Int() != 2 || r.get("expiring.0.account").Str != "acme" || r.get("expiring.0.days_left").Int() >= 0 {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(403, "GET", "/api/v1/secrets", "", withKey(h.key("acme", identity.Admin))); r.get("error").Str != "OPERATOR_ONLY" {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "GET", "/api/v1/secrets", "", h.person(event.DefaultAccount, identity.RoleAdmin).here())
	},
	"rotate-secrets": func(t *testing.T, h *hub) {
		path := h.webhook("x", "https://x.example.com")
		p := h.person(event.DefaultAccount, identity.RoleViewer)
		secret, _ := p.secondFactor()
		before := h.want(200, "GET", "/api/v1/secrets", "").get("keys.0.id").Str
		r := h.want(200, "POST", "/api/v1/secrets/rotate", "")
		if r.get("key").Str == before || r.get("earlier").Raw != `["`+before+`"]` || r.get("resealed").Int() != 3 || r.get("unreadable.#").Int() != 0 {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "POST", path+"/preview", `{"event_type":"alert.created"}`); r.get("request.headers.X-Tocsin-Signature").Str == "" {
			t.Errorf("the integration's secret is lost: %s", r.body)
		}
		if r := p.signIn(`,"code":"` + code(t, secret, 1) + `"`); r.StatusCode != 200 {
			t.Errorf("the second factor is lost: %s", r.body)
		}
		h.account("acme", "")
		h.want(403, "POST", "/api/v1/secrets/rotate", "", withKey(h.key("acme", identity.Admin)))
		h.want(403, "POST", "/api/v1/secrets/rotate", "", withKey(h.key(event.DefaultAccount, identity.IntegrationsWrite)))
	},
	"get-backup": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/backup", "")
		if r.body != "a backup" || r.Header.Get("Content-Type") != "application/zstd" || r.Header.Get("Content-Disposition") != `attachment; filename="tocsin-backup.tar.zst"` {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		if r := h.want(200, "HEAD", "/api/v1/backup", ""); r.Header.Get("Content-Type") != "application/zstd" || h.backups.Load() != 1 {
			t.Errorf("HEAD got %v, and there were %d backups", r.Header, h.backups.Load())
		}
		h.account("acme", "")
		h.want(403, "GET", "/api/v1/backup", "", withKey(h.key("acme", identity.Admin)))
		h.want(403, "GET", "/api/v1/backup", "", withKey(h.key(event.DefaultAccount, identity.AuditRead)))
	},
	"get-egress-addresses": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/egress-addresses", "", withKey(h.key(event.DefaultAccount, identity.IntegrationsRead)))
		if r.get("items.0.address").Str != "203.0.113.7/32" || r.get("items.0.family").Str != "ipv4" || r.get("bound").Raw != "[]" || r.get("help").Str != helpAddresses {
			t.Errorf("got %s", r.body)
		}
		none := newHubWith(t, func(d *Deps) { d.Egress = Egress{} })
		if r := none.want(200, "GET", "/api/v1/egress-addresses", ""); r.get("items").Raw != "[]" || r.get("help").Str != helpNone {
			t.Errorf("got %s", r.body)
		}
	},
}

// verified verifies an export, as tocsin audit verify does.
func verified(t *testing.T, export string) audit.Report {
	t.Helper()
	rec, err := audit.FromExport(strings.NewReader(export))
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(rec)
	if err != nil || !report.OK() {
		t.Errorf("the export does not verify: %v, %+v", err, report.Findings)
	}
	return report
}

// TestBrokenDownloads: an error before the first byte is a problem; one after it breaks the answer off.
func TestBrokenDownloads(t *testing.T) {
	t.Parallel()
	sent := ""
	h := newHubWith(t, func(d *Deps) {
		d.Backup = func(_ context.Context, w io.Writer, _ bool) error {
			if sent != "" {
				_, _ = io.WriteString(w, sent)
			}
			return errors.New("the disk at /var/lib is gone")
		}
	})
	if r := h.want(500, "GET", "/api/v1/backup", ""); r.Header.Get("Content-Type") != problemType || r.Header.Get("Content-Disposition") != "" || strings.Contains(r.body, "disk") {
		t.Errorf("got %v %s", r.Header, r.body)
	}
	sent = "half"
	func() {
		defer func() {
			if v := recover(); v != http.ErrAbortHandler {
				t.Errorf("the answer ended as if it were whole: %v", v)
			}
		}()
		h.call("GET", "/api/v1/backup", "")
	}()
	if err := h.record.Close(); err != nil {
		t.Fatal(err)
	}
	r := h.want(200, "GET", "/api/v1/audit?action=backup.create", "")
	if r.get("items.#.outcome").Raw != `["failed","failed"]` {
		t.Errorf("the record says %s", r.body)
	}
}
