package event

import (
	"strconv"
	"strings"
)

// field numbers the envelope's fields in the order in which a rewritten event has them.
type field uint8

const (
	fieldNone field = iota
	fieldType
	fieldTime
	fieldSeverity
	fieldTitle
	fieldDescription
	fieldProject
	fieldAlertType
	fieldDedupKey
	fieldOrderingKey
	fieldIncident
	fieldEndpoint
	fieldRule
	fieldMitre
	fieldRiskScore
	fieldStatus
	fieldActor
	fieldEntities
	fieldGeo
	fieldNetwork
	fieldTags
	fieldLabels
	fieldTLP
	fieldURL
	fieldSource
	fieldData
	// Those that Tocsin gives: a sender's value of them is moved or ignored.
	fieldID
	fieldAccount
	fieldAccountParents
	fieldReceivedAt
	fieldCount
)

// fieldSpec is what one field must be.
type fieldSpec struct {
	name string
	kind byte // first byte of the wanted JSON: '"', '{', '[', '0' for a number, 0 for anything
	max  int  // bytes of a text
	deep int  // how deep the scanner notes what is below: 2 for members and elements, 3 for theirs
	// check looks into a value of the wanted kind; nil when the kind (and length) says it all.
	check func(e *FieldErrors, name string, v *view)
}

var fieldSpecs = [fieldCount]fieldSpec{
	fieldType:        {name: "type", kind: '"', max: 128},
	fieldTime:        {name: "time"},
	fieldSeverity:    {name: "severity", kind: '"', max: 64},
	fieldTitle:       {name: "title", kind: '"', max: MaxTitle},
	fieldDescription: {name: "description", kind: '"', max: MaxDescription},
	fieldProject:     {name: "project", kind: '"', max: MaxName},
	fieldAlertType:   {name: "alert_type", kind: '"', max: MaxName},
	fieldDedupKey:    {name: "dedup_key", kind: '"', max: MaxKey},
	fieldOrderingKey: {name: "ordering_key", kind: '"', max: MaxKey},
	fieldIncident:    {name: "incident", kind: '"', max: MaxKey},
	fieldEndpoint:    {name: "endpoint", kind: '"', max: MaxText},
	fieldRule:        {name: "rule", kind: '{', deep: 2, check: checkRule},
	fieldMitre:       {name: "mitre", kind: '[', deep: 2, check: checkMitre},
	fieldRiskScore:   {name: "risk_score", kind: '0', check: checkRiskScore},
	fieldStatus:      {name: "status", kind: '"', max: MaxName},
	fieldActor:       {name: "actor", kind: '"', max: MaxText},
	fieldEntities:    {name: "entities", kind: '[', deep: 3, check: checkEntities},
	fieldGeo:         {name: "geo", kind: '{'},
	fieldNetwork:     {name: "network", kind: '{'},
	fieldTags:        {name: "tags", kind: '[', deep: 2, check: checkTags},
	fieldLabels:      {name: "labels", kind: '{', deep: 2, check: checkLabels},
	fieldTLP:         {name: "tlp", kind: '"', max: MaxName},
	fieldURL:         {name: "url", kind: '"', max: MaxURL},
	fieldSource:      {name: "source", kind: '{', deep: 2, check: checkSource},
	fieldData:        {name: "data", kind: '{'},
	fieldID:          {name: "id"},
	fieldAccount:     {name: "account"},
	fieldReceivedAt:  {name: "received_at"},

	fieldAccountParents: {name: "account_parents"},
}

// fieldOf finds a field by its exact name. The switch is on the hot path: the compiler makes it a few comparisons.
func fieldOf(name []byte) field {
	switch string(name) {
	case "type":
		return fieldType
	case "time":
		return fieldTime
	case "severity":
		return fieldSeverity
	case "title":
		return fieldTitle
	case "description":
		return fieldDescription
	case "project":
		return fieldProject
	case "alert_type":
		return fieldAlertType
	case "dedup_key":
		return fieldDedupKey
	case "ordering_key":
		return fieldOrderingKey
	case "incident":
		return fieldIncident
	case "endpoint":
		return fieldEndpoint
	case "rule":
		return fieldRule
	case "mitre":
		return fieldMitre
	case "risk_score":
		return fieldRiskScore
	case "status":
		return fieldStatus
	case "actor":
		return fieldActor
	case "entities":
		return fieldEntities
	case "geo":
		return fieldGeo
	case "network":
		return fieldNetwork
	case "tags":
		return fieldTags
	case "labels":
		return fieldLabels
	case "tlp":
		return fieldTLP
	case "url":
		return fieldURL
	case "source":
		return fieldSource
	case "data":
		return fieldData
	case "id":
		return fieldID
	case "account":
		return fieldAccount
	case "account_parents":
		return fieldAccountParents
	case "received_at":
		return fieldReceivedAt
	}
	return fieldNone
}

// foldedField finds a field whose name differs from name only in letter case, as a careless JSON reader compares: such
// a reader would take the look-alike for the field itself.
func foldedField(name []byte) field {
	for f := fieldType; f < fieldCount; f++ {
		if foldsTo(name, fieldSpecs[f].name) {
			return f
		}
	}
	return fieldNone
}

// FieldError is one thing that is wrong with one field.
type FieldError struct {
	// Field is the field's path in the event, such as "entities[2].value"; empty for the event as a whole.
	Field  string
	Detail string
}

func (e FieldError) Error() string {
	if e.Field == "" {
		return e.Detail
	}
	return e.Field + ": " + e.Detail
}

// MaxFieldErrors is how many errors of one event are told; what is beyond is not looked for.
const MaxFieldErrors = 8

// FieldErrors is everything that is wrong with an event that is well-formed JSON.
type FieldErrors []FieldError

func (e FieldErrors) Error() string {
	texts := make([]string, len(e))
	for i, f := range e {
		texts[i] = f.Error()
	}
	return strings.Join(texts, "; ")
}

func (e *FieldErrors) add(field, detail string) {
	if len(*e) < MaxFieldErrors {
		*e = append(*e, FieldError{Field: field, Detail: detail})
	}
}

// want notes that a value is not of the wanted kind.
func (e *FieldErrors) want(field, wanted string, value []byte) {
	e.add(field, "want "+wanted+", got "+kindName(value[0]))
}

// text checks that value is a string of at least least and at most most bytes.
func (e *FieldErrors) text(field string, value []byte, least, most int) bool {
	if value[0] != '"' {
		e.want(field, "a string", value)
		return false
	}
	if n := len(value) - 2; n <= most && n >= least {
		return true
	}
	switch n := len(plain(value[1 : len(value)-1])); { // escapes make the written form longer
	case n > most:
		e.add(field, tooLong(n, most))
	case n < least:
		e.add(field, "must not be empty")
	default:
		return true
	}
	return false
}

func tooLong(n, most int) string {
	return strconv.Itoa(n) + " bytes are more than " + strconv.Itoa(most)
}
