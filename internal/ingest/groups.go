package ingest

import (
	"encoding/json"
	"errors"
	"iter"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// groupContext is up to how many bytes what a group says about all of its events is kept with each of them (8 KiB). A
// longer one is kept with the first only: else a small body would make a large journal.
const groupContext = 8 << 10

// groupKeys is how many object members a group may have at all depths together. Each of its events is held against
// event.Limits.Keys of its own.
const groupKeys = 1_000_000

// grouped reads a body whose values are groups of events, events, or both.
type grouped struct {
	// split gives the events of a group, as sent, and what the group says about all of them; ok is false when the value
	// is an event itself.
	split func(o object) (events iter.Seq[[]byte], context object, ok bool)
	// decode reads one event; context is nil for one that came without a group.
	decode func(o, context object) (Item, error)
}

// items yields the events in order. An event's raw text is its own part of the group, byte for byte.
func (g grouped) items(body []byte, lim event.Limits) iter.Seq2[Item, error] {
	wide := lim
	wide.Keys = max(groupKeys, lim.Keys)
	return func(yield func(Item, error) bool) {
		eachObject(body, wide, func(raw []byte, err error) bool {
			if err != nil && !onlyLong(err) {
				return yield(Item{}, err)
			}
			return g.value(raw, err, yield)
		})
	}
}

// onlyLong says whether all that is wrong with a value is that it is longer than an event may be, which a group may.
func onlyLong(err error) bool {
	e, ok := errors.AsType[*event.ScanError](err)
	return ok && e.Long
}

// value yields what one value of the body holds. broken is the rule for one event that it breaks, if any.
func (g grouped) value(raw []byte, broken error, yield func(Item, error) bool) bool {
	raw = raw[skipSpace(raw, 0):]
	if raw[0] != '{' {
		return yield(Item{}, event.FieldErrors{{Detail: "want a JSON object"}})
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		return yield(Item{}, err)
	}
	events, context, ok := g.split(o)
	switch {
	case !ok && broken != nil:
		return yield(Item{}, broken)
	case !ok:
		return g.one(raw, nil, yield)
	}
	i := 0
	for e := range events {
		if i == 1 && len(context.data()) > groupContext {
			context = object{}
		}
		i++
		if !g.one(e, context, yield) {
			return false
		}
	}
	return true
}

func (g grouped) one(raw []byte, context object, yield func(Item, error) bool) bool {
	item, err := decodeObject(raw, func(o object) (Item, error) { return g.decode(o, context) })
	return yield(item, err)
}

// elements gives a member that is an array, each element as sent. It is no list: a body of two-byte elements would take
// many times its size.
func elements(o object, name string) (iter.Seq[[]byte], bool) {
	v := o[name]
	if len(v) == 0 || v[0] != '[' {
		return nil, false
	}
	return func(yield func([]byte) bool) {
		for e := range event.Elements(v) {
			if !yield(e[:len(e):len(e)]) {
				return
			}
		}
	}, true
}
