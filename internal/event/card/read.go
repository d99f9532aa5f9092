package card

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/facts"
)

// Of makes the card of an event. PublicURL is where the hub is reached; without it there is no Link.
func Of(r *event.Record, publicURL string) Card {
	f := facts.Of(r)
	e := &f.Event
	c := Card{
		Subject: Other, Event: f.ID, Type: r.Type, Time: r.Time.UTC(), Severity: r.Severity,
		Title: line(e.Title, MaxTitle), Description: lines(e.Description, MaxDescription),
		Risk: e.RiskScore, Project: line(e.Project, MaxField), AlertType: line(e.AlertType, MaxField),
		Actor: line(e.Actor, MaxField), Place: place(f.Geo), Network: network(string(e.Network), f.Net),
		Endpoint: line(e.Endpoint, MaxField), Case: line(e.Incident, MaxField), TLP: line(e.TLP, MaxField),
		Link: r.Link(publicURL), URL: webURL(e.URL),
	}
	if c.Title == "" {
		c.Title = r.Type
	}
	if e.Rule != nil {
		c.Rule = line(named(e.Rule.Name, e.Rule.ID), MaxField)
	}
	if s := e.Source; s != nil {
		c.Source = line(joined(" / ", s.Vendor, s.Product, s.Instance), MaxField)
	}
	c.lists(e)
	c.prompt(r.Body)
	c.state(r, e)
	return c
}

// lists fills in what there may be many of.
func (c *Card) lists(e *event.Event) {
	for _, x := range e.Entities {
		if isHost(x.Type) && x.Role != "actor" && x.Role != "attacker" {
			c.Hosts = appended(c.Hosts, x.Value, MaxField)
		}
		x.Type, x.Value, x.Role = line(x.Type, MaxField), line(x.Value, MaxField), line(x.Role, MaxField)
		if x.Value != "" && len(c.Entities) < maxEntities {
			c.Entities = append(c.Entities, x)
		}
	}
	for _, text := range e.Mitre {
		c.Mitre = appended(c.Mitre, text, MaxField)
	}
	for _, text := range e.Tags {
		c.Tags = appended(c.Tags, text, MaxField)
	}
}

func isHost(kind string) bool {
	return slices.Contains([]string{"host", "hostname", "endpoint", "device", "container", "pod", "instance"}, kind)
}

// appended adds a text to a list that has room and does not hold it yet.
func appended(list []string, text string, n int) []string {
	text = line(text, n)
	if text == "" || len(list) == maxList || slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// The places where senders put what to do. They are paths of gjson into the event; the first that holds something wins.
var (
	advicePaths = []string{"data.recommended_actions", "data.recommended_action", "data.recommendation", "data.remediation",
		"data.annotations.recommended_action", "labels.recommended_action"}
	runbookURLs = []string{"data.runbook.url", "data.runbook_url", "data.annotations.runbook_url", "labels.runbook_url", "data.runbook"}
	phasePaths  = []string{"data.kill_chain_phase", "data.kill_chain.phase", "data.kill_chain", "labels.kill_chain_phase"}
)

// prompt fills in what to do: the runbook, the recommended action, the phase of the attack.
func (c *Card) prompt(body []byte) {
	for _, path := range advicePaths {
		if c.Advice = steps(gjson.GetBytes(body, path)); len(c.Advice) > 0 {
			break
		}
	}
	for _, path := range phasePaths {
		if v := gjson.GetBytes(body, path); v.Type == gjson.String {
			c.KillChain = line(v.Str, MaxField)
			break
		}
	}
	var b Runbook
	for _, path := range runbookURLs {
		if b.URL = webURL(gjson.GetBytes(body, path).Str); b.URL != "" {
			break
		}
	}
	switch v := gjson.GetBytes(body, "data.runbook"); {
	case v.IsObject():
		b.Name, b.Owner, b.Steps = line(v.Get("name").Str, MaxField), line(v.Get("owner").Str, MaxField), steps(v.Get("steps"))
	case v.IsArray():
		b.Steps = steps(v)
	case b.URL == "":
		b.Name = line(v.Str, MaxField)
	}
	if b.Name != "" || b.URL != "" || b.Owner != "" || len(b.Steps) > 0 {
		c.Runbook = &b
	}
}

// steps reads a text, line by line, or a list of texts.
func steps(v gjson.Result) []string {
	var list []string
	add := func(text string) {
		if text = line(text, maxStep); text != "" && len(list) < maxList {
			list = append(list, text)
		}
	}
	if v.Type == gjson.String {
		for text := range strings.SplitSeq(v.Str[:min(len(v.Str), maxList*maxStep)], "\n") {
			add(text)
		}
		return list
	}
	if v.IsArray() {
		v.ForEach(func(_, item gjson.Result) bool {
			if item.Type == gjson.String {
				add(item.Str)
			}
			return len(list) < maxList
		})
	}
	return list
}

// place is where a source is, for people.
func place(g facts.Geo) string {
	country := g.Country
	if g.CountryCode != "" && !strings.EqualFold(country, g.CountryCode) {
		country = strings.TrimSpace(country + " (" + g.CountryCode + ")")
	}
	return line(joined(", ", g.City, g.Region, country), MaxField)
}

// network is what is known of a source's network, for people.
func network(raw string, n facts.Net) string {
	var as string
	if n.ASN > 0 {
		as = "AS" + strconv.FormatInt(n.ASN, 10)
	}
	list := []string{strings.TrimSpace(as + " " + n.ASOrg)}
	for _, mark := range [...][2]string{{"is_tor", "Tor"}, {"is_vpn", "VPN"}, {"is_proxy", "proxy"}, {"is_datacenter", "data centre"}} {
		if gjson.Get(raw, mark[0]).Bool() {
			list = append(list, mark[1])
		}
	}
	return line(joined(", ", list...), MaxField)
}

func joined(by string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(t string) bool { return t == "" }), by)
}

// named is "name (id)", or the one that there is.
func named(name, id string) string {
	if name == "" || id == "" || name == id {
		return name + strings.TrimPrefix(id, name)
	}
	return fmt.Sprintf("%s (%s)", name, id)
}

// webURL is an address that people may be led to; empty if it is none.
func webURL(text string) string {
	if !event.IsWebURL(text) {
		return ""
	}
	return text
}
