package event

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Event parses the record's Body. Severity and time are the record's own. Nothing in the result points into the record.
//
// It reads what the parser wrote (or found good), which is faster than reading JSON of unknown make; a body of another
// make, which only tests have, is an error where encoding/json would say so too.
func (r *Record) Event() (Event, error) {
	e, ok := r.read()
	if !ok {
		return r.decodeEvent()
	}
	e.Severity = r.Severity
	e.Time = r.Time
	return e, nil
}

// read reads a body that has the shape of an event; false leaves it to somebody who can say what is wrong with it.
func (r *Record) read() (e Event, ok bool) {
	p := parsers.Get().(*Parser)
	defer parsers.Put(p)
	defer p.End()
	p.scan.lim = Limits{Depth: MaxDepth, Keys: MaxRecordBytes, StringBytes: MaxRecordBytes, Bytes: MaxRecordBytes}
	start, end, err := p.scan.scan(r.Body, 0)
	if err != nil || r.Body[start] != '{' || end != len(r.Body) {
		return e, false
	}
	for i := range p.scan.members {
		m := &p.scan.members[i]
		if m.field != fieldNone && !e.set(m.field, m.value(r.Body)) {
			return e, false
		}
	}
	return e, true
}

// set takes the value of one field.
func (e *Event) set(f field, v []byte) bool {
	if v[0] == 'n' {
		return true // null is the same as absent
	}
	if want := fieldSpecs[f].kind; want != 0 && v[0] != want && (want != '0' || v[0] != '-' && !isDigit(v[0])) {
		return false
	}
	switch f {
	case fieldRule:
		e.Rule = &Rule{}
		return texts(v, "id", &e.Rule.ID, "name", &e.Rule.Name)
	case fieldSource:
		e.Source = &Source{}
		return texts(v, "vendor", &e.Source.Vendor, "product", &e.Source.Product) &&
			texts(v, "instance", &e.Source.Instance, "id", &e.Source.ID)
	case fieldMitre:
		return list(v, &e.Mitre)
	case fieldTags:
		return list(v, &e.Tags)
	case fieldLabels:
		return labels(v, &e.Labels)
	case fieldEntities:
		return entityList(v, &e.Entities)
	case fieldRiskScore:
		score, err := strconv.ParseFloat(stringOf(v), 64)
		e.RiskScore = &score
		return err == nil
	case fieldGeo:
		e.Geo = clone(v)
	case fieldNetwork:
		e.Network = clone(v)
	case fieldData:
		e.Data = clone(v)
	default:
		if place := e.textOf(f); place != nil {
			*place = textOf(v)
		}
	}
	return true
}

// textOf is the place of a field that is a text; nil for the others.
func (e *Event) textOf(f field) *string {
	switch f {
	case fieldType:
		return &e.Type
	case fieldTitle:
		return &e.Title
	case fieldDescription:
		return &e.Description
	case fieldProject:
		return &e.Project
	case fieldAlertType:
		return &e.AlertType
	case fieldDedupKey:
		return &e.DedupKey
	case fieldOrderingKey:
		return &e.OrderingKey
	case fieldIncident:
		return &e.Incident
	case fieldEndpoint:
		return &e.Endpoint
	case fieldStatus:
		return &e.Status
	case fieldActor:
		return &e.Actor
	case fieldTLP:
		return &e.TLP
	case fieldURL:
		return &e.URL
	}
	return nil
}

func clone(v []byte) json.RawMessage { return append(json.RawMessage(nil), v...) }

// textOf is the text of a checked string with its quotes.
func textOf(v []byte) string { return string(plain(v[1 : len(v)-1])) }

// texts takes those members of an object that are named.
func texts(object []byte, name1 string, place1 *string, name2 string, place2 *string) bool {
	w := walk(object)
	for {
		name, value, ok := w.member()
		if !ok {
			return true
		}
		place := place1
		switch string(plain(name)) {
		case name1:
		case name2:
			place = place2
		default:
			continue
		}
		switch value[0] {
		case '"':
			*place = textOf(value)
		case 'n':
		default:
			return false
		}
	}
}

// element gives the next element of a list.
func (w *walker) element() ([]byte, bool) {
	if !w.more() {
		return nil, false
	}
	start := w.i
	w.i = skipValue(w.b, w.i)
	return w.b[start:w.i], true
}

// list takes a list of texts.
func list(v []byte, place *[]string) bool {
	*place = make([]string, 0, 4)
	w := walk(v)
	for {
		value, ok := w.element()
		if !ok {
			return true
		}
		if value[0] != '"' {
			return false
		}
		*place = append(*place, textOf(value))
	}
}

func labels(v []byte, place *map[string]string) bool {
	*place = map[string]string{}
	w := walk(v)
	for {
		name, value, ok := w.member()
		if !ok {
			return true
		}
		if value[0] != '"' {
			return false
		}
		(*place)[string(plain(name))] = textOf(value)
	}
}

func entityList(v []byte, place *[]Entity) bool {
	*place = make([]Entity, 0, 4)
	w := walk(v)
	for {
		value, ok := w.element()
		if !ok {
			return true
		}
		var e Entity
		if value[0] != '{' || !e.read(value) {
			return false
		}
		*place = append(*place, e)
	}
}

// entityWords are types and roles that need not be copied each time.
var entityWords = func() map[string]string {
	words := map[string]string{}
	for _, w := range strings.Fields("ip user host domain url hash email process file container pod namespace resource source target actor related") {
		words[w] = w
	}
	return words
}()

func word(v []byte) string {
	raw := plain(v[1 : len(v)-1])
	if w, known := entityWords[string(raw)]; known {
		return w
	}
	return string(raw)
}

func (e *Entity) read(v []byte) bool {
	w := walk(v)
	for {
		name, value, ok := w.member()
		if !ok {
			return true
		}
		known, text := true, value[0] == '"'
		switch string(plain(name)) {
		case "type":
			if text {
				e.Type = word(value)
			}
		case "value":
			if text {
				e.Value = textOf(value)
			}
		case "role":
			if text {
				e.Role = word(value)
			}
		case "observed":
			e.Observed = value[0] == 't'
			text = value[0] == 't' || value[0] == 'f'
		default:
			known = false
		}
		if known && !text && value[0] != 'n' {
			return false
		}
	}
}
