package expr

import (
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// self is the event itself as a value of CEL.
type self struct{ view *View }

var (
	_ traits.Indexer     = (*self)(nil)
	_ traits.FieldTester = (*self)(nil)
)

// Get implements traits.Indexer, for an event whose type the checker has lost.
func (s *self) Get(name ref.Val) ref.Val {
	if f := s.field(name); f != nil {
		return f.get(s.view)
	}
	return types.NewErr("no such field: %v", name.Value())
}

// IsSet implements traits.FieldTester.
func (s *self) IsSet(name ref.Val) ref.Val {
	if f := s.field(name); f != nil {
		return types.Bool(f.set(s.view))
	}
	return types.NewErr("no such field: %v", name.Value())
}

func (s *self) field(name ref.Val) *eventField {
	text, _ := name.(types.String)
	for i := range eventFields {
		if eventFields[i].name == string(text) {
			return &eventFields[i]
		}
	}
	return nil
}

// Equal implements ref.Val.
func (s *self) Equal(other ref.Val) ref.Val { return types.Bool(s == other) }

// Type implements ref.Val.
func (*self) Type() ref.Type { return eventType }

// Value implements ref.Val: what the fields of the type are read from.
func (s *self) Value() any { return s.view }

// ConvertToNative implements ref.Val.
func (*self) ConvertToNative(reflect.Type) (any, error) { return nil, errNative }

// ConvertToType implements ref.Val.
func (s *self) ConvertToType(t ref.Type) ref.Val { return convert(s, eventType, t) }

// part is an object of the envelope whose members have types and are always there: a rule, a source, an entity.
type part struct {
	kind   *types.Type
	fields []partField
	object *object
}

var (
	_ traits.Indexer     = (*part)(nil)
	_ traits.FieldTester = (*part)(nil)
)

// field is a member; absent ones are empty.
func (p *part) field(f partField) ref.Val {
	v, ok := p.object.find(f.name)
	if f.kind == types.BoolType {
		b, _ := v.(types.Bool)
		return b
	}
	if s, isText := v.(types.String); ok && isText {
		return s
	}
	return types.String("")
}

func (p *part) named(name ref.Val) (partField, bool) {
	text, _ := name.(types.String)
	for _, f := range p.fields {
		if f.name == string(text) {
			return f, true
		}
	}
	return partField{}, false
}

// Get implements traits.Indexer, for a part whose type the checker has lost.
func (p *part) Get(name ref.Val) ref.Val {
	if f, ok := p.named(name); ok {
		return p.field(f)
	}
	return types.NewErr("no such field: %v", name.Value())
}

// IsSet implements traits.FieldTester.
func (p *part) IsSet(name ref.Val) ref.Val {
	if f, ok := p.named(name); ok {
		return types.Bool(!isEmpty(p.field(f)))
	}
	return types.NewErr("no such field: %v", name.Value())
}

// Equal implements ref.Val.
func (p *part) Equal(other ref.Val) ref.Val {
	q, ok := other.(*part)
	if !ok || q.kind != p.kind {
		return types.False
	}
	for _, f := range p.fields {
		if p.field(f) != q.field(f) {
			return types.False
		}
	}
	return types.True
}

// Type implements ref.Val.
func (p *part) Type() ref.Type { return p.kind }

// Value implements ref.Val: what the fields of the type are read from.
func (p *part) Value() any { return p }

// IsZeroValue says whether none of its members is there.
func (p *part) IsZeroValue() bool {
	for _, f := range p.fields {
		if !isEmpty(p.field(f)) {
			return false
		}
	}
	return true
}

// ConvertToNative implements ref.Val.
func (*part) ConvertToNative(reflect.Type) (any, error) { return nil, errNative }

// ConvertToType implements ref.Val.
func (p *part) ConvertToType(t ref.Type) ref.Val { return convert(p, p.kind, t) }

// isEmpty says whether a value is the one that stands for an absent field.
func isEmpty(v ref.Val) bool {
	z, ok := v.(traits.Zeroer)
	return ok && z.IsZeroValue()
}

// adapter leaves values as they are.
type adapter struct{ types.Adapter }

// NativeToValue implements types.Adapter.
func (a adapter) NativeToValue(value any) ref.Val {
	switch v := value.(type) {
	case *View:
		return &v.self
	case *part:
		return v
	case *object:
		return v
	case *array:
		return v
	case *event.Record:
		return types.NewErr("a record is not a value")
	}
	return a.Adapter.NativeToValue(value)
}
