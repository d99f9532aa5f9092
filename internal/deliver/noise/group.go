package noise

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// maxGroupValue bounds the part of a group's key that one member of an event gives, in bytes.
const maxGroupValue = 256

// GroupKey is what an event shares with those of its group; empty: it has nothing of what is grouped by, and is sent alone.
// Events of different accounts are never in one group.
func GroupKey(p *connector.Noise, r *event.Record) string {
	if len(p.Group.By) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(groupPrefix)
	b.WriteString(string(r.Account))
	any := false
	for _, name := range p.Group.By {
		value := groupValue(r, name)
		any = any || value != ""
		b.WriteByte('\x1f')
		b.WriteString(strings.ReplaceAll(event.Clip(value, maxGroupValue), "\x1f", " "))
	}
	if !any {
		return ""
	}
	return b.String()
}

func groupValue(r *event.Record, name string) string {
	switch name {
	case "alert":
		return r.DedupKey
	case "alert_type":
		return r.AlertType
	case "project":
		return r.Project
	case "severity":
		return r.Severity.String()
	case "type":
		return r.Type
	case "incident":
		return gjson.GetBytes(r.Body, "incident").String()
	case "endpoint":
		return gjson.GetBytes(r.Body, "endpoint").String()
	case "rule":
		rule := gjson.GetBytes(r.Body, "rule")
		if id := rule.Get("id").String(); id != "" {
			return id
		}
		return rule.Get("name").String()
	case "source":
		source := gjson.GetBytes(r.Body, "source")
		if text := strings.Trim(source.Get("vendor").String()+"/"+source.Get("product").String(), "/"); text != "" {
			return text
		}
		return source.Get("instance").String()
	case "entity":
		first := gjson.GetBytes(r.Body, "entities.0")
		if value := first.Get("value").String(); value != "" {
			return first.Get("type").String() + ":" + value
		}
	}
	return ""
}
