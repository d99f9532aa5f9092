package ingest

import (
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/ingest/syslog"
)

// CEF reads messages in ArcSight's Common Event Format, one a line, with or without a syslog header.
//
//	type      log.security
//	severity  0 info, 1-3 low, 4-6 medium, 7-8 high, 9-10 critical; Low, Medium, High, Very-High; when the header has none
//	          of these, that of the keys sev, severity, cp_severity; else the syslog header's
//	time      rt, else end, start, deviceReceiptTime; else the syslog header's
//	title     name; description: msg
//	rule      id is the signature, name the name; alert_type: the signature in lower case with underscores
//	mitre     the numbers of techniques in threatAttackID, and in custom values whose label says MITRE
//	status    outcome, else act
//	source    vendor and product of the header; instance dvchost, dvc or the syslog host; id externalId
//	dedup_key cef, vendor, product, signature and what it is about: device, source, destination, user, file
//	entities  src, dst, shost, dhost, dvc, dvchost, suser, duser, request, fileHash, filePath, sproc, dproc, and hashes
//	          in keys and custom values named after them; all observed: they are the device's own fields. The host of the
//	          syslog header is the sensor
//	data      cef: versions; extension: every key; custom: the values of cs1, cn1, … by their labels; syslog: the header
//
// A line that is not CEF is kept as log.message: see [Syslog].
type CEF struct{}

// Name is the last part of the path.
func (CEF) Name() string { return "cef" }

// Decode reads lines.
func (CEF) Decode(body []byte, h http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return Syslog{}.Decode(body, h, lim)
}

// DecodeAt reads lines that were received at a time.
func (CEF) DecodeAt(body []byte, h http.Header, lim event.Limits, received time.Time) iter.Seq2[Item, error] {
	return Syslog{}.DecodeAt(body, h, lim, received)
}

// apply makes the event of a log message that of a security log.
func (m *securityLog) apply(e *event.Event, o syslog.Options) {
	k := m.keys
	e.Type = "log.security"
	e.Title = event.Clip(m.title(), event.MaxTitle)
	e.Description = event.Clip(k.first("msg", "message", "reason"), event.MaxDescription)
	e.AlertType = slug(m.id)
	e.Rule = &event.Rule{ID: event.Clip(m.id, event.MaxText), Name: event.Clip(firstOf(m.name, m.id), event.MaxText)}
	for _, text := range []string{m.severity, k.first("sev"), k.first("severity"), k.first("cp_severity")} {
		if s, ok := securitySeverity(text); ok {
			e.Severity = s
			break
		}
	}
	if t := m.time(o); !t.IsZero() {
		e.Time = t
	}
	e.Status = event.Clip(k.first("outcome", "act", "action"), event.MaxName)
	e.Mitre = m.mitre()
	if cat := k.first("cat"); cat != "" {
		e.Tags = append(e.Tags, event.Clip(cat, event.MaxName))
	}
	e.Actor = event.Clip(k.first("suser", "usrName", "accountName"), event.MaxText)
	instance := ""
	if e.Source != nil {
		instance = e.Source.Instance
	}
	instance = firstOf(k.first("dvchost", "dvc", "deviceExternalId"), instance)
	e.Source = &event.Source{
		Vendor: event.Clip(m.vendor, event.MaxText), Product: event.Clip(m.product, event.MaxText),
		Instance: event.Clip(instance, event.MaxText), ID: event.Clip(k.first("externalId"), event.MaxText),
	}
	e.Entities = m.entities(e.Entities)
	e.DedupKey = dedupKey(m.format, m.vendor, m.product, m.id, instance, k.first("src", "c6a2"), k.first("dst", "c6a3"), k.first("suser", "usrName"), k.first("duser"), k.first("filePath", "fname"))
}

// title is the name, or what comes closest to one; a number says nothing to anybody.
func (m *securityLog) title() string {
	id, msg, device := m.id, m.keys.first("msg"), m.vendor+" "+m.product
	if strings.Trim(id, "0123456789") == "" {
		id, device = "", device+" "+id
	}
	return firstOf(m.name, m.keys.first("eventName"), id, m.keys.first("name", "desc"), msg, device)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}

// securitySeverity reads CEF's and LEEF's severities: 0 to 10, or words.
func securitySeverity(text string) (event.Severity, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err == nil && n >= 0 && n < 1:
		return event.Info, true
	case err == nil && n >= 1 && n < 4:
		return event.Low, true
	case err == nil && n >= 4 && n < 7:
		return event.Medium, true
	case err == nil && n >= 7 && n < 9:
		return event.High, true
	case err == nil && n >= 9 && n <= 10:
		return event.Critical, true
	case err == nil:
		return event.Info, false
	case text == "very-high" || text == "very high":
		return event.Critical, true
	}
	return wordSeverity(text)
}

// time is when it happened, as the device says.
func (m *securityLog) time(o syslog.Options) time.Time {
	if zone, ok := syslog.Zone(m.keys.first("dtz")); ok {
		o.Zone = zone
	}
	if layout, ok := javaLayout(m.keys.first("devTimeFormat")); ok {
		zone := o.Zone
		if zone == nil {
			zone = time.UTC
		}
		if t, err := time.ParseInLocation(layout, m.keys.first("devTime"), zone); err == nil && t.Year() >= 1970 && t.Year() < 2262 {
			return t.UTC()
		}
	}
	for _, key := range []string{"rt", "devTime", "end", "start", "deviceReceiptTime"} {
		text := m.keys.first(key)
		if text == "" {
			continue
		}
		if t, ok := syslog.ParseStamp(text, o); ok && !t.IsZero() {
			return t
		}
		if t, ok := event.ParseTime(text); ok {
			return t
		}
	}
	return time.Time{}
}

// entityKeys are the keys that name entities: CEF's, and LEEF's where they differ.
var entityKeys = []struct{ key, kind, role string }{
	{"src", "ip", "source"}, {"dst", "ip", "target"}, {"c6a2", "ip", "source"}, {"c6a3", "ip", "target"}, {"identSrc", "ip", "source"},
	{"shost", "host", "source"}, {"dhost", "host", "target"}, {"identHostName", "host", "source"},
	{"dvchost", "host", "sensor"}, {"dvc", "ip", "sensor"},
	{"suser", "user", "actor"}, {"usrName", "user", "actor"}, {"duser", "user", "target"},
	{"request", "url", "target"}, {"url", "url", "target"},
	{"fileHash", "hash", "related"}, {"filePath", "file", "related"}, {"fname", "file", "related"},
	{"sproc", "process", "source"}, {"dproc", "process", "target"},
	{"smac", "mac", "source"}, {"dmac", "mac", "target"}, {"srcMAC", "mac", "source"}, {"dstMAC", "mac", "target"},
}

// entities adds what the device names to what the syslog header does.
func (m *securityLog) entities(have []event.Entity) []event.Entity {
	l := entities{}
	for _, k := range entityKeys {
		v := m.keys.first(k.key)
		switch k.kind {
		case "hash":
			if isHash(v) {
				v = strings.ToLower(v)
			}
		case "url":
			v = strings.Trim(v, `"`)
		}
		l.addKind(k.kind, v, k.role)
	}
	for _, p := range append(m.custom(), m.keys...) {
		if hashName(p.key) && isHash(p.value) {
			l.add("hash", strings.ToLower(p.value), "related")
		}
	}
	for _, e := range have {
		l.told = !e.Observed
		l.add(e.Type, e.Value, "sensor")
	}
	return l.all
}

// hashName says whether a key or a label is that of a hash ("TrendMicroDsFileSHA256", "md5", "File Hash").
func hashName(name string) bool {
	name = strings.ToLower(name)
	for _, end := range []string{"md5", "sha1", "sha256", "hash"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// mitre gives the techniques that the device names.
func (m *securityLog) mitre() []string {
	texts := []string{m.keys.first("threatAttackID")}
	for _, p := range m.custom() {
		if label := strings.ToLower(p.key); strings.Contains(label, "mitre") || strings.Contains(label, "att&ck") {
			texts = append(texts, p.value)
		}
	}
	return techniques(texts...)
}

// maxCustom bounds a value that is shown once more under its label, in bytes.
const maxCustom = 4 << 10

// custom gives the values of cs1, cn1, cfp1, deviceCustomDate1, flexString1, … under their labels.
func (m *securityLog) custom() pairs {
	var list pairs
	for _, p := range m.keys {
		base, ok := strings.CutSuffix(p.key, "Label")
		if !ok || strings.TrimSpace(p.value) == "" || base == "" {
			continue
		}
		if v := m.keys.first(base); v != "" {
			list = append(list, pair{event.Clip(p.value, maxPairKey), event.Clip(v, maxCustom)})
		}
	}
	return list
}

// appendData writes what goes into data.
func (m *securityLog) appendData(d *dataWriter) {
	d.object(m.format, pairs{{"version", m.version}, {"device_version", m.deviceVersion}, {"severity", m.severity}, {"before", m.before}, {"text", m.text}})
	d.pairs("extension", m.keys)
	d.pairs("custom", m.custom())
}
