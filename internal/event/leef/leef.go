// Package leef projects a record to one line of IBM QRadar's Log Event Extended Format, version 2.0, with a tab between
// the attributes (https://www.ibm.com/docs/en/dsm?topic=leef-overview). It is pure and never fails.
//
// LEEF has no escapes: a bar in the header becomes "/", and a tab, a line end or another control character anywhere
// becomes a blank.
//
//	source           vendor, product (Tocsin for what has none); instance
//	type             the event id of the header; cat is its category (the alert type where there is one, else the family)
//	severity         sev: info 1, low 3, medium 5, high 8, critical 10
//	time             devTime, with devTimeFormat
//	entities         src, dst, usrName (who it is about), srcHost, dstHost, dstUser, file, fileHash, process, requestUrl
//	url              url
//	link             link
//	project, account accountName, project
//	id, title, description, dedup_key, incident, rule, mitre, risk_score, status, endpoint, tlp, tags, received_at
//	                 eventUid, title, msg, dedupKey, incident, rule, mitre, riskScore, status, endpoint, tlp, tags, receivedAt
//
// What has no attribute (data, geo, network, labels, further entities) is not in the line.
package leef

import (
	"math"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/facts"
)

// deviceVersion stands for the version of the sensor, which events do not carry.
const deviceVersion = "1.0"

// Limits of one line, in bytes. QRadar cuts what is too long for it (4 KiB over UDP and TCP unless configured otherwise).
const (
	maxHeader = 255
	maxValue  = 1023
)

// The form of devTime, in Go's notation and in Java's, which devTimeFormat wants.
const (
	timeLayout = "Jan 02 2006 15:04:05.000 MST"
	timeFormat = "MMM dd yyyy HH:mm:ss.SSS zzz"
)

// severities are LEEF's (1 to 10), by ours.
var severities = [...]int64{1, 3, 5, 8, 10}

// Append appends the LEEF line of r, without an end. An empty link is left out.
func Append(dst []byte, r *event.Record, link string) []byte {
	f := facts.Of(r)
	l := line{b: append(dst, "LEEF:2.0|"...)}
	for _, text := range [...]string{f.Vendor(), f.Product(), deviceVersion, f.Event.Type} {
		l.clean(event.Clip(text, maxHeader), '|')
		l.b = append(l.b, '|')
	}
	l.b = append(l.b, "x09|"...)
	l.attributes(&f)
	l.text("link", link)
	return l.b
}

// line is one line on its way.
type line struct {
	b     []byte
	inner bool // there is an attribute already
}

// clean appends a text without what would end something; never, unless 0, is one more character that must not appear.
func (l *line) clean(text string, never rune) {
	for _, c := range text {
		switch {
		case c == never && never != 0:
			l.b = append(l.b, '/')
		case c < ' ', c >= 0x7f && c <= 0x9f, c == '\u2028', c == '\u2029':
			l.b = append(l.b, ' ')
		default:
			l.b = append(l.b, string(c)...)
		}
	}
}

// text appends an attribute whose text is not empty.
func (l *line) text(name, value string) {
	if value == "" {
		return
	}
	if l.inner {
		l.b = append(l.b, '\t')
	}
	l.inner = true
	l.b = append(append(l.b, name...), '=')
	l.clean(event.Clip(value, maxValue), 0)
}

func (l *line) attributes(f *facts.Facts) {
	e := &f.Event
	category := e.AlertType
	if category == "" {
		category = f.Family
	}
	user, email := f.User()
	if user == "" {
		user = email
	}
	l.text("cat", category)
	l.text("devTime", e.Time.UTC().Format(timeLayout))
	l.text("devTimeFormat", timeFormat)
	l.text("sev", strconv.FormatInt(severities[min(int(e.Severity), len(severities)-1)], 10))
	l.text("src", f.Source.IPText())
	l.text("dst", f.Target.IPText())
	l.text("usrName", user)
	l.text("accountName", string(f.Record.Account))
	l.text("url", e.URL)
	l.things(f, user)
	l.text("eventUid", f.ID)
	l.text("title", e.Title)
	l.text("msg", e.Description)
	l.text("project", e.Project)
	l.text("instance", f.Instance())
	l.text("dedupKey", e.DedupKey)
	l.text("incident", e.Incident)
	l.text("rule", f.RuleName())
	l.text("ruleId", f.RuleID())
	l.text("mitre", mitreText(f))
	if e.RiskScore != nil {
		l.text("riskScore", strconv.FormatInt(int64(math.Round(*e.RiskScore)), 10))
	}
	l.text("status", e.Status)
	l.text("endpoint", e.Endpoint)
	l.text("tlp", e.TLP)
	l.text("tags", strings.Join(e.Tags, ","))
	l.text("receivedAt", f.Record.Received.UTC().Format(time.RFC3339Nano))
}

// things appends the entities; user is who usrName speaks of already.
func (l *line) things(f *facts.Facts, user string) {
	l.text("srcHost", f.Source.Host)
	l.text("dstHost", f.Target.Host)
	if f.Target.User != user {
		l.text("dstUser", f.Target.User)
	}
	if f.File != "" {
		l.text("file", path.Base(f.File))
		l.text("filePath", f.File)
	}
	if len(f.Hashes) > 0 {
		l.text("fileHash", f.Hashes[0].Value)
	}
	l.text("process", f.Process)
	l.text("requestUrl", f.URL)
}

func mitreText(f *facts.Facts) string {
	ids := make([]string, len(f.Mitre))
	for i, t := range f.Mitre {
		ids[i] = t.Full()
	}
	return strings.Join(ids, ",")
}
