package ingest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/event"
	ce "github.com/tocsin-hub/tocsin/internal/event/cloudevents"
)

const (
	cloudEventsType      = ce.ContentType
	cloudEventsBatchType = ce.BatchContentType
	// cloudEventType is what a CloudEvent becomes whose own type is not a well-formed event type.
	cloudEventType = "custom.cloudevent"
)

// cloudEvents reads CloudEvents 1.0 (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md) in
// structured, batch and binary mode.
//
//	type             the event's type when it is well-formed, else the type is custom.cloudevent
//	source           source.instance
//	id               source.id
//	time             time
//	severity         severity, when this extension names one
//	partitionkey     ordering_key
//	subject          title, after the type
//	data             an object: data; anything else: data.value; binary: data.base64
//	all others       data.cloudevents, and there also type and source when they are not kept as they are
//
// When data is itself a native event (an object with a well-formed type that passes as one), it is taken as such, and
// the attributes only fill what it leaves open.
type cloudEvents struct{}

func (cloudEvents) Name() string { return "cloudevents" }

func isBinaryCloudEvent(h http.Header) bool {
	return len(h["Ce-Specversion"]) > 0 && !strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "application/cloudevents")
}

func (d cloudEvents) Decode(body []byte, h http.Header, lim event.Limits) iter.Seq2[Item, error] {
	if isBinaryCloudEvent(h) {
		return func(yield func(Item, error) bool) {
			attributes, err := binaryMode(body, h, lim)
			var item Item
			if err == nil {
				item, err = d.item(attributes, lim)
				item.Raw = body
			}
			yield(item, err)
		}
	}
	return jsonItems(body, lim, func(o object) (Item, error) { return d.item(o, lim) })
}

// binaryMode makes the object of structured mode out of headers and body
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md §3.1).
func binaryMode(body []byte, h http.Header, lim event.Limits) (object, error) {
	o := object{}
	for name, values := range h {
		attribute, ok := strings.CutPrefix(name, "Ce-")
		if !ok {
			continue
		}
		value, err := url.PathUnescape(values[0])
		if err != nil || !utf8.ValidString(value) {
			return nil, event.FieldErrors{{Field: name, Detail: "is not a percent-encoded text"}}
		}
		o[strings.ToLower(attribute)] = event.AppendString(nil, value)
	}
	media, err := mediaType(h)
	if err != nil {
		return nil, err
	}
	if media != "" {
		o["datacontenttype"] = event.AppendString(nil, h.Get("Content-Type"))
	}
	switch {
	case len(body) == 0:
	case media == "" || media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json"):
		if err := event.NewScanner(lim).Document(body); err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		o["data"] = json.RawMessage(body)
	case utf8.Valid(body):
		o["data"] = event.AppendString(nil, string(body))
	default:
		o["data_base64"] = event.AppendString(nil, base64.StdEncoding.EncodeToString(body))
	}
	return o, nil
}

func (cloudEvents) item(o object, lim event.Limits) (Item, error) {
	if err := checkAttributes(o); err != nil {
		return Item{}, err
	}
	e, native := nativeData(o, lim)
	if !native {
		e = event.Event{Type: cloudEventType}
		if t := o.text("type"); event.ValidType(t) {
			e.Type = t
		}
		e.Title = event.Clip(joinTexts(": ", o.text("type"), o.text("subject")), event.MaxTitle)
		e.Severity = event.DefaultSeverity(e.Type)
		if s, ok := event.ParseSeverity(o.text("severity")); ok {
			e.Severity = s
		}
	}
	if e.Time.IsZero() && o.has("time") {
		t, ok := event.ParseTime(o.text("time"))
		if !ok {
			return Item{}, event.FieldErrors{{Field: "time", Detail: fmt.Sprintf("%.64s is not a time (RFC 3339)", o["time"])}}
		}
		e.Time = t
	}
	if e.Source == nil {
		e.Source = &event.Source{}
	}
	rest := object{}
	if fill(&e.Source.ID, o.text("id")) {
		rest["id"] = o["id"]
	}
	if fill(&e.Source.Instance, o.text("source")) {
		rest["source"] = o["source"]
	}
	fill(&e.OrderingKey, o.text("partitionkey"))
	if o.text("type") != e.Type {
		rest["type"] = o["type"]
	}
	if err := setData(&e, o, rest, native); err != nil {
		return Item{}, err
	}
	return Item{Event: e}, nil
}

// fill sets a text that is empty. It says whether the value has found no place.
func fill(text *string, value string) (homeless bool) {
	if *text == "" {
		*text = value
	}
	return *text != value
}

// checkAttributes checks what CloudEvents requires.
func checkAttributes(o object) error {
	var errs event.FieldErrors
	for _, name := range []string{"specversion", "id", "source", "type"} {
		if o.text(name) == "" {
			errs = append(errs, event.FieldError{Field: name, Detail: "want a text that is not empty: CloudEvents requires it"})
		}
	}
	if v := o.text("specversion"); v != "" && v != "1.0" {
		errs = append(errs, event.FieldError{Field: "specversion", Detail: fmt.Sprintf("%q is not supported: want 1.0", event.Clip(v, 32))})
	}
	if o.has("data") && o.has("data_base64") {
		errs = append(errs, event.FieldError{Field: "data_base64", Detail: "stands beside data"})
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// nativeData reads data as a native event, if it is one.
func nativeData(o object, lim event.Limits) (event.Event, bool) {
	data := o.object("data")
	if data == nil || !event.ValidType(data.text("type")) {
		return event.Event{}, false
	}
	received := time.Unix(0, 0)
	r, err := event.Parse(o["data"], event.DefaultAccount, received, lim)
	if err != nil {
		return event.Event{}, false
	}
	e, err := r.Event()
	if err != nil {
		return event.Event{}, false
	}
	if r.Flags&event.NoTime != 0 {
		e.Time = time.Time{}
	}
	if s, ok := event.ParseSeverity(o.text("severity")); ok && r.Flags&event.NoSeverity != 0 {
		e.Severity = s
	}
	return e, true
}

// known are the attributes that have a place of their own.
var known = map[string]bool{
	"specversion": true, "id": true, "source": true, "type": true, "time": true, "severity": true, "partitionkey": true,
	"datacontenttype": true, "data": true, "data_base64": true,
}

var errData = errors.New("data cannot be read")

// setData puts the payload, and what of the attributes has no place, into the event's data.
func setData(e *event.Event, o, rest object, native bool) error {
	data := object{}
	switch {
	case native:
		if len(e.Data) > 0 && json.Unmarshal(e.Data, &data) != nil {
			return errData
		}
	case o.has("data_base64"):
		data["base64"] = o["data_base64"]
	case o.object("data") != nil:
		data = o.object("data")
	case o.has("data"):
		data["value"] = o["data"]
	}
	for name, value := range o {
		if !known[name] && o.has(name) {
			rest[name] = value
		}
	}
	if t := o.text("datacontenttype"); t != "" && !strings.HasPrefix(t, "application/json") {
		rest["datacontenttype"] = o["datacontenttype"]
	}
	if len(rest) > 0 {
		name := "cloudevents"
		if data.has(name) {
			name = "cloudevents_2"
		}
		data[name] = rest.data()
	}
	e.Data = data.data()
	return nil
}
