package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Action is what happens to a thing.
type Action string

// The actions.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

func (a Action) sign() string {
	return map[Action]string{Create: "+", Update: "~", Delete: "-"}[a]
}

// Thing is what the hub has.
type Thing struct {
	Section *Section
	ID      string
	Name    string // as of an Item
	Version int64
	Fields  map[string]any
	Voided  []string // paths of secrets that were given up, below "settings"
}

// ThingOf reads what the API shows.
func ThingOf(s *Section, raw []byte) (Thing, error) {
	v, err := Value(raw)
	if err != nil {
		return Thing{}, err
	}
	object, _ := v.(map[string]any)
	id, _ := object["id"].(string)
	name, _ := object["name"].(string)
	version, _ := object["version"].(int64)
	if id == "" || name == "" {
		return Thing{}, fmt.Errorf("a %s without an id or a name", s.Word)
	}
	t := Thing{Section: s, ID: id, Name: name, Version: version, Fields: map[string]any{}}
	for _, field := range s.Fields {
		if x, ok := object[field]; ok {
			t.Fields[field] = x
		}
	}
	if kind, ok := object["kind"].(string); ok && slices.Contains(s.Required, "kind") {
		t.Name = kind + "/" + name
	}
	voided, _ := object["voided"].([]any)
	for _, path := range voided {
		t.Voided = append(t.Voided, "settings."+fmt.Sprint(path))
	}
	return t, nil
}

// Change is one change of a plan.
type Change struct {
	Action  Action        `json:"action"`
	Section *Section      `json:"-"`
	Word    string        `json:"what"`
	Name    string        `json:"name"`
	ID      string        `json:"id,omitempty"`
	Version int64         `json:"-"`
	Fields  []FieldChange `json:"fields,omitempty"`
	// Body is what is sent: see Wire.
	Body map[string]any `json:"-"`
	Item *Item          `json:"-"` // nil for a deletion
}

// Title names the thing for people.
func (c *Change) Title() string { return c.Word + " " + c.Name }

// Plan is what would change, in the order in which it is done.
type Plan struct {
	Changes []*Change `json:"changes"`
	Same    int       `json:"unchanged"` // things that are as the files want them
}

// Options of a plan.
type Options struct {
	// Prune deletes what the hub has and the files do not, in the sections that the files have.
	Prune bool
	// Resend sends secrets that are known here again; whether they changed cannot be seen.
	Resend bool
	// Schemas are those of an integration's fields by its kind; a kind that is not in it does not exist. nil: no checks.
	Schemas map[string]Schemas
}

// Make compares files with what there is. Its error is an Errors with every mistake.
func Make(m *Manifest, there []Thing, o Options) (*Plan, error) {
	p, errs := &Plan{Changes: []*Change{}}, Errors{}
	have := map[string]*Thing{}
	for i := range there {
		have[there[i].Section.Key+" "+there[i].Name] = &there[i]
	}
	wanted := map[string]bool{}
	for _, s := range sections {
		var made, changed []*Change
		for _, i := range m.Of(s) {
			key := s.Key + " " + i.Name
			wanted[key] = true
			schemas, err := o.schemasOf(i)
			if err == nil {
				err = i.Check(schemas)
			}
			errs.collect(err)
			c, err := planOne(i, have[key], schemas, o.Resend, func(r Ref) string {
				if t := have[r.Section+" "+r.Name]; t != nil {
					return t.ID
				}
				return ""
			})
			errs.collect(err)
			errs.collect(i.dangling(have, m))
			switch {
			case c == nil:
				p.Same++
			case c.Action == Create:
				made = append(made, c)
			default:
				changed = append(changed, c)
			}
		}
		// What names others comes behind them.
		slices.SortStableFunc(made, func(a, b *Change) int { return len(a.Item.refs()) - len(b.Item.refs()) })
		p.Changes = append(append(p.Changes, made...), changed...)
	}
	if o.Prune {
		p.prune(m, there, wanted)
	}
	return p, errs.err()
}

func (e *Errors) collect(err error) {
	if list, ok := err.(Errors); ok { //nolint:errorlint // ours, and never wrapped
		*e = append(*e, list...)
	}
}

// prune plans deletions, in the opposite order of making.
func (p *Plan) prune(m *Manifest, there []Thing, wanted map[string]bool) {
	for _, s := range slices.Backward(sections) {
		for _, t := range there {
			if t.Section == s && m.Listed[s.Key] && !wanted[s.Key+" "+t.Name] {
				p.Changes = append(p.Changes, &Change{Action: Delete, Section: s, Word: s.Word, Name: t.Name, ID: t.ID, Version: t.Version})
			}
		}
	}
}

// Deletions counts what would be deleted.
func (p *Plan) Deletions() (n int) {
	for _, c := range p.Changes {
		if c.Action == Delete {
			n++
		}
	}
	return n
}

func (o *Options) schemasOf(i *Item) (Schemas, error) {
	kind, ok := i.Fields["kind"].(string)
	if o.Schemas == nil || !ok {
		return nil, nil
	}
	schemas, known := o.Schemas[kind]
	if !known {
		return nil, Errors{fmt.Sprintf("%s: there is no connector of kind %q; there are %s", i.At("kind"), kind,
			strings.Join(slices.Sorted(maps.Keys(o.Schemas)), ", "))}
	}
	return schemas, nil
}

// refs are the names that the item mentions.
func (i *Item) refs() (refs []Ref) {
	for _, v := range i.Fields {
		if r, ok := v.(Ref); ok {
			refs = append(refs, r)
		}
	}
	return refs
}

// dangling finds names that neither the hub nor the files have.
func (i *Item) dangling(have map[string]*Thing, m *Manifest) error {
	var errs Errors
	for field, v := range i.Fields {
		r, ok := v.(Ref)
		if !ok || have[r.Section+" "+r.Name] != nil {
			continue
		}
		if !slices.ContainsFunc(m.Items, func(o *Item) bool { return o.Section.Key == r.Section && o.Name == r.Name }) {
			errs.add(i.At(field), "%s: there is no %s of that name", r, sectionOf(r.Section).Word)
		}
	}
	return errs.err()
}

// planOne compares one item with what there is; nil if nothing is to be done.
func planOne(i *Item, t *Thing, schemas Schemas, resend bool, id func(Ref) string) (*Change, error) {
	s := i.Section
	if t == nil {
		c := &Change{Action: Create, Section: s, Word: s.Word, Name: i.Name, Body: i.Fields, Item: i}
		errs := Errors{}
		for _, field := range s.Fields {
			if v, ok := i.Fields[field]; ok && !(slices.Contains(s.Required, field) && field != "dialect") {
				c.leaves(&errs, field, v)
			}
		}
		c.Body = withoutNulls(i.Fields)
		return c, errs.err()
	}
	root := &Schema{Properties: map[string]*Schema{}}
	for name, schema := range schemas {
		root.Properties[name] = schema
	}
	cmp := &comparison{item: i, resend: resend, voided: t.Voided, id: id}
	patch := cmp.object("", i.Fields, t.Fields, root)
	if patch == nil {
		return nil, cmp.errs.err()
	}
	return &Change{
		Action: Update, Section: s, Word: s.Word, Name: i.Name, ID: t.ID, Version: t.Version, Fields: cmp.fields, Body: patch, Item: i,
	}, cmp.errs.err()
}

// leaves lists the values of something new.
func (c *Change) leaves(errs *Errors, path string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			c.leaves(errs, join(path, name), v[name])
		}
	default:
		maskless(errs, c.Item, path, v)
		c.Fields = append(c.Fields, FieldChange{Path: path, Before: absentText, After: shown(v)})
	}
}

// maskless refuses masks in something new: an export does not know the secrets of the hub that it came from.
func maskless(errs *Errors, i *Item, path string, v any) {
	switch v := v.(type) {
	case string:
		if v == form.Mask {
			errs.add(i.At(path), "%s is masked, and %s is new here: write where the secret is, env:NAME or file:/path (read by the hub), or %sNAME or %sPATH (read here)",
				path, i.Title(), LocalEnv, LocalFile)
		}
	case []any:
		for at, x := range v {
			maskless(errs, i, join(path, strconv.Itoa(at)), x)
		}
	case map[string]any:
		for name, x := range v {
			maskless(errs, i, join(path, name), x)
		}
	}
}

// withoutNulls leaves out what is to be as it is by default anyway.
func withoutNulls(fields map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range fields {
		switch v := v.(type) {
		case nil:
		case map[string]any:
			out[name] = withoutNulls(v)
		default:
			out[name] = v
		}
	}
	return out
}
