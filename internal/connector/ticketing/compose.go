package ticketing

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of what a ticket says, in bytes.
const (
	maxSummary = 1000
	maxText    = 20 << 10
	maxValue   = 500
	maxItems   = 20
)

// summary is a ticket's title: one line.
func (f *facts) summary() string {
	title := OneLine(f.event.Title)
	if title == "" {
		title = f.event.Type
	}
	if n := f.event.Incident; f.internal && event.IncidentNumber(n) > 0 && event.TypeFilter("incident.*").Match(f.event.Type) &&
		!strings.Contains(title, n) {
		title = n + ": " + title
	}
	return Cut(title, maxSummary)
}

// OneLine makes every run of white space and control characters a space.
func OneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r >= 0x80 && r <= 0x9f || r == 0x2028 || r == 0x2029 || r == 0xa0
	}), " ")
}

// body describes the thing.
func (f *facts) body(link string) Document {
	e := &f.event
	var d Document
	if e.Description != "" && e.Description != e.Title {
		d = append(d, Block{Text: Cut(e.Description, maxText)})
	}
	var rows []Row
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, Row{name, Cut(value, maxValue)})
		}
	}
	add("Severity", f.severity.String())
	if e.RiskScore != nil {
		add("Risk score", fmt.Sprintf("%g", *e.RiskScore))
	}
	add("Type", cmp.Or(e.AlertType, e.Type))
	if e.Rule != nil {
		add("Rule", cmp.Or(e.Rule.Name, e.Rule.ID))
	}
	add("MITRE ATT&CK", strings.Join(e.Mitre, ", "))
	add("Project", e.Project)
	add("Endpoint", e.Endpoint)
	add("Case", e.Incident)
	if e.Source != nil {
		add("Source", strings.Join(slices.DeleteFunc([]string{e.Source.Vendor, e.Source.Product, e.Source.Instance}, func(s string) bool { return s == "" }), " / "))
	}
	add("Time", f.at.UTC().Format(time.RFC3339))
	d = append(d, Block{Kind: Table, Rows: rows})
	if len(e.Entities) > 0 {
		d = append(d, Block{Kind: Heading, Text: "Entities"}, Block{Kind: List, Rows: entities(e.Entities)})
	}
	if link != "" {
		d = append(d, Block{Kind: Link, Text: "Open in Tocsin", URL: link})
	}
	if event.IsWebURL(e.URL) {
		d = append(d, Block{Kind: Link, Text: "Open at the source", URL: e.URL})
	}
	return d
}

func entities(list []event.Entity) []Row {
	var rows []Row
	for i, e := range list {
		if i == maxItems {
			rows = append(rows, Row{Value: fmt.Sprintf("… and %d more", len(list)-i)})
			break
		}
		text := e.Type + ": " + Cut(e.Value, maxValue)
		if e.Role != "" {
			text += " (" + e.Role + ")"
		}
		rows = append(rows, Row{Value: text})
	}
	return rows
}

// remark is the comment that an event is worth, nil for none. Key tells it from every other.
func (f *facts) remark(s *Settings) (d Document, key string) {
	if !s.rule(fieldComments).out() {
		return nil, ""
	}
	text := f.headline(s.ChangeNotes)
	if f.change.Note != "" {
		if text != "" {
			text += ":"
		} else {
			text = "Note by " + cmp.Or(f.change.By, f.event.Actor, "Tocsin") + ":"
		}
	}
	if text == "" {
		return nil, ""
	}
	d = Document{{Text: Cut(OneLine(text), maxValue)}}
	if f.change.Note != "" {
		d = append(d, Block{Text: Cut(f.change.Note, MaxNote)})
	}
	sum := sha256.Sum256(append([]byte("comment\x00"), f.id[:]...))
	key = hex.EncodeToString(sum[:6])
	return append(d, Block{Text: commentMark(key)}), key
}

// headline says what somebody did; empty for what is not worth a comment.
func (f *facts) headline(changes bool) string {
	if !changes || f.begins || f.status == nil {
		return ""
	}
	var done string
	switch f.change.Verb {
	case "acknowledge":
		done = "Acknowledged"
	case "resolve":
		done = "Resolved"
	case "reopen":
		done = "Reopened"
	case "":
		if f.internal || strings.HasSuffix(f.event.Type, ".updated") {
			return ""
		}
		done = map[Category]string{New: "Reopened", Active: "Acknowledged", Closed: "Resolved"}[*f.status]
	default:
		if c := f.change.Changed["status"]; c[1] == "" || c[0] == "" {
			return ""
		}
		done = "Now " + f.change.Changed["status"][1]
	}
	if by := cmp.Or(f.change.By, f.event.Actor); by != "" {
		done += " by " + by
	}
	return done + " in Tocsin"
}

// commentMark stands at the end of what the hub writes.
func commentMark(key string) string { return Label + "-" + key }

// ownMark finds it, also where a vendor has escaped the hyphen for its markup.
var ownMark = regexp.MustCompile(`\b` + Label + `\\?-([0-9a-f]{12})\W*$`)

// markOf gives the key of a comment that ends in a mark of ours.
func markOf(text string) string {
	if m := ownMark.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// markFor is what a ticket is found by: the same for one subject of one integration, whatever the delivery.
func markFor(account event.Account, integration, subject string, generation int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d", account, integration, subject, generation))
	return Label + "-" + hex.EncodeToString(sum[:10])
}

// hash stands for a text in a Link.
func hash(text string) string {
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(text), " ")))
	return hex.EncodeToString(sum[:8])
}
