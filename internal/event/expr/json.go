package expr

import (
	"errors"
	"reflect"
	"strconv"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// fromJSON is a JSON value that a Scanner accepted as a value of CEL. Numbers that are written as whole ones are int (as
// far as 64 bits hold them), all others double. Objects and arrays are parsed one level at a time, and only if used.
func fromJSON(raw []byte) ref.Val {
	switch raw[0] {
	case '"':
		return types.String(event.Unquote(raw))
	case '{':
		return newObject(raw)
	case '[':
		return newArray(raw, nil)
	case 't':
		return types.True
	case 'f':
		return types.False
	case 'n':
		return types.NullValue
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return types.Int(n)
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return types.NewErr("%q is not a number", raw)
	}
	return types.Double(n)
}

// object is a JSON object as a map of CEL. It is parsed at its first use, one level deep.
type object struct {
	raw     []byte
	parsed  bool
	members []member
	byName  map[string]int // only of a large object
}

type member struct {
	name  string
	raw   []byte
	value ref.Val // nil: not used yet
}

// smallObject is up to how many members are looked through one by one.
const smallObject = 8

func newObject(raw []byte) *object { return &object{raw: raw} }

func (o *object) parse() {
	if o.parsed {
		return
	}
	o.parsed = true
	for name, raw := range event.Members(o.raw) {
		o.members = append(o.members, member{name: string(name), raw: raw})
	}
	if len(o.members) <= smallObject {
		return
	}
	o.byName = make(map[string]int, len(o.members))
	for i := range o.members {
		o.byName[o.members[i].name] = i
	}
}

func (o *object) find(name string) (ref.Val, bool) {
	o.parse()
	at := -1
	if o.byName != nil {
		if i, ok := o.byName[name]; ok {
			at = i
		}
	} else {
		for i := range o.members {
			if o.members[i].name == name {
				at = i
			}
		}
	}
	if at < 0 {
		return nil, false
	}
	m := &o.members[at]
	if m.value == nil {
		m.value = fromJSON(m.raw)
	}
	return m.value, true
}

var _ traits.Mapper = (*object)(nil)

// Find implements traits.Mapper.
func (o *object) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return nil, false
	}
	return o.find(string(name))
}

// Get implements traits.Indexer.
func (o *object) Get(key ref.Val) ref.Val {
	v, ok := o.Find(key)
	if !ok {
		return types.NewErr("no such key: %v", key.Value())
	}
	return v
}

// Contains implements traits.Container.
func (o *object) Contains(key ref.Val) ref.Val {
	_, ok := o.Find(key)
	return types.Bool(ok)
}

// Size implements traits.Sizer.
func (o *object) Size() ref.Val {
	o.parse()
	return types.Int(len(o.members))
}

// Iterator implements traits.Iterable: over the names.
func (o *object) Iterator() traits.Iterator {
	o.parse()
	return &iterator{n: len(o.members), at: func(i int) ref.Val { return types.String(o.members[i].name) }}
}

// Equal implements ref.Val.
func (o *object) Equal(other ref.Val) ref.Val {
	m, ok := other.(traits.Mapper)
	if !ok || m.Size() != o.Size() {
		return types.False
	}
	for i := range o.members {
		name := o.members[i].name
		mine, _ := o.find(name)
		theirs, ok := m.Find(types.String(name))
		if !ok || types.Equal(mine, theirs) != types.True {
			return types.False
		}
	}
	return types.True
}

// Type implements ref.Val.
func (*object) Type() ref.Type { return types.MapType }

// Value implements ref.Val.
func (o *object) Value() any { return o }

// IsZeroValue says whether it is empty.
func (o *object) IsZeroValue() bool { return o.Size() == types.Int(0) }

// ConvertToNative implements ref.Val.
func (*object) ConvertToNative(reflect.Type) (any, error) { return nil, errNative }

// ConvertToType implements ref.Val.
func (o *object) ConvertToType(t ref.Type) ref.Val { return convert(o, types.MapType, t) }

// array is a JSON array as a list of CEL, parsed at its first use.
type array struct {
	raw      []byte
	parsed   bool
	elements []element
	of       func([]byte) ref.Val
	list     traits.Lister // see values
}

type element struct {
	raw   []byte
	value ref.Val // nil: not used yet
}

// newArray makes a list; of makes its elements, nil: fromJSON.
func newArray(raw []byte, of func([]byte) ref.Val) *array {
	if of == nil {
		of = fromJSON
	}
	return &array{raw: raw, of: of}
}

func (a *array) parse() {
	if a.parsed {
		return
	}
	a.parsed = true
	n := 0
	for range event.Elements(a.raw) { // an event may be one long list: a growing one would take many times its memory
		n++
	}
	a.elements = make([]element, 0, n)
	for raw := range event.Elements(a.raw) {
		a.elements = append(a.elements, element{raw: raw})
	}
}

func (a *array) at(i int) ref.Val {
	e := &a.elements[i]
	if e.value == nil {
		e.value = a.of(e.raw)
	}
	return e.value
}

var _ traits.Lister = (*array)(nil)

// values is the list in a form that CEL's own lists take. It is made once: an expression may ask for it in a loop.
func (a *array) values() traits.Lister {
	if a.list != nil {
		return a.list
	}
	a.parse()
	list := make([]ref.Val, len(a.elements))
	for i := range list {
		list[i] = a.at(i)
	}
	a.list = types.NewRefValList(types.DefaultTypeAdapter, list)
	return a.list
}

// Add implements traits.Adder.
func (a *array) Add(other ref.Val) ref.Val { return a.values().Add(other) }

// Contains implements traits.Container.
func (a *array) Contains(value ref.Val) ref.Val {
	a.parse()
	for i := range a.elements {
		if types.Equal(a.at(i), value) == types.True {
			return types.True
		}
	}
	return types.False
}

// Get implements traits.Indexer.
func (a *array) Get(index ref.Val) ref.Val {
	a.parse()
	i, err := types.GetOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	if i < 0 || i >= len(a.elements) {
		return types.NewErr("index out of bounds: %d", i)
	}
	return a.at(i)
}

// Size implements traits.Sizer.
func (a *array) Size() ref.Val {
	a.parse()
	return types.Int(len(a.elements))
}

// Iterator implements traits.Iterable.
func (a *array) Iterator() traits.Iterator {
	a.parse()
	return &iterator{n: len(a.elements), at: a.at}
}

// Equal implements ref.Val.
func (a *array) Equal(other ref.Val) ref.Val {
	l, ok := other.(traits.Lister)
	if !ok || l.Size() != a.Size() {
		return types.False
	}
	for i := range a.elements {
		if types.Equal(a.at(i), l.Get(types.Int(i))) != types.True {
			return types.False
		}
	}
	return types.True
}

// Type implements ref.Val.
func (*array) Type() ref.Type { return types.ListType }

// Value implements ref.Val.
func (a *array) Value() any { return a }

// IsZeroValue says whether it is empty.
func (a *array) IsZeroValue() bool { return a.Size() == types.Int(0) }

// ConvertToNative implements ref.Val.
func (*array) ConvertToNative(reflect.Type) (any, error) { return nil, errNative }

// ConvertToType implements ref.Val.
func (a *array) ConvertToType(t ref.Type) ref.Val { return convert(a, types.ListType, t) }

// errNative: values are only ever written by this package.
var errNative = errors.New("a value of an event has no other form")

// convert is ConvertToType of a value that is nothing but itself.
func convert(v ref.Val, own *types.Type, t ref.Type) ref.Val {
	switch t {
	case own:
		return v
	case types.TypeType:
		return own
	}
	return types.NewErr("type conversion error from '%s' to '%s'", own.TypeName(), t.TypeName())
}

// iterator goes over n values. What it has of ref.Val is that of an absent value: an expression never sees it.
type iterator struct {
	types.Null
	at   func(int) ref.Val
	i, n int
}

// HasNext implements traits.Iterator.
func (it *iterator) HasNext() ref.Val { return types.Bool(it.i < it.n) }

// Next implements traits.Iterator.
func (it *iterator) Next() ref.Val {
	it.i++
	return it.at(it.i - 1)
}
