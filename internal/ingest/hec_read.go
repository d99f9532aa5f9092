package ingest

import (
	"bytes"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/ingest/syslog"
)

// hecReader reads the bodies of Splunk's HTTP Event Collector.
//
//	type      log.message; log.security for texts in CEF and LEEF; that of the envelope for a native event, such as
//	          another hub's Splunk integration sends; if sourcetype is the name of a dialect ("falco", "suricata:eve"),
//	          what that makes of the event
//	time      time (seconds, or milliseconds, as a number or text), else what the event says, else the receipt's
//	severity  severity or level of the event, or of a syslog header
//	title     message, msg, log, … of an object; the first line of a text
//	source    product sourcetype, instance host
//	entities  host; a name is observed, an address is only claimed
//	data      hec: host, source, sourcetype, index, fields; event: an event that is not a text; else as in [Syslog]
type hecReader struct {
	lim      event.Limits
	received time.Time
	header   http.Header
	decoders map[string]Decoder
	defaults hecMeta // of the query
}

// hecItem is an item and the number of the event it came from, counted from 0.
type hecItem struct {
	Item
	number int
}

// hecMeta is what stands beside an event.
type hecMeta struct {
	host, source, sourcetype, index string
	fields                          json.RawMessage
	time                            time.Time
}

// hecDefaults reads the query of a raw request; Splunk takes it with events too.
func hecDefaults(q url.Values) hecMeta {
	return hecMeta{host: q.Get("host"), source: q.Get("source"), sourcetype: q.Get("sourcetype"), index: q.Get("index"), time: hecTime(q.Get("time"))}
}

func hecTime(text string) time.Time {
	t, ok := event.ParseTime(text)
	if !ok {
		return time.Time{}
	}
	return t
}

// lines reads a raw body: each line that is not blank is an event.
func (r *hecReader) lines(body []byte) iter.Seq2[hecItem, error] {
	return func(yield func(hecItem, error) bool) {
		number := 0
		for from, to := range eachLine(body) {
			if !yield(hecItem{r.text(body[from:to:to], string(body[from:to]), r.defaults), number}, nil) {
				return
			}
			number++
		}
	}
}

// events reads event objects one after another, with or without white space between them. Arrays of them, and commas
// between them, are tolerated. It ends at the first error.
func (r *hecReader) events(body []byte) iter.Seq2[hecItem, error] {
	return func(yield func(hecItem, error) bool) {
		scan, number, open := event.NewScanner(event.Limits{Depth: r.lim.Depth, Keys: r.lim.Keys, StringBytes: r.lim.StringBytes}), 0, false
		for at := skipSpace(body, 0); at < len(body); at = skipSpace(body, at) {
			switch c := body[at]; {
			case c == '[' && !open:
				open, at = true, at+1
				continue
			case c == ']' && open:
				open, at = false, at+1
				continue
			case c == ',' && number > 0:
				at++
				continue
			}
			end, err := scan.Value(body, at)
			if err != nil || body[at] != '{' {
				yield(hecItem{}, hecInvalidFormat.at(number))
				return
			}
			items, refused := r.event(body[at:end:end])
			if refused != nil {
				yield(hecItem{}, refused.at(number))
				return
			}
			for _, item := range items {
				if !yield(hecItem{item, number}, nil) {
					return
				}
			}
			number, at = number+1, end
		}
		if open {
			yield(hecItem{}, hecInvalidFormat.at(number))
		}
	}
}

// event reads one event object. A dialect may make several items of it.
func (r *hecReader) event(raw []byte) ([]Item, *hecReply) {
	var o object
	if json.Unmarshal(raw, &o) != nil {
		return nil, &hecInvalidFormat
	}
	m, refused := r.defaults.with(o)
	if refused != nil {
		return nil, refused
	}
	if !o.has("event") {
		return nil, &hecNoEvent
	}
	value := bytes.TrimSpace(o["event"])
	switch value[0] {
	case '"':
		text := textOf(value)
		if strings.TrimSpace(text) == "" {
			return nil, &hecBlankEvent
		}
		return []Item{r.text(raw, text, m)}, nil
	case '{':
		if items := r.dialect(raw, value, m); len(items) > 0 {
			return items, nil
		}
		return []Item{r.object(raw, value, m)}, nil
	}
	return []Item{r.other(raw, value, m)}, nil
}

// with reads what stands beside an event.
func (m hecMeta) with(o object) (hecMeta, *hecReply) {
	for name, p := range map[string]*string{"host": &m.host, "source": &m.source, "sourcetype": &m.sourcetype, "index": &m.index} {
		if v := o.text(name); v != "" {
			*p = v
		}
	}
	if o.has("time") {
		if m.time = hecTime(o.scalar("time")); m.time.IsZero() {
			return m, &hecInvalidFormat
		}
	}
	if o.has("fields") {
		if o["fields"][0] != '{' {
			return m, &hecBadFields
		}
		m.fields = o["fields"]
	}
	return m, nil
}

// dialect reads the event with the decoder that the sourcetype names; nil when there is none, or when that does not
// understand it.
func (r *hecReader) dialect(raw, value []byte, m hecMeta) (items []Item) {
	name, _, _ := strings.Cut(strings.ToLower(m.sourcetype), ":")
	d := r.decoders[name]
	if d == nil {
		return nil
	}
	if _, isText := d.(clocked); isText {
		return nil
	}
	for item, err := range d.Decode(value, r.header, r.lim) {
		if err != nil {
			return nil
		}
		item.Raw = raw
		if item.Event.Time.IsZero() {
			item.Event.Time = m.time
		}
		item.plain = func() Item { return r.object(raw, value, m) }
		items = append(items, item)
	}
	return items
}

// text makes an item of an event that is text: a log message with or without a syslog header, CEF, LEEF, JSON.
func (r *hecReader) text(raw []byte, text string, m hecMeta) Item {
	item := LogItem(syslog.Line{Bytes: []byte(text), At: r.received}, LogOptions{}, r.lim)
	plain := item.plain
	item.Raw, item.plain = raw, func() Item {
		p := plain()
		p.Raw = raw
		return p
	}
	m.apply(&item.Event)
	return item
}

// object makes an item of an event that is an object: a native event, or any other.
func (r *hecReader) object(raw, value []byte, m hecMeta) Item {
	if native, ok := nativeEvent(value, r.lim); ok {
		if native.Time.IsZero() {
			native.Time = m.time
		}
		return Item{Event: native, Raw: raw, plain: func() Item { return r.other(raw, value, m) }}
	}
	item := r.other(raw, value, m)
	var o object
	if json.Unmarshal(value, &o) == nil {
		describe(&item.Event, o)
	}
	return item
}

// other makes an item of whatever the event is.
func (r *hecReader) other(raw, value []byte, m hecMeta) Item {
	e := event.Event{Type: "log.message", Title: "event"}
	if m.sourcetype != "" {
		e.Title = event.Clip(m.sourcetype, maxLogTitle)
	}
	if fits(value, r.lim) {
		d := dataWriter{}
		d.raw("event", value)
		e.Data = d.finish(nil)
	}
	m.apply(&e)
	return Item{Event: e, Raw: raw, plain: func() Item {
		return Item{Event: event.Event{Type: "log.message", Title: e.Title, Time: m.time, Tags: []string{"unread"}}, Raw: raw}
	}}
}

// apply puts what stands beside the event into it.
func (m hecMeta) apply(e *event.Event) {
	if !m.time.IsZero() {
		e.Time = m.time
	}
	if e.Source == nil {
		e.Source = &event.Source{}
	}
	if e.Source.Product == "" {
		e.Source.Product = event.Clip(m.sourcetype, event.MaxText)
	}
	if e.Source.Instance == "" {
		e.Source.Instance = event.Clip(m.host, event.MaxText)
	}
	if *e.Source == (event.Source{}) {
		e.Source = nil
	}
	for _, h := range hostEntity(syslog.Repair([]byte(m.host))) {
		l := entities{all: e.Entities, told: !h.Observed}
		l.add(h.Type, h.Value, h.Role)
		e.Entities = l.all
	}
	d := dataWriter{}
	d.open("hec")
	for _, p := range [...]pair{{"host", m.host}, {"source", m.source}, {"sourcetype", m.sourcetype}, {"index", m.index}} {
		d.text(p.key, p.value)
	}
	d.raw("fields", m.fields)
	d.close()
	e.Data = d.finish(e.Data)
}
