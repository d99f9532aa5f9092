package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// readOnly are members of an answer that may come back with a change; they are ignored.
var readOnly = []string{"id", "version", "created_at", "updated_at", "counts"}

// Parse reads a rule. What is left out has its default: every source, DefaultPosition, enabled. The errors are form.Errors.
func Parse(raw json.RawMessage) (Rule, error) {
	r := Rule{Source: AnySource, Position: DefaultPosition, Enabled: true}
	var errs form.Errors
	o, ok := objectOf(raw)
	if !ok {
		errs.Add("", "must be an object")
		return r, errs
	}
	reader := reader{o, "", &errs}
	reader.text("name", &r.Name)
	reader.text("source", &r.Source)
	read(&reader, "position", "a whole number", &r.Position)
	read(&reader, "enabled", "true or false", &r.Enabled)
	reader.text("when", &r.When)
	read(&reader, "drop", "true or false", &r.Drop)
	if set, ok := reader.object("set"); ok {
		account := ""
		set.text("type", &r.Set.Type)
		set.text("severity", &r.Set.Severity)
		set.text("project", &r.Set.Project)
		set.text("alert_type", &r.Set.AlertType)
		set.text("account", &account)
		r.Set.Account = event.Account(account)
		read(&set, "tags", "a list of texts", &r.Set.Tags)
		read(&set, "labels", "an object of texts", &r.Set.Labels)
		set.unknown()
	}
	if compute, ok := reader.object("compute"); ok {
		for _, f := range r.Compute.fields() {
			compute.text(f.name, f.source)
		}
		compute.unknown()
	}
	for _, name := range readOnly {
		delete(reader.fields, name)
	}
	reader.unknown()
	if len(errs) > 0 {
		return r, errs
	}
	return r, r.check()
}

// reader takes members out of an object.
type reader struct {
	fields map[string]json.RawMessage
	prefix string
	errs   *form.Errors
}

func objectOf(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	var fields map[string]json.RawMessage
	ok := json.Unmarshal(raw, &fields) == nil && fields != nil
	return fields, ok
}

// take removes a member; ok is false when it is absent or null.
func (r *reader) take(name string) (raw json.RawMessage, ok bool) {
	raw, ok = r.fields[name]
	delete(r.fields, name)
	return raw, ok && string(raw) != "null"
}

func read[T any](r *reader, name, want string, dst *T) {
	if raw, ok := r.take(name); ok {
		if err := json.Unmarshal(raw, dst); err != nil {
			r.errs.Add(r.prefix+name, "must be %s", want)
		}
	}
}

func (r *reader) text(name string, dst *string) { read(r, name, "a text", dst) }

func (r *reader) object(name string) (reader, bool) {
	raw, ok := r.take(name)
	if !ok {
		return reader{}, false
	}
	fields, ok := objectOf(raw)
	if !ok {
		r.errs.Add(r.prefix+name, "must be an object")
	}
	return reader{fields, r.prefix + name + ".", r.errs}, ok
}

func (r *reader) unknown() {
	for _, name := range slices.Sorted(maps.Keys(r.fields)) {
		r.errs.Add(r.prefix+event.Clip(name, 64), "is not known")
	}
}

// source is what a rule may say of its source: the name of a dialect, or the id of a source.
var source = regexp.MustCompile(`^(\*|[a-z0-9][a-z0-9_-]{0,63})$`)

// check says everything that is wrong with a rule.
func (r *Rule) check() error {
	var errs form.Errors
	switch {
	case r.Name == "":
		errs.Add("name", "is required")
	case utf8.RuneCountInString(r.Name) > MaxName:
		errs.Add("name", "must have at most %d characters", MaxName)
	case !visible(r.Name):
		errs.Add("name", "must be one line of characters that can be seen")
	}
	if !source.MatchString(r.Source) {
		errs.Add("source", `must be "*", the name of a dialect such as falco, or the id of a source`)
	}
	if r.Position < 0 || r.Position > MaxPosition {
		errs.Add("position", "must be 0 to %d", MaxPosition)
	}
	if r.When != "" {
		if _, err := expr.ParseCondition(r.When); err != nil {
			errs.Add("when", "%v", err)
		}
	}
	r.checkSet(&errs)
	r.checkCompute(&errs)
	switch changes := !r.Set.empty() || r.Compute != (Compute{}); {
	case r.Drop && changes:
		errs.Add("drop", "goes without set and compute: a dropped event has no values")
	case !r.Drop && !changes:
		errs.Add("", "says nothing to be done: set, compute or drop")
	}
	return errs.Err()
}

// visible says whether people can see all of a text.
func visible(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) })
}

func (s *Set) empty() bool {
	return s.Type == "" && s.Severity == "" && s.Project == "" && s.AlertType == "" && s.Account == "" && len(s.Tags) == 0 && len(s.Labels) == 0
}

func (r *Rule) checkSet(errs *form.Errors) {
	s := &r.Set
	if s.Type != "" && !event.ValidType(s.Type) {
		errs.Add("set.type", "%q is not an event type such as alert.created", event.Clip(s.Type, 64))
	}
	if s.Severity != "" {
		severity, ok := event.ParseSeverity(s.Severity)
		if !ok {
			errs.Add("set.severity", "must be one of %s", strings.Join(event.Severities(), ", "))
		} else {
			s.Severity = severity.String()
		}
	}
	for _, f := range []struct{ name, text string }{{"set.project", s.Project}, {"set.alert_type", s.AlertType}} {
		if len(f.text) > event.MaxName || !visible(f.text) {
			errs.Add(f.name, "must be one line of at most %d bytes that can be seen", event.MaxName)
		}
	}
	if s.Account != "" && !event.ValidAccount(string(s.Account)) {
		errs.Add("set.account", "is not the name of an account")
	}
	if len(s.Tags) > MaxEntries {
		errs.Add("set.tags", "must be at most %d", MaxEntries)
	}
	for i, tag := range s.Tags {
		if tag == "" || len(tag) > event.MaxName || !visible(tag) {
			errs.Add(fmt.Sprintf("set.tags.%d", i), "must have 1 to %d bytes that can be seen", event.MaxName)
		}
	}
	if len(s.Labels) > MaxEntries {
		errs.Add("set.labels", "must be at most %d", MaxEntries)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		if value := s.Labels[name]; name == "" || len(name) > event.MaxName || len(value) > event.MaxText || !visible(name+value) {
			errs.Add("set.labels", "need names of 1 to %d bytes and values of at most %d, all of which can be seen", event.MaxName, event.MaxText)
		}
	}
}

func (r *Rule) checkCompute(errs *form.Errors) {
	both := map[string]bool{
		"type": r.Set.Type != "", "severity": r.Set.Severity != "", "project": r.Set.Project != "", "alert_type": r.Set.AlertType != "",
		"account": r.Set.Account != "",
	}
	for _, f := range r.Compute.fields() {
		if *f.source == "" {
			continue
		}
		if both[f.name] {
			errs.Add("compute."+f.name, "is set already: one of the two")
		}
		if _, err := f.parse(*f.source); err != nil {
			errs.Add("compute."+f.name, "%v", err)
		}
	}
}

// computed is one member of Compute.
type computed struct {
	name   string
	source *string
	parse  func(string) (*expr.Value, error)
}

func (c *Compute) fields() []computed {
	return []computed{
		{"type", &c.Type, expr.ParseText}, {"severity", &c.Severity, expr.ParseText}, {"project", &c.Project, expr.ParseText},
		{"alert_type", &c.AlertType, expr.ParseText}, {"account", &c.Account, expr.ParseText}, {"tags", &c.Tags, expr.ParseTexts},
		{"labels", &c.Labels, expr.ParseObject},
	}
}

// merge applies a JSON merge patch (RFC 7396).
func merge(document, patch json.RawMessage) (json.RawMessage, error) {
	changes, ok := objectOf(patch)
	if !ok {
		return patch, nil
	}
	fields, ok := objectOf(document)
	if !ok {
		fields = map[string]json.RawMessage{}
	}
	for name, change := range changes {
		if string(change) == "null" {
			delete(fields, name)
			continue
		}
		merged, err := merge(fields[name], change)
		if err != nil {
			return nil, err
		}
		fields[name] = merged
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("merging a change: %w", err)
	}
	return raw, nil
}
