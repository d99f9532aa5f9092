package ingest

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/ingest/syslog"
)

// cutMark ends the text of a message of which only the beginning was taken.
const cutMark = "… [cut]"

// readLog makes an item of a message.
func readLog(line syslog.Line, o LogOptions, lim event.Limits) Item {
	so := syslog.Options{Zone: o.Zone, Now: line.At}
	m := syslog.Parse(line.Bytes, so)
	d := dataWriter{}
	d.header(&m, line)
	e := event.Event{Type: "log.message", Time: m.Time, Severity: event.Info, Project: o.Project}
	if m.Priority != syslog.NoPriority {
		e.Severity = prioritySeverity[m.Priority&7]
	}
	if m.App != "" || m.Host != "" {
		e.Source = &event.Source{Product: event.Clip(m.App, event.MaxText), Instance: event.Clip(m.Host, event.MaxText)}
	}
	e.Entities = hostEntity(m.Host)
	if line.Cut {
		e.Tags = []string{"truncated"}
		m.Text += cutMark
	}
	logText(&e, m.Text)
	item := Item{Event: e, Raw: line.Bytes}
	readBody(&item.Event, &d, m.Text, so, lim)
	item.Event.Data = d.finish(item.Event.Data)
	if item.Event.Project == "" {
		item.Event.Project = o.Project
	}
	addLabels(&item.Event, o.Labels)
	return item
}

// plainLog makes an item of a message that would exceed a limit: nothing of it is read but what every event has. The
// message itself is kept as it came.
func plainLog(line syslog.Line, o LogOptions, lim event.Limits) Item {
	most := event.MaxDescription
	if lim.StringBytes > 0 {
		most = min(most, lim.StringBytes/6) // a character may be written in six
	}
	m := syslog.Parse(line.Bytes, syslog.Options{Zone: o.Zone, Now: line.At})
	e := event.Event{Type: "log.message", Time: m.Time, Project: o.Project, Tags: []string{"unread"}}
	if m.Priority != syslog.NoPriority {
		e.Severity = prioritySeverity[m.Priority&7]
	}
	logText(&e, event.Clip(m.Text, most))
	return Item{Event: e, Raw: line.Bytes}
}

// prioritySeverity is ours by syslog's, emergency first.
var prioritySeverity = [8]event.Severity{
	event.Critical, event.Critical, event.Critical, event.High, event.Medium, event.Low, event.Info, event.Info,
}

// hostEntity is the host of a header. An address there is only a claim, which nothing should act upon.
func hostEntity(host string) []event.Entity {
	l := entities{}
	l.addHost(host, "source")
	for i := range l.all {
		if l.all[i].Type == "ip" {
			l.all[i].Observed = false
		}
	}
	return l.all
}

// maxLogTitle bounds the title of a message, in bytes.
const maxLogTitle = 512

// logText sets title and description.
func logText(e *event.Event, text string) {
	text = strings.TrimSpace(text)
	title, _, _ := strings.Cut(text, "\n")
	e.Title = event.Clip(strings.TrimSpace(title), maxLogTitle)
	e.Description = ""
	if e.Title != text {
		e.Description = event.Clip(text, event.MaxDescription)
	}
}

func addLabels(e *event.Event, labels map[string]string) {
	for name, value := range labels {
		if e.Labels == nil {
			e.Labels = map[string]string{}
		}
		if _, taken := e.Labels[name]; !taken {
			e.Labels[name] = value
		}
	}
}

// readBody reads what the text of a message holds.
func readBody(e *event.Event, d *dataWriter, text string, o syslog.Options, lim event.Limits) {
	if m, ok := parseCEF(text); ok {
		m.apply(e, o)
		m.appendData(d)
		return
	}
	if m, ok := parseLEEF(text); ok {
		m.apply(e, o)
		m.appendData(d)
		return
	}
	trimmed := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "@cee:"))
	if strings.HasPrefix(trimmed, "{") {
		jsonBody(e, d, []byte(trimmed), lim)
		return
	}
	if fields, ok := keyValues(text); ok {
		d.pairs("fields", fields)
		fieldsBody(e, fields)
	}
}

// jsonBody reads a JSON object: a native event, or any other, which goes into data.
func jsonBody(e *event.Event, d *dataWriter, raw []byte, lim event.Limits) {
	if !fits(raw, lim) {
		return
	}
	if native, ok := nativeEvent(raw, lim); ok {
		if native.Time.IsZero() {
			native.Time = e.Time
		}
		native.Entities = append(native.Entities, e.Entities...)
		*e = native
		return
	}
	var o object
	if json.Unmarshal(raw, &o) != nil {
		return
	}
	d.raw("json", o.data())
	describe(e, o)
}

// deeper is how much deeper a JSON object lies once it is in an event's data.
const deeper = 4

// fits says whether raw is JSON that can become a part of an event's data.
func fits(raw []byte, lim event.Limits) bool {
	if lim.Depth <= 0 {
		lim.Depth = event.DefaultLimits().Depth
	}
	lim.Depth = max(1, lim.Depth-deeper)
	return event.NewScanner(lim).Document(raw) == nil
}

// describe takes what is commonly known of a JSON log record: names as in ECS, and the usual others.
func describe(e *event.Event, o object) {
	if text := firstText(o, "message", "msg", "log", "short_message", "summary", "title", "event"); text != "" {
		logText(e, text)
	}
	level := firstText(o, "severity", "level", "log.level", "loglevel")
	if level == "" {
		level = o.object("log").text("level")
	}
	if s, ok := wordSeverity(level); ok {
		e.Severity = s
	}
	for _, name := range []string{"@timestamp", "timestamp", "time", "ts"} {
		if t, ok := event.ParseTime(o.scalar(name)); ok && e.Time.IsZero() {
			e.Time = t
		}
	}
}

// nativeEvent reads an object that is an event of Tocsin's own: one with an event type that the catalogue knows, a type
// of one's own (custom.…), or an id that Tocsin gave. It is false for what the hub alone may say.
func nativeEvent(raw []byte, lim event.Limits) (event.Event, bool) {
	var probe struct {
		ID   json.RawMessage `json:"id"`
		Type json.RawMessage `json:"type"`
	}
	if json.Unmarshal(raw, &probe) != nil {
		return event.Event{}, false
	}
	kind := textOf(probe.Type)
	if !event.ValidType(kind) || strings.HasPrefix(kind, reservedTypes) {
		return event.Event{}, false
	}
	_, known := event.LookupType(kind)
	if _, err := event.ParseID(event.PrefixEvent, textOf(probe.ID)); !known && err != nil && !strings.HasPrefix(kind, "custom.") {
		return event.Event{}, false
	}
	r, err := event.Parse(raw, event.DefaultAccount, time.Unix(0, 0), lim)
	if err != nil {
		return event.Event{}, false
	}
	e, err := r.Event()
	if r.Flags&event.NoTime != 0 {
		e.Time = time.Time{}
	}
	return e, err == nil
}

// wordSeverity reads the words that programs use.
func wordSeverity(word string) (event.Severity, bool) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "emergency", "emerg", "alert", "crit", "fatal", "panic", "very-high":
		return event.Critical, true
	case "error", "err":
		return event.High, true
	case "warning", "warn":
		return event.Medium, true
	case "notice":
		return event.Low, true
	case "debug", "trace":
		return event.Info, true
	}
	return event.ParseSeverity(word)
}

// fieldsBody takes what is commonly known of key=value pairs.
func fieldsBody(e *event.Event, fields pairs) {
	if text := fields.first("msg", "message"); text != "" {
		logText(e, text)
	}
	if s, ok := wordSeverity(fields.first("severity", "level")); ok {
		e.Severity = s
	}
	if fields.first("wardex.url", "event.kind") != "" && fields.first("event.id") != "" {
		wardexFields(e, fields)
	}
}

// wardexFields reads the line that Wardex writes: event.kind=alert event.id=… severity=… endpoint.id=… rule=… wardex.url=…
func wardexFields(e *event.Event, fields pairs) {
	id, rule, endpoint := fields.first("event.id"), fields.first("rule"), fields.first("endpoint.id")
	switch fields.first("event.kind") {
	case "alert":
		e.Type = "alert.created"
	case "case", "incident":
		e.Type = "incident.created"
		e.Incident = event.Clip(id, event.MaxKey)
	default:
		return
	}
	e.Title, e.Description = event.Clip(firstOf(rule, id), event.MaxTitle), ""
	e.AlertType, e.Endpoint, e.URL = slug(rule), event.Clip(endpoint, event.MaxText), event.Clip(fields.first("wardex.url"), event.MaxURL)
	if rule != "" {
		e.Rule = &event.Rule{Name: event.Clip(rule, event.MaxText)}
	}
	instance := ""
	if e.Source != nil {
		instance = e.Source.Instance
	}
	e.Source = &event.Source{Vendor: "wardex", Product: "xdr", Instance: instance, ID: event.Clip(id, event.MaxText)}
	l := entities{}
	l.addHost(endpoint, "target")
	e.Entities = l.all
	e.DedupKey = dedupKey("wardex", id)
}

// facilities are syslog's, by number.
var facilities = [24]string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
	"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

// severities are syslog's, by number.
var severities = [8]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// header writes what the header held, and who sent the message.
func (d *dataWriter) header(m *syslog.Message, line syslog.Line) {
	d.open("syslog")
	if m.Priority != syslog.NoPriority {
		d.raw("priority", strconv.AppendInt(nil, int64(m.Priority), 10))
		d.text("facility", facilities[m.Priority>>3])
		d.text("severity", severities[m.Priority&7])
	}
	if m.Version > 0 {
		d.raw("version", strconv.AppendInt(nil, int64(m.Version), 10))
	}
	for _, p := range [...]pair{
		{"timestamp", m.Stamp}, {"host", m.Host}, {"app", m.App}, {"procid", m.ProcID}, {"msgid", m.MsgID},
		{"counter", m.Counter}, {"sequence", m.Sequence},
	} {
		d.text(p.key, p.value)
	}
	if line.From.IsValid() {
		d.text("from", line.From.String())
	}
	if len(m.Data) > 0 {
		d.structured(m.Data)
	}
	d.close()
}

// structured writes structured data. An element's id may come twice: then its parameters are put together.
func (d *dataWriter) structured(data []syslog.Element) {
	var ids []string // in their order
	params := make(map[string]pairs, len(data))
	for _, e := range data {
		list, seen := params[e.ID]
		if !seen {
			ids = append(ids, e.ID)
		}
		for _, p := range e.Params {
			list = append(list, pair{p.Name, p.Value})
		}
		params[e.ID] = list
	}
	d.open("structured_data")
	for _, id := range ids {
		d.raw(id, params[id].append(nil))
	}
	d.close()
}
