package event

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Changes are what a record gets new. A nil field stays as it is; an empty project or alert type is taken away.
type Changes struct {
	Type      *string
	Severity  *Severity
	Project   *string
	AlertType *string
	// AddTags come after the tags that are there; those that the event has already are left out.
	AddTags []string
	// SetLabels are set beside the labels that are there; an empty value takes the label away.
	SetLabels map[string]string
}

// Change gives a record with the changes. What the sender sent stays its SenderBytes, byte for byte; the record itself is
// not touched. A changed type without a severity, of the sender's or among the changes, has the severity of the new type.
// It gives r itself when nothing is different. The error is FieldErrors.
func Change(r *Record, c Changes, lim Limits) (*Record, error) {
	out := *r
	e := editor{fields: map[string][]byte{}}
	e.text(&out.Type, "type", c.Type)
	if c.Type != nil && !ValidType(out.Type) {
		e.errs.add("type", fmt.Sprintf("%q is not an event type", Clip(out.Type, 64)))
	}
	e.text(&out.Project, "project", c.Project)
	e.text(&out.AlertType, "alert_type", c.AlertType)
	e.severity(&out, r, c)
	e.tags(r, c.AddTags)
	e.labels(r, c.SetLabels)
	switch {
	case len(e.errs) > 0:
		return nil, e.errs
	case len(e.fields) == 0:
		return r, nil
	}
	out.Body = e.body(r.Body)
	if len(r.Raw) == 0 {
		out.Raw = r.Body
	}
	if total, most := len(out.Body)+len(out.Raw), lim.orDefaults().Bytes; total > most {
		return nil, FieldErrors{{Detail: fmt.Sprintf("the changed event with its original is %d bytes, more than %d", total, most)}}
	}
	return &out, nil
}

// editor collects the members that are different: their new values, nil for those that go.
type editor struct {
	fields map[string][]byte
	errs   FieldErrors
}

func (e *editor) text(dst *string, name string, value *string) {
	if value == nil || *value == *dst {
		return
	}
	text := strings.ToValidUTF8(*value, "\ufffd")
	if len(text) > MaxName {
		e.errs.add(name, tooLong(len(text), MaxName))
		return
	}
	*dst = strings.Clone(text)
	e.fields[name] = nil
	if text != "" {
		e.fields[name] = AppendString(nil, text)
	}
}

func (e *editor) severity(out, r *Record, c Changes) {
	switch {
	case c.Severity != nil && (*c.Severity != r.Severity || r.Flags&NoSeverity != 0):
		if *c.Severity > Critical {
			e.errs.add("severity", "is none of "+strings.Join(severityNames[:], ", "))
			return
		}
		out.Severity, out.Flags = *c.Severity, out.Flags&^NoSeverity
		e.fields["severity"] = []byte(quotedSeverities[out.Severity])
	case c.Severity == nil && out.Type != r.Type && r.Flags&NoSeverity != 0:
		out.Severity = DefaultSeverity(out.Type)
	}
}

func (e *editor) tags(r *Record, add []string) {
	if len(add) == 0 {
		return
	}
	var have []string
	for raw := range Elements(memberOf(r.Body, "tags")) {
		have = append(have, Unquote(raw))
	}
	before := len(have)
	for _, tag := range add {
		tag = strings.ToValidUTF8(tag, "\ufffd")
		switch {
		case slices.Contains(have, tag):
		case tag == "" || len(tag) > MaxName:
			e.errs.add("tags", fmt.Sprintf("a tag has 1 to %d bytes", MaxName))
		default:
			have = append(have, tag)
		}
	}
	switch {
	case len(have) == before:
	case len(have) > MaxTags:
		e.errs.add("tags", fmt.Sprintf("%d entries are more than %d", len(have), MaxTags))
	default:
		list := []byte{'['}
		for i, tag := range have {
			if i > 0 {
				list = append(list, ',')
			}
			list = AppendString(list, tag)
		}
		e.fields["tags"] = append(list, ']')
	}
}

func (e *editor) labels(r *Record, set map[string]string) {
	if len(set) == 0 {
		return
	}
	object, n, different := []byte{'{'}, 0, false
	put := func(name, value string) {
		if n++; n > 1 {
			object = append(object, ',')
		}
		object = AppendString(append(AppendString(object, name), ':'), value)
	}
	left := maps.Clone(set)
	for name, raw := range Members(memberOf(r.Body, "labels")) {
		was := Unquote(raw)
		value, changes := left[string(name)]
		if !changes {
			put(string(name), was)
			continue
		}
		delete(left, string(name))
		different = different || value != was
		if value != "" {
			put(string(name), value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		if value := left[name]; value != "" {
			different = true
			put(name, value)
		}
	}
	for name, value := range set {
		if name == "" || len(name) > MaxName || len(value) > MaxText {
			e.errs.add("labels", fmt.Sprintf("a label has a name of 1 to %d bytes and a value of at most %d", MaxName, MaxText))
			return
		}
	}
	switch {
	case !different:
	case n > MaxLabels:
		e.errs.add("labels", fmt.Sprintf("%d entries are more than %d", n, MaxLabels))
	case n == 0:
		e.fields["labels"] = nil
	default:
		e.fields["labels"] = append(object, '}')
	}
}

// memberOf is one member of an object as written; nil if it has none of that name.
func memberOf(object []byte, name string) []byte {
	for n, value := range Members(object) {
		if string(n) == name {
			return value
		}
	}
	return nil
}

// body is the old one with the members that are different, each in its place and new ones at the end.
func (e *editor) body(old []byte) []byte {
	dst := append(make([]byte, 0, len(old)+256), '{')
	for name, value := range Members(old) {
		next, different := e.fields[string(name)]
		if different {
			delete(e.fields, string(name))
			if next == nil {
				continue
			}
			value = next
		}
		dst = append(AppendString(appendComma(dst), string(name)), ':')
		dst = append(dst, value...)
	}
	for _, name := range slices.Sorted(maps.Keys(e.fields)) {
		if value := e.fields[name]; value != nil {
			dst = append(AppendString(appendComma(dst), name), ':')
			dst = append(dst, value...)
		}
	}
	return append(dst, '}')
}
