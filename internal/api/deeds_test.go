package api

import (
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// deed is a request that is one privileged act. All of them are about the account acme: done by the operator from
// above, or by somebody in it.
type deed struct {
	method, path, body string

	by      *person       // nil: the operator's key, acting in acme
	account event.Account // whose record it is in, if that is not acme
	target  string
	idle    func() bool // says that nothing happened beside what reading shows
}

// deeds make what each privileged operation needs, and give its request.
var deeds = map[string]func(*testing.T, *hub) deed{
	"create-integration": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: "/api/v1/integrations", body: webhookBody("new", "https://x.example.com")}
	},
	"update-integration":  onWebhook("PATCH", "", `{"owner":"soc"}`),
	"delete-integration":  onWebhook("DELETE", "", ""),
	"enable-integration":  onWebhook("POST", "/enable", "", "disable"),
	"disable-integration": onWebhook("POST", "/disable", ""),
	"pause-integration":   onWebhook("POST", "/pause", ""),
	"resume-integration":  onWebhook("POST", "/resume", "", "pause"),
	"test-integration": func(t *testing.T, h *hub) deed {
		url, got := echo(t)
		path := h.webhook("x", url)
		return deed{method: "POST", path: path + "/test", body: `{"event_type":"alert.created"}`, target: tail(path), idle: func() bool { return len(got) == 0 }}
	},
	"test-settings": func(t *testing.T, _ *hub) deed {
		url, got := echo(t)
		return deed{
			method: "POST", path: "/api/v1/integrations/test", body: `{"kind":"webhook","settings":{"url":"` + url + `"},"event_type":"alert.created"}`,
			idle: func() bool { return len(got) == 0 },
		}
	},
	"sync-integration": func(_ *testing.T, h *hub) deed {
		path := h.webhook("x", "https://x.example.com")
		return deed{method: "POST", path: path + "/sync", target: tail(path), idle: func() bool { return h.calls.syncs.Load() == 0 }}
	},
	"create-source": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: "/api/v1/sources", body: sourceBody("new")}
	},
	"update-source": onSource("PATCH", "", `{"enabled":false}`),
	"rotate-source": onSource("POST", "/rotate", ""),
	"delete-source": onSource("DELETE", "", ""),
	"retry-delivery": func(_ *testing.T, h *hub) deed {
		d := h.engine.deliverOne("acme", "mailbox").ID.Text(event.PrefixDelivery)
		return deed{method: "POST", path: "/api/v1/deliveries/" + d + "/retry", target: d, idle: func() bool { return h.engine.retries == 0 }}
	},
	"replay-mailbox": func(_ *testing.T, h *hub) deed {
		return deed{method: "POST", path: "/api/v1/mailbox/replay", body: `{"filter":{}}`, idle: func() bool { return len(h.engine.replays) == 0 }}
	},
	"send-digest": onWebhook("POST", "/digest", `{"period":"daily"}`),
	"backfill-integration": func(_ *testing.T, h *hub) deed {
		path := h.webhook("x", "https://x.example.com")
		return deed{
			method: "POST", path: path + "/backfill", body: `{"from":"2026-01-20T00:00:00Z"}`, target: tail(path),
			idle: func() bool { return len(h.engine.backfills) == 0 },
		}
	},
	"cancel-job": func(_ *testing.T, h *hub) deed {
		j, err := h.engine.Replay(h.t.Context(), "acme", deliver.ReplaySpec{})
		if err != nil {
			h.t.Fatal(err)
		}
		id := j.ID.Text(event.PrefixJob)
		return deed{method: "POST", path: "/api/v1/jobs/" + id + "/cancel", target: id, idle: func() bool { return h.engine.jobs[j.ID].State == "queued" }}
	},
	"discard-mailbox": func(_ *testing.T, h *hub) deed {
		return deed{
			method: "POST", path: "/api/v1/mailbox/discard", body: `{"filter":{},"reason":"a test"}`,
			idle: func() bool { return len(h.engine.discards) == 0 },
		}
	},
	"create-key":       onKeys("POST", "/api/v1/api-keys", false),
	"create-key-admin": onKeys("POST", "/api/admin/api-keys", false),
	"rotate-key":       onKeys("POST", "/api/v1/api-keys", true),
	"rotate-key-admin": onKeys("POST", "/api/admin/api-keys", true),
	"revoke-key":       onKeys("DELETE", "/api/v1/api-keys", true),
	"revoke-key-admin": onKeys("DELETE", "/api/admin/api-keys", true),
	"create-account": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: "/api/v1/accounts", body: `{"name":"acme-eu","parent":"acme"}`, account: "acme-eu", target: "acme-eu"}
	},
	"update-account": func(*testing.T, *hub) deed {
		return deed{method: "PATCH", path: "/api/v1/accounts/acme", body: `{"title":"Acme"}`, target: "acme"}
	},
	"close-account": func(_ *testing.T, h *hub) deed {
		h.account("acme-eu", "acme")
		return deed{method: "POST", path: "/api/v1/accounts/acme-eu/close", account: "acme-eu", target: "acme-eu"}
	},
	"reopen-account": func(_ *testing.T, h *hub) deed {
		h.account("acme-eu", "acme")
		h.want(200, "POST", "/api/v1/accounts/acme-eu/close", "")
		return deed{method: "POST", path: "/api/v1/accounts/acme-eu/reopen", account: "acme-eu", target: "acme-eu"}
	},
	"acknowledge-alert": onAlert("/acknowledge", `{"text":"mine"}`),
	"resolve-alert":     onAlert("/resolve", ``),
	"reopen-alert":      onAlert("/reopen", ``, "/resolve"),
	"assign-alert":      onAlert("/assign", `{"assignee":"dana@example.com"}`),
	"note-alert":        onAlert("/note", `{"text":"a note"}`),
	"rate-alert":        onAlert("/severity", `{"severity":"low"}`),
	"change-alerts": func(_ *testing.T, h *hub) deed {
		h.alert("acme", `{"type":"alert.created","dedup_key":"k"}`)
		return deed{method: "POST", path: "/api/v1/alerts/bulk", body: `{"filter":{},"action":"resolve"}`}
	},
	"create-mapping-rule": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: "/api/v1/mapping-rules", body: `{"name":"noise","drop":true}`}
	},
	"update-mapping-rule": func(_ *testing.T, h *hub) deed {
		path := h.mappingRule("noise")
		return deed{method: "PATCH", path: path, body: `{"position":7}`, target: tail(path)}
	},
	"delete-mapping-rule": func(_ *testing.T, h *hub) deed {
		path := h.mappingRule("noise")
		return deed{method: "DELETE", path: path, target: tail(path)}
	},
	"create-incident": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: "/api/v1/incidents", body: `{"title":"x"}`}
	},
	"update-incident": onIncident("PATCH", "", `{"status":"active"}`),
	"note-incident":   onIncident("POST", "/notes", `{"text":"a note"}`),
	"link-incident-alerts": func(t *testing.T, h *hub) deed {
		d := onIncident("POST", "/alerts", "")(t, h)
		d.body = `{"alerts":["` + h.storedAlert("acme", "new").Text(event.PrefixAlert) + `"]}`
		return d
	},
	"unlink-incident-alert": func(t *testing.T, h *hub) deed {
		d := onIncident("DELETE", "", "")(t, h)
		d.path += "/alerts/" + h.storedAlert("acme", "linked").Text(event.PrefixAlert)
		return d
	},
	"create-attachment": onIncident("POST", "/attachments?name=a.txt", "a file"),
	"delete-attachment": func(t *testing.T, h *hub) deed {
		d := onIncident("DELETE", "", "")(t, h)
		d.path += "/attachments/" + h.want(201, "POST", d.path+"/attachments?name=a.txt", "a file").get("id").Str
		return d
	},
	"create-incident-rule": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: "/api/v1/incident-rules", body: `{"name":"x"}`}
	},
	"update-incident-rule": func(_ *testing.T, h *hub) deed {
		path := h.incidentRule("x")
		return deed{method: "PATCH", path: path, body: `{"position":7}`, target: tail(path)}
	},
	"delete-incident-rule": func(_ *testing.T, h *hub) deed {
		path := h.incidentRule("x")
		return deed{method: "DELETE", path: path, target: tail(path)}
	},
	"create-silence": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: "/api/v1/silences", body: `{"where":"true","ends_at":"` + soon() + `"}`}
	},
	"update-silence": func(_ *testing.T, h *hub) deed {
		path := h.silence()
		return deed{method: "PATCH", path: path, body: `{"reason":"it takes longer"}`, target: tail(path)}
	},
	"expire-silence": func(_ *testing.T, h *hub) deed {
		path := h.silence()
		return deed{method: "DELETE", path: path, target: tail(path)}
	},
	"create-block": func(t *testing.T, h *hub) deed {
		h.responder("edge", newFirewall(t))
		return deed{method: "POST", path: blocksBase, body: `{"target":"203.0.113.7"}`, target: "203.0.113.7"}
	},
	"change-block":  onBlock("PATCH", "", `{"ttl":"48h"}`),
	"end-block":     onBlock("DELETE", "", ""),
	"reject-block":  onPending("/reject"),
	"approve-block": onPending("/approve"),
	"retry-block": func(t *testing.T, h *hub) deed {
		f := newFirewall(t)
		f.broken = true
		id := h.responder("edge", f)
		path := h.block("203.0.113.7")
		h.want(200, "POST", respondersBase+"/"+id+"/reconcile", "")
		f.broken = false
		return deed{method: "POST", path: path + "/retry", target: tail(path)}
	},
	"undo-blocks": func(t *testing.T, h *hub) deed {
		d := onBlock("POST", "", `{"last":1}`)(t, h)
		d.path, d.target = blocksBase+"/undo", ""
		return d
	},
	"import-blocks": func(t *testing.T, h *hub) deed {
		h.responder("edge", newFirewall(t))
		return deed{method: "POST", path: blocksBase + "/import", body: `{"items":[{"target":"203.0.113.7"}]}`}
	},
	"block-of-alert": func(t *testing.T, h *hub) deed {
		h.responder("edge", newFirewall(t))
		return deed{method: "POST", path: h.alert("acme", observedEvent) + "/block", target: "203.0.113.7"}
	},
	"block-of-event": func(t *testing.T, h *hub) deed {
		h.responder("edge", newFirewall(t))
		return deed{method: "POST", path: "/api/v1/events/" + h.engine.add(t, "acme", observedEvent).ID.Text(event.PrefixEvent) + "/block", target: "203.0.113.7"}
	},
	"create-never-block": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: neverBlockBase, body: `{"target":"198.51.100.0/24","reason":"the office"}`}
	},
	"change-never-block": func(_ *testing.T, h *hub) deed {
		path := h.neverBlock("198.51.100.0/24")
		return deed{method: "PATCH", path: path, body: `{"reason":"the old office"}`, target: tail(path)}
	},
	"delete-never-block": func(_ *testing.T, h *hub) deed {
		path := h.neverBlock("198.51.100.0/24")
		return deed{method: "DELETE", path: path, target: tail(path)}
	},
	"change-response-policy": func(*testing.T, *hub) deed {
		return deed{method: "PATCH", path: policyBase, body: `{"per_hour":7}`, target: "acme"}
	},
	"set-kill-switch": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: policyBase + "/kill-switch", body: `{"on":true,"reason":"a storm"}`, target: "acme"}
	},
	"create-response-rule": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: responseRulesBase, body: `{"name":"x","subscription":{"types":["*"]}}`}
	},
	"update-response-rule": func(_ *testing.T, h *hub) deed {
		path := h.responseRule("x")
		return deed{method: "PATCH", path: path, body: `{"mode":"propose"}`, target: tail(path)}
	},
	"delete-response-rule": func(_ *testing.T, h *hub) deed {
		path := h.responseRule("x")
		return deed{method: "DELETE", path: path, target: tail(path)}
	},
	"reconcile-responder": func(t *testing.T, h *hub) deed {
		f := newFirewall(t)
		id := h.responder("edge", f)
		h.block("203.0.113.7")
		return deed{method: "POST", path: respondersBase + "/" + id + "/reconcile", target: id, idle: func() bool { return len(f.holds()) == 0 }}
	},
	"create-project": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: "/api/v1/projects", body: `{"name":"web"}`}
	},
	"update-project": func(_ *testing.T, h *hub) deed {
		path := h.project("web")
		return deed{method: "PATCH", path: path, body: `{"title":"The web"}`, target: tail(path)}
	},
	"delete-project": func(_ *testing.T, h *hub) deed {
		path := h.project("web")
		return deed{method: "DELETE", path: path, target: tail(path)}
	},
	"invite-user": func(*testing.T, *hub) deed {
		return deed{method: "POST", path: "/api/v1/users", body: `{"email":"new@acme.example","role":"viewer"}`}
	},
	"update-user": onPerson("PATCH", "", `{"role":"responder"}`),
	"delete-user": onPerson("DELETE", "", ""),
	"reset-user":  onPerson("POST", "/reset", ""),
	"sign-out": func(_ *testing.T, h *hub) deed {
		p := h.person("acme", identity.RoleViewer)
		return deed{method: "DELETE", path: "/api/v1/session", by: p, target: p.id}
	},
	"end-session": func(_ *testing.T, h *hub) deed {
		p := h.person("acme", identity.RoleViewer)
		p.signedIn(p.signIn(""))
		id := h.want(200, "GET", "/api/v1/me/sessions", "", p.here()).get("items.#(current==false).id").Str
		return deed{method: "DELETE", path: "/api/v1/me/sessions/" + id, by: p, target: id}
	},
	"change-password": func(_ *testing.T, h *hub) deed {
		p := h.person("acme", identity.RoleViewer)
		return deed{method: "POST", path: "/api/v1/me/password", body: `{"old":"` + p.password + `","new":"basalt otters paint windmills"}`, by: p, target: p.id}
	},
	"confirm-totp": func(t *testing.T, h *hub) deed {
		p := h.person("acme", identity.RoleViewer)
		secret := h.want(200, "POST", "/api/v1/me/totp", `{"password":"`+p.password+`"}`, p.here()).get("secret").Str
		return deed{method: "POST", path: "/api/v1/me/totp/confirm", body: `{"code":"` + code(t, secret, 0) + `"}`, by: p, target: p.id}
	},
	"disable-totp": func(_ *testing.T, h *hub) deed {
		p := h.person("acme", identity.RoleViewer)
		_, recovery := p.secondFactor()
		return deed{method: "POST", path: "/api/v1/me/totp/disable", body: `{"password":"` + p.password + `","code":"` + recovery[0] + `"}`, by: p, target: p.id}
	},
	"rotate-secrets": func(_ *testing.T, h *hub) deed {
		h.webhook("x", "https://x.example.com")
		return deed{method: "POST", path: "/api/v1/secrets/rotate", account: event.DefaultAccount}
	},
	"get-backup": func(_ *testing.T, h *hub) deed {
		return deed{method: "GET", path: "/api/v1/backup", account: event.DefaultAccount, idle: func() bool { return h.backups.Load() == 0 }}
	},
	"verify-audit": func(*testing.T, *hub) deed { return deed{method: "POST", path: "/api/v1/audit/verify"} },
	"export-audit": func(*testing.T, *hub) deed { return deed{method: "GET", path: "/api/v1/audit/export"} },
}

// onBlock is a deed on a block.
func onBlock(method, verb, body string) func(*testing.T, *hub) deed {
	return func(t *testing.T, h *hub) deed {
		h.responder("edge", newFirewall(t))
		path := h.block("203.0.113.7")
		return deed{method: method, path: path + verb, body: body, target: tail(path)}
	}
}

// onPending is a deed on a block that waits for approval, which somebody else has asked for.
func onPending(verb string) func(*testing.T, *hub) deed {
	return func(t *testing.T, h *hub) deed {
		h.responder("edge", newFirewall(t))
		path := h.pending("203.0.113.7", withKey(h.key("acme", identity.Admin)), actIn("acme"))
		return deed{method: "POST", path: path + verb, target: tail(path)}
	}
}

func tail(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// onWebhook is a deed on an integration, which is brought into a state before.
func onWebhook(method, verb, body string, before ...string) func(*testing.T, *hub) deed {
	return func(_ *testing.T, h *hub) deed {
		path := h.webhook("x", "https://x.example.com")
		for _, b := range before {
			h.want(200, "POST", path+"/"+b, "")
		}
		return deed{method: method, path: path + verb, body: body, target: tail(path)}
	}
}

// onIncident is a deed on an incident that has one alert.
func onIncident(method, verb, body string) func(*testing.T, *hub) deed {
	return func(_ *testing.T, h *hub) deed {
		path := h.incident("x", h.storedAlert("acme", "linked"))
		return deed{method: method, path: path + verb, body: body, target: tail(path)}
	}
}

// onSource is a deed on a source endpoint.
func onSource(method, verb, body string) func(*testing.T, *hub) deed {
	return func(_ *testing.T, h *hub) deed {
		path := h.source("x")
		return deed{method: method, path: path + verb, body: body, target: tail(path)}
	}
}

func onKeys(method, base string, existing bool) func(*testing.T, *hub) deed {
	return func(_ *testing.T, h *hub) deed {
		const body = `{"name":"ci","scopes":["events:read"]}`
		if !existing {
			return deed{method: method, path: base, body: body}
		}
		id := h.want(201, "POST", base, body).get("id").Str
		d := deed{method: method, path: base + "/" + id, target: id}
		if method == "POST" {
			d.path, d.body = d.path+"/rotate", `{"overlap":"0s"}`
		}
		return d
	}
}

func onPerson(method, verb, body string) func(*testing.T, *hub) deed {
	return func(_ *testing.T, h *hub) deed {
		p := h.person("acme", identity.RoleAnalyst)
		return deed{method: method, path: "/api/v1/users/" + p.id + verb, body: body, target: p.id}
	}
}
