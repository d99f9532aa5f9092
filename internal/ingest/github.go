package ingest

import (
	"bytes"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// GitHub reads GitHub's webhooks (https://docs.github.com/en/webhooks/webhook-events-and-payloads), as JSON or as a form
// with the field payload. The header X-GitHub-Event says what the body is; without it, the body's members tell.
//
//	type       code_scanning_alert, dependabot_alert, repository_vulnerability_alert, security_advisory and
//	           repository_advisory: vulnerability.detected, or vulnerability.resolved by the action;
//	           secret_scanning_alert: secret.leaked, secret.resolved; other actions on these: alert.updated;
//	           ping: system.notice; all others custom.github.<event>
//	severity   security_severity_level of the rule, else its severity (error high, warning medium, note low); of an
//	           advisory its severity; a leaked secret is high, critical when it is public or still valid; else info
//	time       when the action happened, as far as the alert says
//	title      what was found, and where
//	rule       of code scanning: id and description; tags: the rule's tags
//	alert_type of code scanning the rule's id, of a secret its type, of a dependency vulnerable_dependency; else the
//	           event; all with underscores
//	project    repository.full_name
//	actor      sender.login; status: the alert's state, else the action
//	url        html_url of what it is about
//	source     vendor github, product github, instance the organisation (or owner), id X-GitHub-Delivery
//	dedup_key  of alerts: github, the repository, the kind of alert and its number
//	entities   see entities in github_alerts.go
//	data       the whole body, with the event's name as github_event
type GitHub struct{}

// Name is the last part of the path.
func (GitHub) Name() string { return "github" }

// Reads says that forms are read: it is one of the two content types that a webhook may be set to.
func (GitHub) Reads(media string) bool { return media == formType }

const formType = "application/x-www-form-urlencoded"

// Decode reads one body. Several in an array or in lines are read too, as files of them are kept.
func (GitHub) Decode(body []byte, h http.Header, lim event.Limits) iter.Seq2[Item, error] {
	sent := body
	media, _ := mediaType(h)
	isForm := media == formType || bytes.HasPrefix(body, []byte("payload=%7B"))
	return func(yield func(Item, error) bool) {
		if isForm {
			values, err := url.ParseQuery(string(body))
			if err != nil || !values.Has("payload") {
				yield(Item{}, event.FieldErrors{{Field: "payload", Detail: "is missing in the form, or not readable"}})
				return
			}
			body = []byte(values.Get("payload"))
		}
		for item, err := range jsonItems(body, lim, func(o object) (Item, error) { return githubItem(o, h) }) {
			if isForm && err == nil {
				item.Raw = sent
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// githubCase is one webhook on its way to an event.
type githubCase struct {
	object        // the body
	kind, action  string
	alert, advice object // the alert or advisory; the advisory of a dependency
	repo          string
}

func githubItem(o object, h http.Header) (Item, error) {
	c := githubCase{object: o, kind: h.Get("X-GitHub-Event"), action: o.text("action"), repo: o.digText("repository.full_name")}
	if c.kind == "" {
		c.kind = githubKind(o)
	}
	if c.kind == "" {
		return Item{}, event.FieldErrors{{Field: "X-GitHub-Event", Detail: "this header is missing, and the body is none that is known without it"}}
	}
	c.alert = o.object("alert")
	for _, name := range []string{"security_advisory", "repository_advisory"} {
		if c.alert == nil {
			c.alert = o.object(name)
		}
	}
	c.advice = c.alert.object("security_advisory")
	e := event.Event{
		Project: event.Clip(c.repo, event.MaxName),
		Actor:   event.Clip(o.digText("sender.login"), event.MaxText),
		Status:  event.Clip(firstText(object{"state": c.alert["state"], "action": o["action"]}, "state", "action"), event.MaxName),
	}
	instance := h.Get("X-GitHub-Enterprise-Host")
	if instance == "" {
		instance = o.digFirst("organization.login", "repository.owner.login", "enterprise.slug")
	}
	e.Source = sourceOf("github", "github", instance, h.Get("X-GitHub-Delivery"))
	c.fill(&e)
	list := c.entities()
	e.Entities = list.all
	rest := remainderOf(o).rest()
	rest.setText(freeMember(rest, "github_event"), c.kind)
	e.Data = rest.data()
	return Item{Event: e, Test: c.kind == "ping"}, nil
}

// githubKind guesses what a body without the header is.
func githubKind(o object) string {
	alert := o.object("alert")
	switch {
	case alert.has("secret_type"):
		return "secret_scanning_alert"
	case alert.has("rule") && alert.has("tool"):
		return "code_scanning_alert"
	case alert.has("security_advisory") || alert.has("security_vulnerability"):
		return "dependabot_alert"
	case alert.has("affected_package_name"):
		return "repository_vulnerability_alert"
	case o.has("security_advisory"):
		return "security_advisory"
	case o.has("repository_advisory"):
		return "repository_advisory"
	case o.has("zen") && o.has("hook"):
		return "ping"
	}
	return ""
}

// fill sets what depends on the kind of webhook.
func (c *githubCase) fill(e *event.Event) {
	switch c.kind {
	case "code_scanning_alert":
		c.codeScanning(e)
	case "secret_scanning_alert", "secret_scanning_alert_location":
		c.secretScanning(e)
	case "dependabot_alert", "repository_vulnerability_alert":
		c.dependency(e)
	case "security_advisory", "repository_advisory":
		c.advisory(e)
	case "ping":
		e.Type, e.AlertType = "system.notice", "ping"
		e.Title = event.Clip("GitHub webhook of "+joinTexts(" ", e.Source.Instance, c.repo)+" is set up", event.MaxTitle)
		e.Description = event.Clip(c.text("zen"), event.MaxDescription)
	default:
		e.Type, e.AlertType = customType("github", c.kind), slug(c.kind)
		e.Title = event.Clip(joinTexts(" ", "GitHub", strings.ReplaceAll(c.kind, "_", " "), strings.ReplaceAll(c.action, "_", " "), inRepo(c.repo)), event.MaxTitle)
	}
	if e.URL == "" {
		e.URL = remainderOf(c.alert).takeURL("html_url", "external_reference", "url")
	}
	if number := firstScalar(c.alert, "number", "ghsa_id", "id"); number != "" {
		e.DedupKey = dedupKey("github", c.repo, strings.TrimSuffix(c.kind, "_location"), number)
	}
}

// inRepo says where, if anywhere.
func inRepo(place string) string {
	if place == "" {
		return ""
	}
	return "in " + place
}
