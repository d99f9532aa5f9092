package expr

import (
	"strconv"
	"sync"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// View is an event as expressions see it. What one expression has parsed of it the next finds parsed. It is not safe for
// concurrent use, and good only as long as its record.
type View struct {
	record *event.Record
	link   string // where the event can be read at this hub; known to templates alone
	self   self
	walked bool
	fields []field // those of the body that expressions know, as far as the event has them
}

// field is one member of the body.
type field struct {
	name  string
	raw   []byte
	value ref.Val // nil: not asked for yet
}

// NewView shows an event.
func NewView(r *event.Record) *View {
	v := new(View)
	v.Reset(r)
	return v
}

// Reset shows another event.
func (v *View) Reset(r *event.Record) {
	v.record, v.link, v.walked = r, "", false
	v.self.view = v
	clear(v.fields)
	v.fields = v.fields[:0]
}

var views = sync.Pool{New: func() any { return new(View) }}

func borrow(r *event.Record) *View {
	v := views.Get().(*View)
	v.Reset(r)
	return v
}

func (v *View) giveBack() {
	v.Reset(nil)
	views.Put(v)
}

var _ interpreter.Activation = (*View)(nil)

// ResolveName implements CEL's activation: event is the only variable.
func (v *View) ResolveName(name string) (any, bool) {
	if name == "event" {
		return &v.self, true
	}
	return nil, false
}

// Parent implements CEL's activation.
func (v *View) Parent() interpreter.Activation { return nil }

// find gives a member of the body; nil if the event has none.
func (v *View) find(name string) *field {
	if !v.walked {
		v.walk()
	}
	for i := range v.fields {
		if v.fields[i].name == name {
			return &v.fields[i]
		}
	}
	return nil
}

// walk looks once where the body's members are.
func (v *View) walk() {
	v.walked = true
	for name, raw := range event.Members(v.record.Body) {
		if known, ok := bodyFields[string(name)]; ok && raw[0] != 'n' {
			v.fields = append(v.fields, field{name: known, raw: raw})
		}
	}
}

// bodyFields are the members of a body that expressions read: all but those that the record carries.
var bodyFields = func() map[string]string {
	m := map[string]string{}
	for _, name := range []string{
		"title", "description", "incident", "endpoint", "rule", "mitre", "risk_score", "status", "actor", "entities", "geo",
		"network", "tags", "labels", "tlp", "url", "source", "data",
	} {
		m[name] = name
	}
	return m
}()

func (v *View) has(name string) bool { return v.find(name) != nil }

// body is a member as written; nil if there is none.
func (v *View) body(name string) []byte {
	if f := v.find(name); f != nil {
		return f.raw
	}
	return nil
}

// What stands for a member that an event does not have, shared by all evaluations: read at once, so that none writes to it.
var (
	emptyArray  = readArray([]byte("[]"))
	emptyObject = readObject([]byte("{}"))
)

func readArray(raw []byte) *array {
	a := newArray(raw, nil)
	a.parse()
	a.values()
	return a
}

func readObject(raw []byte) *object {
	o := newObject(raw)
	o.parse()
	return o
}

// value is a member as a value of CEL, parsed as it is used.
func (v *View) value(name string, empty ref.Val) ref.Val {
	f := v.find(name)
	if f == nil {
		return empty
	}
	if f.value == nil {
		f.value = fromJSON(f.raw)
	}
	return f.value
}

func (v *View) part(name string, kind *types.Type, fields []partField) ref.Val {
	f := v.find(name)
	if f == nil {
		return &part{kind: kind, fields: fields, object: emptyObject}
	}
	if f.value == nil {
		f.value = &part{kind: kind, fields: fields, object: newObject(f.raw)}
	}
	return f.value
}

func (v *View) entities() ref.Val {
	f := v.find("entities")
	if f == nil {
		return emptyArray
	}
	if f.value == nil {
		f.value = newArray(f.raw, func(raw []byte) ref.Val {
			return &part{kind: entityType, fields: entityFields, object: newObject(raw)}
		})
	}
	return f.value
}

// riskScore is 0 for an event that has none. (The field's type is open, so that it compares with 80 as well as with 80.0.)
func (v *View) riskScore() ref.Val {
	n, err := strconv.ParseFloat(string(v.body("risk_score")), 64)
	if err != nil {
		return types.Double(0)
	}
	return types.Double(n)
}
