// Package cef projects a record to one line of the ArcSight Common Event Format (CEF:0, implementation standard,
// document version 27). It is pure and never fails. Texts are cut to the standard's lengths; the standard calls what
// consumers add themselves (agent…, eventId) theirs, so that none of it is written.
//
//	source            deviceVendor, deviceProduct (Tocsin for what has none), dvchost and deviceExternalId (instance)
//	type              deviceEventClassId, cat (its family)
//	title             Name (the type without one)
//	severity          Severity: info 1, low 3, medium 5, high 8, critical 10
//	time              rt, milliseconds
//	received_at       deviceCustomDate1
//	id                externalId
//	description       msg
//	dedup_key         cs1      rule              cs2      mitre             cs3
//	incident          cs4      project           cs5      tags              cs6
//	risk_score        cn1, rounded
//	account           flexString1
//	alert_type        flexString2
//	status            outcome
//	url               request; the URL of an entity is requestContext, or request where the event has none
//	endpoint          destinationServiceName (the service that the event is about)
//	link              sourceServiceName (the service that tells of the event, at its page)
//	entities          src, shost, suser; dst, dhost, duser; c6a1 and c6a3 for IPv6 (source, destination); fname, filePath,
//	                  fileHash, sproc
//
// Each custom key goes with its label. What the format has no key for (data, geo, network, labels, further entities) is
// not in the line.
package cef

import (
	"math"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/facts"
)

// deviceVersion stands for the version of the sensor, which events do not carry.
const deviceVersion = "1.0"

// Lengths of the header's fields, in characters; counted in bytes here, which is never more.
const (
	maxVendor  = 63
	maxProduct = 63
	maxClassID = 1023
	maxName    = 512
)

// severities are CEF's, by ours.
var severities = [...]int64{1, 3, 5, 8, 10}

// Append appends the CEF line of r, without an end. An empty link is left out.
func Append(dst []byte, r *event.Record, link string) []byte {
	f := facts.Of(r)
	l := line{b: append(dst, "CEF:0|"...)}
	l.header(f.Vendor(), maxVendor)
	l.header(f.Product(), maxProduct)
	l.header(deviceVersion, len(deviceVersion))
	l.header(f.Event.Type, maxClassID)
	l.header(f.Headline(), maxName)
	l.b = strconv.AppendInt(l.b, severities[min(int(f.Event.Severity), len(severities)-1)], 10)
	l.b = append(l.b, '|')
	l.extension(&f)
	l.text("destinationServiceName", f.Event.Endpoint, maxText)
	l.text("sourceServiceName", link, maxText)
	return l.b
}

// line is one line on its way.
type line struct {
	b     []byte
	inner bool // there is a pair already
}

// header appends one field of the header and the bar after it.
func (l *line) header(text string, most int) {
	for _, c := range event.Clip(text, most) {
		switch {
		case c == '|' || c == '\\':
			l.b = append(l.b, '\\', byte(c))
		case breaks(c):
			l.b = append(l.b, ' ')
		default:
			l.b = appendRune(l.b, c)
		}
	}
	l.b = append(l.b, '|')
}

// key begins a pair.
func (l *line) key(name string) {
	if l.inner {
		l.b = append(l.b, ' ')
	}
	l.inner = true
	l.b = append(append(l.b, name...), '=')
}

// text appends a pair whose text is not empty.
func (l *line) text(name, value string, most int) {
	if value == "" {
		return
	}
	l.key(name)
	for _, c := range event.Clip(value, most) {
		switch {
		case c == '=' || c == '\\':
			l.b = append(l.b, '\\', byte(c))
		case c == '\n':
			l.b = append(l.b, '\\', 'n')
		case c == '\r':
			l.b = append(l.b, '\\', 'r')
		case breaks(c):
			l.b = append(l.b, ' ')
		default:
			l.b = appendRune(l.b, c)
		}
	}
}

func (l *line) number(name string, n int64) {
	l.key(name)
	l.b = strconv.AppendInt(l.b, n, 10)
}

// breaks says that a character could end a line, or hide what follows, for some reader: control characters and the line
// ends of Unicode. A tab is text.
func breaks(c rune) bool {
	return c < ' ' && c != '\t' || c >= 0x7f && c <= 0x9f || c == '\u2028' || c == '\u2029'
}

func appendRune(dst []byte, c rune) []byte {
	if c < 0x80 {
		return append(dst, byte(c))
	}
	return append(dst, string(c)...)
}

// Lengths of the keys, as the standard has them.
const (
	maxText   = 1023
	maxCustom = 4000
	maxState  = 63
	maxShort  = 255
	maxHost   = 100
	maxFlex   = 1023
	maxLong   = 2048
	maxID     = 40
)

func (l *line) extension(f *facts.Facts) {
	e := &f.Event
	l.number("rt", e.Time.UnixMilli())
	l.text("externalId", f.ID, maxID)
	l.text("cat", f.Family, maxText)
	l.text("msg", e.Description, maxText)
	l.text("outcome", e.Status, maxState)
	l.sides(f)
	l.things(f)
	l.text("dvchost", f.Instance(), maxHost)
	l.text("deviceExternalId", f.Instance(), maxShort)
	l.custom("cs1", "Dedup Key", e.DedupKey, maxCustom)
	l.custom("cs2", "Rule", ruleText(f), maxCustom)
	l.custom("cs3", "MITRE ATT&CK", mitreText(f), maxCustom)
	l.custom("cs4", "Incident", e.Incident, maxCustom)
	l.custom("cs5", "Project", e.Project, maxCustom)
	l.custom("cs6", "Tags", strings.Join(e.Tags, ","), maxCustom)
	if e.RiskScore != nil {
		l.number("cn1", int64(math.Round(*e.RiskScore)))
		l.text("cn1Label", "Risk Score", maxText)
	}
	l.custom("flexString1", "Account", string(f.Record.Account), maxFlex)
	l.custom("flexString2", "Alert Type", e.AlertType, maxFlex)
	l.number("deviceCustomDate1", f.Record.Received.UnixMilli())
	l.text("deviceCustomDate1Label", "Received", maxText)
}

// custom appends a pair and its label.
func (l *line) custom(name, label, value string, most int) {
	if value != "" {
		l.text(name, value, most)
		l.text(name+"Label", label, maxText)
	}
}

func (l *line) sides(f *facts.Facts) {
	l.address("src", "c6a1", "Source IPv6 Address", f.Source.IP)
	l.text("shost", f.Source.Host, maxText)
	l.text("suser", userText(&f.Source), maxText)
	l.address("dst", "c6a3", "Destination IPv6 Address", f.Target.IP)
	l.text("dhost", f.Target.Host, maxText)
	l.text("duser", userText(&f.Target), maxText)
}

// address appends an address: the standard's own keys take IPv4 only.
func (l *line) address(v4, v6, label string, ip netip.Addr) {
	switch {
	case !ip.IsValid():
	case ip.Is4():
		l.text(v4, ip.String(), maxShort)
	default:
		l.custom(v6, label, ip.String(), maxShort)
	}
}

func (l *line) things(f *facts.Facts) {
	if f.File != "" {
		l.text("fname", path.Base(f.File), maxText)
		l.text("filePath", f.File, maxText)
	}
	if len(f.Hashes) > 0 {
		l.text("fileHash", f.Hashes[0].Value, maxShort)
	}
	l.text("sproc", f.Process, maxText)
	request, context := f.Event.URL, f.URL
	if request == "" {
		request, context = context, ""
	}
	l.text("request", request, maxText)
	l.text("requestContext", context, maxLong)
}

func userText(s *facts.Side) string {
	if s.User != "" {
		return s.User
	}
	return s.Email
}

// ruleText is the rule's name, with its id where there are both.
func ruleText(f *facts.Facts) string {
	id, name := f.RuleID(), f.RuleName()
	switch {
	case name == "":
		return id
	case id == "":
		return name
	}
	return name + " (" + id + ")"
}

func mitreText(f *facts.Facts) string {
	ids := make([]string, len(f.Mitre))
	for i, t := range f.Mitre {
		ids[i] = t.Full()
	}
	return strings.Join(ids, ",")
}
