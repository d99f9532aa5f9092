package email

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of lists, in entries. What is left out is counted.
const (
	maxEntities = 50
	maxDetails  = 30
	maxMitre    = 20
	maxTags     = 30
)

// timeText is how mails write times: exact, and in UTC, whoever reads them where.
const timeText = "2006-01-02 15:04:05 UTC"

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeText)
}

// told is "data" of what Tocsin itself says (event.AlertState and so on), as far as mails show it.
type told struct {
	Alert    *event.AlertState    `json:"alert"`
	Incident *event.IncidentState `json:"incident"`
	Change   *event.CaseChange    `json:"change"`
	Group    *group               `json:"group"`
	Held     *held                `json:"held"`
	Digest   *digest              `json:"digest"`
}

// readTold reads data, and says which of its members it read. What somebody did to an alert is taken from Tocsin's own facts
// only: a sender could claim it of its own event.
func readTold(raw json.RawMessage, internal bool) (t told, read []string) {
	if len(raw) == 0 || json.Unmarshal(raw, &t) != nil {
		return told{}, nil
	}
	if !internal {
		t.Alert, t.Incident, t.Change = nil, nil, nil
	}
	for name, has := range map[string]bool{
		"alert": t.Alert != nil, "incident": t.Incident != nil, "change": t.Change != nil, "group": t.Group != nil,
		"held": t.Held != nil, "digest": t.Digest != nil,
	} {
		if has {
			read = append(read, name)
		}
	}
	return t, read
}

// compose says what a mail about a record says. It is pure.
func compose(r *event.Record, e *event.Event, publicURL string) *letter {
	t, read := readTold(e.Data, r.Flags&event.Internal != 0)
	switch {
	case r.Flags&(event.Internal|event.Test) == 0: // a sender's own event of that name is no digest of the hub's
	case r.Type == event.TypeDigest && t.Digest != nil:
		return composeDigest(r, e, t.Digest, publicURL)
	case r.Type == event.TypeHeldBack && t.Held != nil:
		return composeHeld(r, e, t.Held, publicURL)
	}
	l := &letter{
		Severity: r.Severity, Title: block(e.Title, maxTitle), Kicker: r.Type, Type: r.Type, Event: r.ID.Text(event.PrefixEvent),
		Thread: threadOf(r, e),
	}
	if l.Title == "" {
		l.Title = r.Type
	}
	l.Subject = strings.ToUpper(r.Severity.String()) + ": " + inline(l.Title, maxTitle)
	l.lead(r, e, &t)
	l.envelope(r, e, &t)
	if t.Group != nil {
		l.group(t.Group, publicURL)
	}
	if e.Description != "" {
		l.Sections = append(l.Sections, section{Title: "Description", Text: block(e.Description, maxDescription)})
	}
	l.entities("Entities", e.Entities)
	l.labels(e.Labels)
	l.object("Location", e.Geo, nil)
	l.object("Network", e.Network, nil)
	l.object("Details", e.Data, read)
	l.links(r, e, publicURL)
	return l
}

// threadOf is what mails of one alert, or of one incident, have in common.
func threadOf(r *event.Record, e *event.Event) string {
	switch {
	case event.TypeFilter("incident.*").Match(r.Type) && e.Incident != "":
		if r.Flags&event.Internal == 0 { // a sender's numbers are not the hub's
			return "incident of a sender\x00" + e.Incident
		}
		return "incident\x00" + e.Incident
	case event.TypeFilter("alert.*").Match(r.Type), r.DedupKey != "":
		return "alert\x00" + r.AlertKey()
	}
	return ""
}

// verbs are what was done, for people.
var verbs = map[string]string{
	"acknowledge": "Acknowledged", "resolve": "Resolved", "reopen": "Reopened", "assign": "Assigned", "note": "Noted",
	"create": "Opened", "update": "Changed", "link": "Linked to an incident", "close": "Closed", "rate": "Severity changed",
}

// lead says first what happened.
func (l *letter) lead(r *event.Record, e *event.Event, t *told) {
	if c := t.Change; c != nil {
		text := verbs[c.Verb]
		if text == "" {
			text = "Changed"
		}
		if c.By != "" {
			text += " by " + inline(c.By, maxValue)
		}
		if c.Via != "" {
			text += " (through " + inline(c.Via, maxValue) + ")"
		}
		l.Lead = append(l.Lead, text+".")
		if c.Note != "" {
			l.Sections = append(l.Sections, section{Title: "Note", Text: block(c.Note, maxDescription)})
		}
		l.changed(c.Changed)
		l.Reply = c.Verb != "create"
		return
	}
	from := "Tocsin"
	if s := sourceName(e.Source); s != "" {
		from = s
	}
	l.Lead = append(l.Lead, fmt.Sprintf("Reported by %s at %s.", inline(from, maxValue), when(r.Time)))
	if t.Group != nil {
		l.Lead = append(l.Lead, fmt.Sprintf("%s of a kind, in one mail.", plural(t.Group.Count, "event", "events")))
	}
}

// changed lists what has another value now.
func (l *letter) changed(changed map[string][2]string) {
	if len(changed) == 0 {
		return
	}
	t := &table{Head: []string{"Changed", "Before", "Now"}}
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		if len(t.Rows) == maxDetails {
			break
		}
		v := changed[name]
		t.Rows = append(t.Rows, []cell{{Text: block(name, maxValue)}, {Text: block(v[0], maxValue)}, {Text: block(v[1], maxValue)}})
	}
	l.Sections = append(l.Sections, section{Title: "Changes", Table: t, Note: more(len(t.Rows), len(changed))})
}

// envelope lists the facts that most events have.
func (l *letter) envelope(r *event.Record, e *event.Event, t *told) {
	l.fact("Severity", r.Severity.String())
	if e.RiskScore != nil {
		l.fact("Risk score", strconv.FormatFloat(*e.RiskScore, 'f', -1, 64)+" of 100")
	}
	l.fact("Status", e.Status)
	l.fact("Case id", caseID(r, e))
	l.fact("Type", r.Type)
	l.fact("Alert type", e.AlertType)
	l.fact("Time", when(r.Time))
	if a := t.Alert; a != nil {
		l.fact("Seen", fmt.Sprintf("%s, first %s, last %s", plural(int(a.Count), "time", "times"), when(a.FirstSeen), when(a.LastSeen)))
		l.fact("Assignee", a.Assignee)
	}
	if i := t.Incident; i != nil {
		l.fact("Owner", i.Owner)
		l.fact("Alerts", strconv.Itoa(i.Alerts))
		l.fact("Classification", i.Classification)
		l.fact("Reason", i.Reason)
	}
	l.fact("Rule", ruleName(e.Rule))
	l.fact("ATT&CK", listed(e.Mitre, maxMitre, "techniques"))
	l.fact("Project", e.Project)
	l.fact("Endpoint", e.Endpoint)
	l.fact("Actor", e.Actor)
	l.fact("Source", sourceName(e.Source))
	if e.Source != nil {
		l.fact("Instance", e.Source.Instance)
		l.fact("Source's id", e.Source.ID)
	}
	l.fact("TLP", e.TLP)
	l.fact("Tags", listed(e.Tags, maxTags, "tags"))
}

// labels lists labels by name.
func (l *letter) labels(labels map[string]string) {
	if len(labels) == 0 {
		return
	}
	s := section{Title: "Labels"}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if len(s.Facts) == maxDetails {
			break
		}
		s.Facts = append(s.Facts, fact{Name: block(name, maxValue), Value: block(labels[name], maxValue)})
	}
	s.Note = more(len(s.Facts), len(labels))
	l.Sections = append(l.Sections, s)
}

// entities lists what the event is about.
func (l *letter) entities(title string, list []event.Entity) {
	if len(list) == 0 {
		return
	}
	t := &table{Head: []string{"Entity", "Value", "Role"}}
	for _, e := range list[:min(len(list), maxEntities)] {
		role := e.Role
		if e.Observed {
			role = strings.TrimSpace(role + " (observed)")
		}
		t.Rows = append(t.Rows, []cell{{Text: block(e.Type, maxValue)}, {Text: block(e.Value, maxValue)}, {Text: block(role, maxValue)}})
	}
	l.Sections = append(l.Sections, section{Title: title, Table: t, Note: more(len(t.Rows), len(list))})
}

// object lists the values of a JSON object, those of objects in it by path.
func (l *letter) object(title string, raw json.RawMessage, without []string) {
	if len(raw) == 0 {
		return
	}
	s := section{Title: title}
	all := 0
	var walk func(prefix string, v gjson.Result)
	walk = func(prefix string, v gjson.Result) {
		v.ForEach(func(name, value gjson.Result) bool {
			path := prefix + name.String()
			switch {
			case prefix == "" && slices.Contains(without, name.String()):
				return true
			case value.IsObject():
				walk(path+".", value)
				return true
			}
			if all++; all <= maxDetails {
				s.Facts = append(s.Facts, fact{Name: block(path, maxValue), Value: block(value.String(), maxValue)})
			}
			return true
		})
	}
	walk("", gjson.ParseBytes(raw))
	if all == 0 {
		return
	}
	s.Note = more(len(s.Facts), all)
	l.Sections = append(l.Sections, s)
}

// links says where there is more.
func (l *letter) links(r *event.Record, e *event.Event, publicURL string) {
	if url := r.Link(publicURL); url != "" {
		l.Button = link{"Open in Tocsin", url}
	}
	if e.Incident != "" && publicURL != "" && event.IncidentNumber(e.Incident) > 0 && !strings.HasSuffix(l.Button.URL, e.Incident) {
		l.Links = append(l.Links, link{"Incident " + e.Incident, publicURL + "/incidents/" + e.Incident})
	}
	if e.URL == "" {
		return
	}
	if url := webLink(e.URL); url != "" {
		l.Links = append(l.Links, link{"At the source", url})
		return
	}
	l.fact("Link of the source", e.URL) // not one to click on
}

// ruleName is a rule for people.
func ruleName(r *event.Rule) string {
	switch {
	case r == nil:
		return ""
	case r.ID == "" || r.Name == "":
		return r.Name + r.ID
	}
	return r.Name + " (" + r.ID + ")"
}

// sourceName is a source for people.
func sourceName(s *event.Source) string {
	if s == nil {
		return ""
	}
	return strings.TrimSpace(s.Vendor + " " + s.Product)
}

// listed is a list in one line, or empty.
func listed(list []string, most int, what string) string {
	text := strings.Join(list[:min(len(list), most)], ", ")
	if len(list) > most {
		text += fmt.Sprintf(" and %d more %s", len(list)-most, what)
	}
	return text
}

// caseID is what other systems know the alert or incident by.
func caseID(r *event.Record, e *event.Event) string {
	if e.Incident != "" {
		return e.Incident
	}
	if event.TypeFilter("alert.*").Match(r.Type) {
		return event.AlertID(r.Account, r.AlertKey()).Text(event.PrefixAlert)
	}
	return ""
}
