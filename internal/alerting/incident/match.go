package incident

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/facts"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of keys.
const (
	maxKeys     = 20  // of one alert under one rule
	maxKeyBytes = 300 // of one key; longer ones end in a hash of the whole
)

// matches says whether a rule looks at an alert. An expression that fails for it is an error.
func (c *compiled) matches(a *viewed) (bool, error) {
	switch {
	case len(c.severities) > 0 && !slices.Contains(c.severities, a.Severity),
		len(c.Match.AlertTypes) > 0 && !slices.Contains(c.Match.AlertTypes, a.AlertType),
		len(c.Match.Projects) > 0 && !slices.Contains(c.Match.Projects, a.Project):
		return false, nil
	case c.where == nil:
		return true, nil
	}
	r, err := a.record()
	if err != nil {
		return false, err
	}
	return c.where.Match(r)
}

// keys are what an alert could be brought together by, the most telling first; none if it lacks what the rule groups by.
func (c *compiled) keys(a *viewed) []string {
	rest := ""
	for _, by := range c.GroupBy {
		var part string
		switch by {
		case ByEntity:
			continue
		case ByRule:
			part = a.RuleID
			if part == "" {
				part = a.RuleName
			}
		case BySource:
			part = a.Source
		case ByProject:
			part = a.Project
		case ByAlertType:
			part = a.AlertType
		}
		if part == "" {
			return nil
		}
		rest += " | " + by + ":" + keyPart(part)
	}
	if !slices.Contains(c.GroupBy, ByEntity) {
		return []string{boundKey(strings.TrimPrefix(rest, " | "))}
	}
	var list []string
	for _, e := range a.Entities {
		if !slices.Contains(c.EntityTypes, e.Type) || e.Value == "" {
			continue
		}
		key := boundKey(e.Type + ":" + keyPart(entityValue(e)) + rest)
		if !slices.Contains(list, key) && len(list) < maxKeys {
			list = append(list, key)
		}
	}
	return list
}

// entityValue is an entity's value in the form in which equal things are equal.
func entityValue(e event.Entity) string {
	switch e.Type {
	case "ip", "ipv4", "ipv6":
		if ip, ok := facts.ParseIP(e.Value); ok {
			return ip.String()
		}
	case "host", "hostname", "domain", "email", "user", "username", "hash", "md5", "sha1", "sha256", "sha512":
		return strings.ToLower(e.Value)
	}
	return e.Value
}

// keyPart makes one line of a value in which no separator of keys is left: different values give different parts.
func keyPart(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r == '|' || r == '\\' || r < ' ' || r > '~' }) {
		return text
	}
	quoted := strconv.Quote(text) // escapes what cannot be seen, and backslashes
	return strings.ReplaceAll(quoted[1:len(quoted)-1], "|", `\x7c`)
}

// boundKey cuts a long key so that different ones stay different.
func boundKey(key string) string {
	if len(key) <= maxKeyBytes {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return event.Clip(key, maxKeyBytes-17) + "#" + hex.EncodeToString(sum[:8])
}

// viewed is an alert, and the event that expressions see of it.
type viewed struct {
	*store.Alert

	made *event.Record
	err  error
}

// record is the alert as an event: alert.created, with the alert's state.
func (v *viewed) record() (*event.Record, error) {
	if v.made == nil && v.err == nil {
		v.made, v.err = recordOf(v.Alert)
	}
	return v.made, v.err
}

func recordOf(a *store.Alert) (*event.Record, error) {
	vendor, product, _ := strings.Cut(a.Source, "/")
	e := event.Event{
		Type: "alert.created", Time: a.LastSeen, Severity: a.Severity, Title: a.Title, Description: a.Description, Project: a.Project, AlertType: a.AlertType,
		DedupKey: a.Key, Endpoint: a.Endpoint, Mitre: a.Mitre, RiskScore: a.RiskScore, Status: a.Status, Actor: a.Actor, Entities: a.Entities,
		Geo: a.Geo, Network: a.Network, Tags: a.Tags, Labels: a.Labels, TLP: a.TLP, URL: a.URL,
	}
	if a.RuleID != "" || a.RuleName != "" {
		e.Rule = &event.Rule{ID: a.RuleID, Name: a.RuleName}
	}
	if a.Source != "" {
		e.Source = &event.Source{Vendor: vendor, Product: product}
	}
	return event.FromEvent(&e, event.Origin{Account: a.Account, Received: a.LastSeen}, event.DefaultLimits())
}
