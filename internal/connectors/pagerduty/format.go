package pagerduty

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of PagerDuty (https://developer.pagerduty.com/docs/send-alert-event), in characters where nothing else is said.
const (
	// maxBody bounds a request, in bytes: PagerDuty's 512 KB with some room.
	maxBody    = 500_000
	maxSummary = 1024
	maxSource  = 255
	maxField   = 255 // component, group, class
)

// cut marks a text that was shortened.
const cut = " … [cut by Tocsin]"

// eventBody is a request (https://developer.pagerduty.com/docs/send-alert-event).
type eventBody struct {
	RoutingKey string   `json:"routing_key"`
	Action     string   `json:"event_action"`
	DedupKey   string   `json:"dedup_key"`
	Client     string   `json:"client,omitempty"`
	ClientURL  string   `json:"client_url,omitempty"`
	Links      []link   `json:"links,omitempty"`
	Images     []image  `json:"images,omitempty"`
	Payload    *payload `json:"payload,omitempty"`
}

type payload struct {
	Summary   string  `json:"summary"`
	Source    string  `json:"source"`
	Severity  string  `json:"severity"`
	Timestamp string  `json:"timestamp,omitempty"`
	Component string  `json:"component,omitempty"`
	Group     string  `json:"group,omitempty"`
	Class     string  `json:"class,omitempty"`
	Details   details `json:"custom_details"`
}

type link struct {
	Href string `json:"href"`
	Text string `json:"text,omitempty"`
}

type image struct {
	Src  string `json:"src"`
	Href string `json:"href,omitempty"`
	Alt  string `json:"alt,omitempty"`
}

// timeLayout is RFC 3339 with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// format makes the request for an event. It is pure.
func format(s *Settings, publicURL string, r *event.Record, e event.Event, p plan) ([]byte, error) {
	if p.action != actionTrigger {
		return follow(p.action, p.routingKey, p.key)
	}
	here := r.Link(publicURL)
	body := eventBody{
		RoutingKey: p.routingKey, Action: p.action, DedupKey: p.key, Client: s.Client, ClientURL: here,
		Links: links(s, here, e), Images: images(s, e),
		Payload: &payload{
			Summary: clip(summaryOf(r, e), maxSummary), Source: clip(sourceOf(e), maxSource), Severity: s.Levels.Of(r.Severity),
			Timestamp: r.Time.UTC().Format(timeLayout),
			Component: clip(fieldOf(s.Component, r, e), maxField), Group: clip(fieldOf(s.Group, r, e), maxField),
			Class: clip(fieldOf(s.Class, r, e), maxField), Details: detailsOf(s, here, r, e),
		},
	}
	for {
		raw, err := encode(body)
		if err != nil || len(raw) <= maxBody || !body.Payload.Details.drop() {
			return raw, err
		}
	}
}

// follow makes the request that acknowledges or resolves.
func follow(action, routingKey, key string) ([]byte, error) {
	return encode(eventBody{RoutingKey: routingKey, Action: action, DedupKey: key})
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("writing the page: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// summaryOf is the title; PagerDuty refuses a blank one.
func summaryOf(r *event.Record, e event.Event) string {
	if strings.TrimSpace(e.Title) == "" {
		return r.Type
	}
	return e.Title
}

// sourceOf is what is affected: PagerDuty wants a host, and refuses a blank one.
func sourceOf(e event.Event) string {
	var host, vendor string
	for _, x := range e.Entities {
		if x.Type == "host" || x.Type == "container" {
			host = cmp.Or(host, x.Value)
		}
	}
	if e.Source != nil {
		vendor = cmp.Or(e.Source.Instance, e.Source.Product, e.Source.Vendor)
	}
	for _, text := range []string{e.Endpoint, host, vendor} {
		if strings.TrimSpace(text) != "" {
			return text
		}
	}
	return "Tocsin"
}

// fields are those that may become component, group and class.
var fields = []struct {
	name string
	of   func(*event.Record, event.Event) string
}{
	{"none", func(*event.Record, event.Event) string { return "" }},
	{"rule", func(_ *event.Record, e event.Event) string {
		if e.Rule == nil {
			return ""
		}
		return cmp.Or(e.Rule.Name, e.Rule.ID)
	}},
	{"project", func(_ *event.Record, e event.Event) string { return e.Project }},
	{"type", func(r *event.Record, _ event.Event) string { return r.Type }},
	{"alert_type", func(_ *event.Record, e event.Event) string { return e.AlertType }},
	{"endpoint", func(_ *event.Record, e event.Event) string { return e.Endpoint }},
	{"incident", func(_ *event.Record, e event.Event) string { return e.Incident }},
	{"source", func(_ *event.Record, e event.Event) string {
		if e.Source == nil {
			return ""
		}
		return strings.Trim(e.Source.Vendor+"/"+e.Source.Product, "/")
	}},
}

func fieldNames() []string {
	list := make([]string, len(fields))
	for i, f := range fields {
		list[i] = f.name
	}
	return list
}

func fieldOf(name string, r *event.Record, e event.Event) string {
	for _, f := range fields {
		if f.name == name {
			return f.of(r, e)
		}
	}
	return ""
}

// links are those to Tocsin and to the event, those of the settings, and those that the event brings as data.links.
func links(s *Settings, here string, e event.Event) []link {
	var list []link
	add := func(href, text string) {
		if len(list) < 2*maxAssets && event.IsWebURL(href) {
			list = append(list, link{href, clip(text, maxField)})
		}
	}
	add(here, "Open in Tocsin")
	if e.URL != here {
		add(e.URL, "Open at the source")
	}
	for _, l := range s.Links {
		add(l.Href, l.Text)
	}
	for _, l := range assets(e, "links") {
		add(l.Get("href").Str, l.Get("text").Str)
	}
	return list
}

// images are those of the settings, and those that the event brings as data.images. PagerDuty wants https.
func images(s *Settings, e event.Event) []image {
	var list []image
	add := func(i image) {
		if !isImage(i.Src) {
			return
		}
		if !event.IsWebURL(i.Href) {
			i.Href = ""
		}
		i.Alt = clip(i.Alt, maxField)
		list = append(list, i)
	}
	for _, i := range s.Images {
		add(image(i))
	}
	for _, i := range assets(e, "images") {
		add(image{i.Get("src").Str, i.Get("href").Str, i.Get("alt").Str})
	}
	return list
}

// assets are the first objects of a list in the event's data.
func assets(e event.Event, name string) []gjson.Result {
	list := gjson.GetBytes(e.Data, name)
	if !list.IsArray() {
		return nil
	}
	all := list.Array()
	return all[:min(len(all), maxAssets)]
}

// isImage says whether an address may be an image's: PagerDuty shows those over https alone.
func isImage(text string) bool {
	const scheme = "https://"
	return event.IsWebURL(text) && len(text) > len(scheme) && strings.EqualFold(text[:len(scheme)], scheme)
}

// clip shortens a text to a number of characters, with a mark.
func clip(text string, most int) string { return event.Shorten(text, most, event.Characters, cut) }
