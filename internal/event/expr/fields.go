package expr

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// The types that expressions see beside CEL's own.
var (
	eventType  = types.NewObjectType("Event", traits.IndexerType|traits.FieldTesterType)
	ruleType   = types.NewObjectType("Rule", traits.IndexerType|traits.FieldTesterType)
	sourceType = types.NewObjectType("Source", traits.IndexerType|traits.FieldTesterType)
	entityType = types.NewObjectType("Entity", traits.IndexerType|traits.FieldTesterType)
)

// eventField is one field of the event.
type eventField struct {
	name string
	kind *types.Type
	get  func(*View) ref.Val
	// has says whether the event has it; nil: its value is not the empty one.
	has func(*View) bool
}

var (
	texts   = cel.ListType(cel.StringType)
	objects = cel.MapType(cel.StringType, cel.DynType)
)

// eventFields lists them in the order of the docs. Those that the record carries come first: they cost no look at the
// event's JSON.
var eventFields = []eventField{
	ofRecord("id", cel.StringType, func(r *event.Record) ref.Val { return types.String(r.ID.Text(event.PrefixEvent)) }),
	ofRecord("account", cel.StringType, func(r *event.Record) ref.Val { return types.String(r.Account) }),
	ofRecord("type", cel.StringType, func(r *event.Record) ref.Val { return types.String(r.Type) }),
	ofRecord("severity", cel.StringType, func(r *event.Record) ref.Val { return types.String(r.Severity.String()) }),
	ofRecord("severity_level", cel.IntType, func(r *event.Record) ref.Val { return types.Int(r.Severity) + 1 }),
	ofRecord("project", cel.StringType, func(r *event.Record) ref.Val { return types.String(r.Project) }),
	ofRecord("alert_type", cel.StringType, func(r *event.Record) ref.Val { return types.String(r.AlertType) }),
	ofRecord("dedup_key", cel.StringType, func(r *event.Record) ref.Val { return types.String(r.DedupKey) }),
	ofRecord("ordering_key", cel.StringType, func(r *event.Record) ref.Val { return types.String(r.OrderingKey) }),
	ofRecord("time", cel.TimestampType, func(r *event.Record) ref.Val { return types.Timestamp{Time: r.Time} }),
	ofRecord("received_at", cel.TimestampType, func(r *event.Record) ref.Val { return types.Timestamp{Time: r.Received} }),
	ofText("title"), ofText("description"), ofText("incident"), ofText("endpoint"),
	{name: "rule", kind: ruleType, get: func(v *View) ref.Val { return v.part("rule", ruleType, ruleFields) }},
	ofTexts("mitre"),
	{name: "risk_score", kind: cel.DynType, get: (*View).riskScore, has: func(v *View) bool { return v.has("risk_score") }},
	ofText("status"), ofText("actor"),
	{name: "entities", kind: cel.ListType(entityType), get: (*View).entities},
	ofObject("geo", objects), ofObject("network", objects),
	ofTexts("tags"),
	ofObject("labels", cel.MapType(cel.StringType, cel.StringType)),
	ofText("tlp"), ofText("url"),
	{name: "link", kind: cel.StringType, get: func(v *View) ref.Val { return types.String(v.link) }},
	{name: "source", kind: sourceType, get: func(v *View) ref.Val { return v.part("source", sourceType, sourceFields) }},
	ofObject("data", objects),
}

func ofRecord(name string, kind *types.Type, get func(*event.Record) ref.Val) eventField {
	return eventField{name: name, kind: kind, get: func(v *View) ref.Val { return get(v.record) }}
}

func ofText(name string) eventField {
	return eventField{name: name, kind: cel.StringType, get: func(v *View) ref.Val {
		return types.String(event.Unquote(v.body(name)))
	}}
}

func ofTexts(name string) eventField {
	return eventField{name: name, kind: texts, get: func(v *View) ref.Val { return v.value(name, emptyArray) }}
}

func ofObject(name string, kind *types.Type) eventField {
	return eventField{name: name, kind: kind, get: func(v *View) ref.Val { return v.value(name, emptyObject) }}
}

// The members of the objects that have a type of their own. All are always there.
var (
	ruleFields   = []partField{{"id", cel.StringType}, {"name", cel.StringType}}
	sourceFields = []partField{{"vendor", cel.StringType}, {"product", cel.StringType}, {"instance", cel.StringType}, {"id", cel.StringType}}
	entityFields = []partField{{"type", cel.StringType}, {"value", cel.StringType}, {"role", cel.StringType}, {"observed", cel.BoolType}}
)

// partField is one member of a part.
type partField struct {
	name string
	kind *types.Type
}

// provider tells CEL what fields the types have.
type provider struct {
	types.Provider
	fields map[string]map[string]*types.FieldType
	types  map[string]*types.Type
}

func newProvider(base types.Provider) *provider {
	p := &provider{base, map[string]map[string]*types.FieldType{}, map[string]*types.Type{}}
	events := map[string]*types.FieldType{}
	for _, f := range eventFields {
		events[f.name] = &types.FieldType{
			Type:    f.kind,
			IsSet:   func(target any) bool { return f.set(target.(*View)) },
			GetFrom: func(target any) (any, error) { return f.get(target.(*View)), nil },
		}
	}
	p.add(eventType, events)
	p.add(ruleType, partFields(ruleFields))
	p.add(sourceType, partFields(sourceFields))
	p.add(entityType, partFields(entityFields))
	return p
}

func (p *provider) add(t *types.Type, fields map[string]*types.FieldType) {
	p.types[t.TypeName()], p.fields[t.TypeName()] = t, fields
}

func partFields(list []partField) map[string]*types.FieldType {
	fields := map[string]*types.FieldType{}
	for _, f := range list {
		fields[f.name] = &types.FieldType{
			Type:    f.kind,
			IsSet:   func(target any) bool { return !isEmpty(target.(*part).field(f)) },
			GetFrom: func(target any) (any, error) { return target.(*part).field(f), nil },
		}
	}
	return fields
}

// set says whether the event has the field.
func (f *eventField) set(v *View) bool {
	if f.has != nil {
		return f.has(v)
	}
	return !isEmpty(f.get(v))
}

// FindStructType implements types.Provider.
func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if t, ok := p.types[name]; ok {
		return types.NewTypeTypeWithParam(t), true
	}
	return p.Provider.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	fields, ok := p.fields[name]
	if !ok {
		return p.Provider.FindStructFieldNames(name)
	}
	var names []string
	for n := range fields {
		names = append(names, n)
	}
	slices.Sort(names)
	return names, true
}

// FindStructFieldType implements types.Provider.
func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	fields, ok := p.fields[name]
	if !ok {
		return p.Provider.FindStructFieldType(name, field)
	}
	f, ok := fields[field]
	return f, ok
}

// Field describes one field of the variable event, for the docs.
type Field struct{ Name, Type string }

// Fields lists the fields of the variable event.
func Fields() []Field {
	list := make([]Field, len(eventFields))
	for i, f := range eventFields {
		list[i] = Field{f.name, f.kind.String()}
	}
	return list
}
