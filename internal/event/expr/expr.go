// Package expr runs the expressions that people write about events: the "where" of a subscription, the rules of a
// mapping, the template of a payload. They are CEL (https://cel.dev), see only the event, and cost at most MaxCost.
//
// An expression sees one variable, event, with the fields of the envelope; docs/expressions.md lists them. A program is
// immutable and safe for concurrent use. It reads of the record only what the expression names: one about severity, type
// or project never touches the event's JSON.
package expr

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of one expression.
const (
	// MaxSource bounds the text of an expression, in bytes.
	MaxSource = 4 << 10
	// MaxCost bounds one evaluation, in CEL's cost units; beyond it the evaluation is an error. A unit is about one
	// comparison; the most expensive one takes about a microsecond.
	MaxCost = 10_000
	// MaxDepth bounds how deeply an expression may be nested.
	MaxDepth = 64
	// MaxText bounds a text that an expression makes, in bytes (256 KiB).
	MaxText = 256 << 10
	// MaxResult bounds the JSON that AppendJSON writes, in bytes (512 KiB).
	MaxResult = 512 << 10
)

// Error is what is wrong with an expression's text. Line and Column count from 1 (Column in characters); 0 when they are
// not known.
type Error struct {
	Line, Column int
	Message      string
}

// Error says the position first.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("at line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// ErrCost says that an evaluation cost more than MaxCost.
var ErrCost = fmt.Errorf("the expression costs more than %d for this event", MaxCost)

// Condition is a compiled expression whose value is true or false.
type Condition struct{ program }

// conditions remembers what was compiled last: the same few expressions are parsed again and again, by every list of
// integrations.
var conditions = memory[Condition]{most: 512}

// ParseCondition compiles a condition. Its error is an *Error.
func ParseCondition(source string) (*Condition, error) {
	return conditions.get(source, func() (*Condition, error) {
		p, err := compile(source, cel.BoolType, "true or false")
		if err != nil {
			return nil, err
		}
		return &Condition{p}, nil
	})
}

// Match says whether the condition holds for the event. An evaluation that fails (a field of data that is not there, a
// cost above MaxCost) is an error.
func (c *Condition) Match(r *event.Record) (bool, error) {
	v := borrow(r)
	defer v.giveBack()
	return c.MatchView(v)
}

// MatchView is Match for a caller that asks several expressions about one event.
func (c *Condition) MatchView(v *View) (bool, error) {
	out, err := c.eval(v)
	if err != nil {
		return false, err
	}
	b, ok := out.(types.Bool)
	if !ok {
		return false, fmt.Errorf("the value is %s, not true or false", kindOf(out))
	}
	return bool(b), nil
}

// Value is a compiled expression whose value is a text, a list of texts or an object.
type Value struct {
	program
	orders [][]string // the names of each map literal, as they stand in the source
}

// ParseText compiles an expression whose value is a text. Its error is an *Error.
func ParseText(source string) (*Value, error) {
	p, err := compile(source, cel.StringType, "a text")
	return &Value{program: p}, err
}

// ParseTexts compiles an expression whose value is a list of texts. Its error is an *Error.
func ParseTexts(source string) (*Value, error) {
	p, err := compile(source, cel.ListType(cel.StringType), "a list of texts")
	return &Value{program: p}, err
}

// ParseObject compiles an expression whose value is an object, {"name": event.title, …}. Its names stand in the source:
// what comes from an event can only be a value. Its error is an *Error.
func ParseObject(source string) (*Value, error) {
	p, err := compile(source, cel.MapType(cel.DynType, cel.DynType), "an object such as {\"title\": event.title}")
	if err != nil {
		return &Value{program: p}, err
	}
	orders, err := template(p.ast)
	return &Value{program: p, orders: orders}, err
}

// Text is the value for an event. It shares no memory with the event.
func (v *Value) Text(r *event.Record) (string, error) {
	view := borrow(r)
	defer view.giveBack()
	return v.TextView(view)
}

// TextView is Text for a caller that asks several expressions about one event.
func (v *Value) TextView(view *View) (string, error) {
	out, err := v.eval(view)
	if err != nil {
		return "", err
	}
	s, ok := out.(types.String)
	if !ok {
		return "", fmt.Errorf("the value is %s, not a text: string(…) makes one", kindOf(out))
	}
	return strings.Clone(string(s)), nil
}

// TextsView is the list of texts for an event.
func (v *Value) TextsView(view *View) ([]string, error) {
	out, err := v.eval(view)
	if err != nil {
		return nil, err
	}
	list, ok := out.(traits.Lister)
	if !ok {
		return nil, fmt.Errorf("the value is %s, not a list of texts", kindOf(out))
	}
	var texts []string
	for it := list.Iterator(); it.HasNext() == types.True; {
		s, ok := it.Next().(types.String)
		if !ok {
			return nil, fmt.Errorf("entry %d of the list is not a text", len(texts))
		}
		texts = append(texts, strings.Clone(string(s)))
	}
	return texts, nil
}

// TextMapView is the object for an event, all of whose values are texts.
func (v *Value) TextMapView(view *View) (map[string]string, error) {
	out, err := v.eval(view)
	if err != nil {
		return nil, err
	}
	m, ok := out.(traits.Mapper)
	if !ok {
		return nil, fmt.Errorf("the value is %s, not an object", kindOf(out))
	}
	texts := map[string]string{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		name := it.Next()
		s, ok := m.Get(name).(types.String)
		if !ok {
			return nil, fmt.Errorf("the value of %q is not a text", name.Value())
		}
		texts[name.Value().(string)] = strings.Clone(string(s))
	}
	return texts, nil
}

// AppendJSON appends the value for an event as JSON on one line, names in the order of the source. With an error dst is
// given back as it was. Link is event.link.
func (v *Value) AppendJSON(dst []byte, r *event.Record, link string) ([]byte, error) {
	view := borrow(r)
	view.link = link
	defer view.giveBack()
	out, err := v.eval(view)
	if err != nil {
		return dst, err
	}
	w := writer{dst: dst, most: len(dst) + MaxResult, orders: v.orders}
	if err := w.value(out); err != nil {
		return dst, err
	}
	return w.dst, nil
}

// program is a compiled expression.
type program struct {
	source string
	run    cel.Program
	ast    *cel.Ast
}

// String is the source.
func (p program) String() string { return p.source }

// eval runs the program. Panics inside are errors.
func (p program) eval(v *View) (ref.Val, error) {
	if p.run == nil {
		return nil, errors.New("the expression did not compile")
	}
	out, _, err := p.run.Eval(v)
	if err != nil {
		return nil, wordEval(err)
	}
	return out, nil
}

// memory keeps what was made of a text.
type memory[T any] struct {
	most int // entries; beyond it everything is forgotten
	mu   sync.Mutex
	by   map[string]*T
}

func (m *memory[T]) get(text string, fill func() (*T, error)) (*T, error) {
	m.mu.Lock()
	known := m.by[text]
	m.mu.Unlock()
	if known != nil {
		return known, nil
	}
	made, err := fill()
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.by) >= m.most || m.by == nil {
		m.by = map[string]*T{}
	}
	m.by[strings.Clone(text)] = made
	return made, nil
}
