package ingest

import (
	"bytes"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Decoder reads one dialect. It is pure: the same body and headers give the same items, no clock, no network.
type Decoder interface {
	// Name is the last part of the dialect's path, "falco".
	Name() string
	// Decode yields the body's items in order. An item with an error is one that could not be read; what follows it is
	// yielded as far as it can be told apart. Items may point into body.
	Decode(body []byte, h http.Header, lim event.Limits) iter.Seq2[Item, error]
}

// Item is one event that a decoder has read.
type Item struct {
	Event event.Event
	// Raw is what the sender wrote for this event, byte for byte.
	Raw []byte
	// Test says that the sender calls it a test.
	Test bool

	// plain gives what is taken when the event exceeds a limit; nil: it is rejected.
	plain func() Item
}

// Decoders lists the dialects that Tocsin brings along.
func Decoders() []Decoder {
	return []Decoder{
		Falco{}, Wallarm{},
		CEF{}, LEEF{}, Syslog{},
		SourceDefense{}, SOCWarden{}, Wardex{}, SoCMate{},
		Suricata{}, Wazuh{}, CrowdSec{}, Grafana{}, Alertmanager{}, GuardDuty{}, Okta{}, GitHub{}, OCSF{},
	}
}

// jsonItems yields what decode makes of each JSON object of a body that is one object, an array of them, or NDJSON.
// The objects have passed the scanner.
func jsonItems(body []byte, lim event.Limits, decode func(object) (Item, error)) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		eachObject(body, lim, func(raw []byte, err error) bool {
			if err != nil {
				return yield(Item{}, err)
			}
			item, err := decodeObject(raw, decode)
			return yield(item, err)
		})
	}
}

// eachObject calls one for each value of a body that is one value, an array of them, or NDJSON, until it answers false.
func eachObject(body []byte, lim event.Limits, one func(raw []byte, err error) bool) {
	s := event.NewScanner(lim)
	start := skipSpace(body, 0)
	switch {
	case start == len(body):
	case body[start] == '[':
		arrayItems(s, body, start, one)
	case manyLines(body, lim):
		lineItems(s, body, one)
	default:
		err := s.Document(body)
		one(body, err)
	}
}

func decodeObject(raw []byte, decode func(object) (Item, error)) (Item, error) {
	raw = raw[skipSpace(raw, 0):]
	if raw[0] != '{' {
		return Item{}, event.FieldErrors{{Detail: "want a JSON object"}}
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		return Item{}, err
	}
	item, err := decode(o)
	item.Raw = raw
	return item, err
}

func arrayItems(s *event.Scanner, body []byte, at int, one func([]byte, error) bool) {
	at = skipSpace(body, at+1)
	if at < len(body) && body[at] == ']' {
		trailing(body, at, one)
		return
	}
	for {
		end, err := s.Value(body, at)
		if malformed(err) {
			one(nil, unread{err})
			return
		}
		if !one(body[at:end:end], err) {
			return
		}
		at = skipSpace(body, end)
		if at >= len(body) || body[at] != ',' && body[at] != ']' {
			one(nil, unread{&event.ScanError{Offset: at, Reason: `want "," or "]" after an object`}})
			return
		}
		if body[at] == ']' {
			trailing(body, at, one)
			return
		}
		at = skipSpace(body, at+1)
	}
}

// trailing refuses what follows an array whose closing bracket is at at.
func trailing(body []byte, at int, one func([]byte, error) bool) {
	if at = skipSpace(body, at+1); at < len(body) {
		one(nil, unread{&event.ScanError{Offset: at, Reason: "unexpected text after the array"}})
	}
}

// unread is an error after which nothing more of the body was read.
type unread struct{ error }

func (u unread) Error() string { return u.error.Error() + restUnread }
func (u unread) Unwrap() error { return u.error }

func lineItems(s *event.Scanner, body []byte, one func([]byte, error) bool) {
	for from, to := range eachLine(body) {
		end, err := s.Value(body[:to], from)
		if err == nil {
			err = s.Trailing(body[:to], end)
		}
		if !one(body[from:to:to], err) {
			return
		}
	}
}

// object is a JSON object whose members are looked at one by one, by their exact names.
type object map[string]json.RawMessage

// has says whether there is a member that is not null.
func (o object) has(name string) bool {
	v, ok := o[name]
	return ok && len(v) > 0 && v[0] != 'n'
}

// text is a member that is a string, else empty.
func (o object) text(name string) string { return textOf(o[name]) }

// scalar is a member that is a string or a number, as text.
func (o object) scalar(name string) string {
	v := o[name]
	if len(v) > 0 && (v[0] == '-' || v[0] >= '0' && v[0] <= '9') {
		return string(v)
	}
	return textOf(v)
}

func textOf(v json.RawMessage) string {
	var s string
	if len(v) == 0 || v[0] != '"' || json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

// integer is a member that is a whole number (or one in a string).
func (o object) integer(name string) (int64, bool) {
	n, err := strconv.ParseInt(o.scalar(name), 10, 64)
	return n, err == nil
}

// object is a member that is an object, else nil.
func (o object) object(name string) object {
	var m object
	if v := o[name]; len(v) == 0 || v[0] != '{' || json.Unmarshal(v, &m) != nil {
		return nil
	}
	return m
}

// texts is a member that is an array, with its strings; one that is a string is a list of one.
func (o object) texts(name string) []string {
	v := o[name]
	if len(v) > 0 && v[0] == '"' {
		return []string{textOf(v)}
	}
	var list []json.RawMessage
	if len(v) == 0 || v[0] != '[' || json.Unmarshal(v, &list) != nil {
		return nil
	}
	var texts []string
	for _, e := range list {
		if t := textOf(e); t != "" {
			texts = append(texts, t)
		}
	}
	return texts
}

// data gives the object as compact JSON, its members by name; nil when it is empty.
func (o object) data() json.RawMessage {
	if len(o) == 0 {
		return nil
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(o)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(event.AppendString(b.AvailableBuffer(), name))
		b.WriteByte(':')
		if err := json.Compact(&b, o[name]); err != nil {
			panic("ingest: writing a member that was just read: " + err.Error())
		}
	}
	b.WriteByte('}')
	return b.Bytes()
}
