package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// parseEpoch reads a JSON number as a time.
func parseEpoch(number string) (time.Time, bool) {
	if i, err := strconv.ParseInt(number, 10, 64); err == nil {
		return EpochTime(i)
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return time.Time{}, false
	}
	return epochFloat(n)
}

// Origin is what FromEvent sets beside the envelope.
type Origin struct {
	Account  Account
	Received time.Time
	// Raw is what the sender sent, where that is not the envelope itself. The record keeps a reference to it.
	Raw []byte
	// Integration, Hops and Flags become Record.Origin, Hops and Flags (Test and Internal).
	Integration string
	Hops        uint8
	Flags       Flags
}

// FromEvent makes a record, without an ID, of an event that was decoded from another dialect or that Tocsin itself
// says. The severity is taken as it stands; a zero Time is the time of receipt. The event has to pass the same checks
// as a sender's; the error is a *ScanError or FieldErrors.
func FromEvent(e *Event, o Origin, lim Limits) (*Record, error) {
	lim = lim.orDefaults()
	r, err := Parse(appendEvent(make([]byte, 0, 512+len(e.Data)+len(e.Description)), e), o.Account, o.Received, lim)
	if err != nil {
		return nil, err
	}
	r.Raw = nil // what was rewritten here is not the sender's
	if !bytes.Equal(r.Body, o.Raw) {
		r.Raw = o.Raw
	}
	if total := len(r.Body) + len(r.Raw); total > lim.Bytes {
		return nil, FieldErrors{{Detail: fmt.Sprintf("the event with its original is %d bytes, more than %d", total, lim.Bytes)}}
	}
	r.Origin, r.Hops = o.Integration, o.Hops
	r.Flags |= o.Flags & (Test | Internal)
	return r, nil
}

// appendEvent writes the envelope in its canonical order.
func appendEvent(dst []byte, e *Event) []byte {
	dst = append(dst, '{')
	dst = appendTextField(dst, fieldType, e.Type)
	if !e.Time.IsZero() {
		dst = append(appendName(dst, fieldTime), '"')
		dst = append(e.Time.UTC().AppendFormat(dst, timeLayout), '"')
	}
	dst = appendTextField(dst, fieldSeverity, e.Severity.String())
	dst = appendTextField(dst, fieldTitle, e.Title)
	dst = appendTextField(dst, fieldDescription, e.Description)
	dst = appendTextField(dst, fieldProject, e.Project)
	dst = appendTextField(dst, fieldAlertType, e.AlertType)
	dst = appendTextField(dst, fieldDedupKey, e.DedupKey)
	dst = appendTextField(dst, fieldOrderingKey, e.OrderingKey)
	dst = appendTextField(dst, fieldIncident, e.Incident)
	dst = appendTextField(dst, fieldEndpoint, e.Endpoint)
	if e.Rule != nil {
		dst = appendTexts(appendName(dst, fieldRule), "id", e.Rule.ID, "name", e.Rule.Name)
	}
	dst = appendStrings(dst, fieldMitre, e.Mitre)
	if e.RiskScore != nil {
		dst = strconv.AppendFloat(appendName(dst, fieldRiskScore), *e.RiskScore, 'f', -1, 64)
	}
	dst = appendTextField(dst, fieldStatus, e.Status)
	dst = appendTextField(dst, fieldActor, e.Actor)
	dst = appendEntities(dst, e.Entities)
	dst = appendRawField(dst, fieldGeo, e.Geo)
	dst = appendRawField(dst, fieldNetwork, e.Network)
	dst = appendStrings(dst, fieldTags, e.Tags)
	dst = appendLabels(dst, e.Labels)
	dst = appendTextField(dst, fieldTLP, e.TLP)
	dst = appendTextField(dst, fieldURL, e.URL)
	if s := e.Source; s != nil {
		dst = appendTexts(appendName(dst, fieldSource), "vendor", s.Vendor, "product", s.Product, "instance", s.Instance, "id", s.ID)
	}
	dst = appendRawField(dst, fieldData, e.Data)
	return append(dst, '}')
}

func appendTextField(dst []byte, f field, text string) []byte {
	if text == "" {
		return dst
	}
	return AppendString(appendName(dst, f), text)
}

func appendRawField(dst []byte, f field, value json.RawMessage) []byte {
	if len(value) == 0 {
		return dst
	}
	return append(appendName(dst, f), value...)
}

// appendTexts writes an object of those pairs whose text is not empty.
func appendTexts(dst []byte, pairs ...string) []byte {
	dst = append(dst, '{')
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			dst = AppendString(appendComma(dst), pairs[i])
			dst = AppendString(append(dst, ':'), pairs[i+1])
		}
	}
	return append(dst, '}')
}

func appendStrings(dst []byte, f field, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(appendName(dst, f), '[')
	for i, text := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, text)
	}
	return append(dst, ']')
}

func appendEntities(dst []byte, list []Entity) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(appendName(dst, fieldEntities), '[')
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendTexts(dst, "type", e.Type, "value", e.Value, "role", e.Role)
		if e.Observed {
			dst = append(appendComma(dst[:len(dst)-1]), `"observed":true}`...)
		}
	}
	return append(dst, ']')
}

func appendLabels(dst []byte, labels map[string]string) []byte {
	if len(labels) == 0 {
		return dst
	}
	dst = append(appendName(dst, fieldLabels), '{')
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		dst = AppendString(appendComma(dst), name)
		dst = AppendString(append(dst, ':'), labels[name])
	}
	return append(dst, '}')
}

// decodeEvent reads a Body of any make, and says what is wrong with it.
func (r *Record) decodeEvent() (Event, error) {
	var e Event
	if err := json.Unmarshal(r.Body, &e); err != nil {
		return e, fmt.Errorf("reading the event's fields: %w", err)
	}
	e.Severity = r.Severity
	e.Time = r.Time
	return e, nil
}
