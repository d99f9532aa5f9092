package ingest

import (
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// dataWriter writes the members of an event's data, in the order in which they come. Its zero value is empty.
type dataWriter struct {
	b      []byte
	first  string // the first member's name
	opened []int  // where each open object's name begins
}

func (d *dataWriter) name(name string) {
	if len(d.b) == 0 {
		d.first = name
	}
	if n := len(d.b); n > 0 && d.b[n-1] != '{' {
		d.b = append(d.b, ',')
	}
	d.b = append(event.AppendString(d.b, name), ':')
}

// raw writes a member that is JSON already; an empty one is left out.
func (d *dataWriter) raw(name string, value []byte) {
	if len(value) > 0 {
		d.name(name)
		d.b = append(d.b, value...)
	}
}

// text writes a member that is not empty.
func (d *dataWriter) text(name, value string) {
	if value != "" {
		d.name(name)
		d.b = event.AppendString(d.b, value)
	}
}

// open begins an object, close ends it; an empty one is left out.
func (d *dataWriter) open(name string) {
	d.opened = append(d.opened, len(d.b))
	d.name(name)
	d.b = append(d.b, '{')
}

func (d *dataWriter) close() {
	last := len(d.opened) - 1
	if d.b[len(d.b)-1] == '{' {
		d.b = d.b[:d.opened[last]]
	} else {
		d.b = append(d.b, '}')
	}
	d.opened = d.opened[:last]
}

// pairs writes an object of the pairs, unless there are none.
func (d *dataWriter) pairs(name string, list pairs) {
	if len(list) > 0 {
		d.name(name)
		d.b = list.append(d.b)
	}
}

// object writes an object of those pairs whose value is not empty.
func (d *dataWriter) object(name string, list pairs) {
	d.open(name)
	for _, p := range list {
		d.text(p.key, p.value)
	}
	d.close()
}

// finish gives the data, joined to what the event has already (an object, or nothing). If that has a member of the
// first one's name, it is the event's own, and stays as it is.
func (d *dataWriter) finish(have json.RawMessage) json.RawMessage {
	if len(d.b) == 0 {
		return have
	}
	if len(have) <= len("{}") {
		return append(append([]byte{'{'}, d.b...), '}')
	}
	var o object
	if json.Unmarshal(have, &o) != nil || o[d.first] != nil {
		return have
	}
	return append(append(append([]byte{'{'}, d.b...), ','), have[1:]...)
}
