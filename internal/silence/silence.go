// Package silence keeps what nobody wants to be told of for a time: while a silence is in force, the deliveries that it
// matches are left out. It hides nothing: events stay in the journal and among the alerts.
//
// A [Silence] is what people write; [Service] keeps the rows and answers, from memory, whether one is in force for an
// event. A silence is for the integrations of its own account: those of accounts below have silences of their own.
package silence

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Limits.
const (
	// MaxOpen is how many silences of an account may be active or pending.
	MaxOpen = 500
	// MaxLength bounds how long a silence lasts.
	MaxLength = 366 * 24 * time.Hour
	// MaxAhead bounds how far ahead one begins.
	MaxAhead = 366 * 24 * time.Hour
	// MaxMatchers bounds the matchers of a silence, MaxValues the values of a matcher, MaxValue each, in bytes.
	MaxMatchers = 20
	MaxValues   = 100
	MaxValue    = 1 << 10
	// MaxReason bounds the reason, in bytes.
	MaxReason = 1000
	// MaxIntegrations bounds the list of those that a silence is for.
	MaxIntegrations = 100
	// KeepExpired is how long a silence that has ended can be looked up.
	KeepExpired = 30 * 24 * time.Hour
)

// Errors that callers match with errors.Is.
var (
	ErrNotFound = errors.New("there is no such silence in this account")
	// ErrVersion: the silence is not at the version that the caller has seen.
	ErrVersion = errors.New("the silence has changed since it was read")
	// ErrFull: the account has MaxOpen silences that have not ended.
	ErrFull = errors.New("the account has as many silences as it may have")
	// ErrEnded: what has ended is not changed any more.
	ErrEnded = errors.New("the silence has ended: make a new one")
)

// State says where a silence stands.
type State string

// The states.
const (
	Pending State = "pending"
	Active  State = "active"
	Expired State = "expired"
)

// StateAt is the state of a silence between two times.
func StateAt(starts, ends, now time.Time) State {
	switch {
	case !now.Before(ends):
		return Expired
	case now.Before(starts):
		return Pending
	}
	return Active
}

// Silence is what people write. All matchers, and Where, must hold for an event.
type Silence struct {
	Matchers     []Matcher `json:"matchers"`
	Where        string    `json:"where"`
	Integrations []string  `json:"integrations"` // textual ids; none: all
	Reason       string    `json:"reason"`
	StartsAt     string    `json:"starts_at"` // RFC 3339; empty: now
	EndsAt       string    `json:"ends_at"`
}

// Form declares a silence.
func (s *Silence) Form(f *form.Set) {
	form.List(f, "matchers", &s.Matchers, "Matchers", form.Max(MaxMatchers), form.Help("All of them must hold."))
	f.Text("where", &s.Where, "Condition", form.Max(expr.MaxSource), form.Multiline(), form.Check(checkWhere),
		form.Help("An expression that must hold as well."))
	f.Texts("integrations", &s.Integrations, "Integrations", form.Max(MaxIntegrations), form.Check(checkIntegration),
		form.Help("Those that it is for; none: all of the account."))
	f.Text("reason", &s.Reason, "Reason", form.Max(MaxReason), form.Check(checkLine), form.Help("Why, for people."))
	f.Text("starts_at", &s.StartsAt, "Begins", form.Check(checkTime), form.Help("When it begins; now if left out."))
	f.Text("ends_at", &s.EndsAt, "Ends", form.Required(), form.Check(checkTime), form.Help("When it ends, at most a year later."))
}

// Validate checks what spans several fields.
func (s *Silence) Validate() error {
	var errs form.Errors
	if len(s.Matchers) == 0 && strings.TrimSpace(s.Where) == "" {
		errs.Add("where", "or matchers must say what is silenced")
	}
	return errs.Err()
}

func checkWhere(source string) error {
	_, err := expr.ParseCondition(source)
	return err
}

func checkIntegration(text string) error {
	_, err := event.ParseID(event.PrefixIntegration, text)
	return err
}

func checkTime(text string) error {
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return fmt.Errorf("%q is not a time such as 2026-11-20T22:00:00Z", text)
	}
	return nil
}

// The operators of a matcher.
const (
	OpIs    = "="
	OpIsNot = "!="
	OpOneOf = "one_of"
	OpGlob  = "glob"
)

// Fields are what matchers look at.
func Fields() []string {
	return []string{"type", "severity", "alert_type", "project", "rule", "source", "entity", "tag", "label", "dedup_key", "endpoint", "account"}
}

// Matcher compares one field of an event. Where an event has several values (entities, tags), one of them is enough; "!="
// holds if none of them is the value, and for an event that has none.
type Matcher struct {
	Field string `json:"field"`
	// Name is the label's.
	Name   string   `json:"name,omitempty"`
	Op     string   `json:"op"`
	Value  string   `json:"value,omitempty"`
	Values []string `json:"values,omitempty"` // of one_of
}

// Form declares a matcher.
func (m *Matcher) Form(f *form.Set) {
	f.Choice("field", &m.Field, "Field", Fields(), form.Required())
	f.Text("name", &m.Name, "Label", form.Max(event.MaxName), form.Check(checkLine), form.Help("The label's name, for field label."))
	f.Choice("op", &m.Op, "Operator", []string{OpIs, OpIsNot, OpOneOf, OpGlob}, form.Default(OpIs),
		form.Help("glob: * stands for any text, ? for one character."))
	f.Text("value", &m.Value, "Value", form.Max(MaxValue), form.Check(checkLine))
	f.Texts("values", &m.Values, "Values", form.Max(MaxValues), form.Help("Of one_of."), form.Check(checkValue))
}

func checkValue(text string) error {
	if len(text) > MaxValue {
		return fmt.Errorf("has %d bytes, more than %d", len(text), MaxValue)
	}
	return checkLine(text)
}

// checkLine refuses what people cannot see.
func checkLine(text string) error {
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("must be one line of characters that can be seen; %U is not one (where can compare such)", r)
		}
	}
	return nil
}

// Validate checks what spans several fields.
func (m *Matcher) Validate() error {
	var errs form.Errors
	switch {
	case m.Op == OpOneOf && len(m.Values) == 0:
		errs.Add("values", "must name at least one for one_of")
	case m.Op == OpOneOf && m.Value != "":
		errs.Add("value", "goes without one_of: put it into values")
	case m.Op != OpOneOf && len(m.Values) > 0:
		errs.Add("values", "goes with one_of only")
	case m.Op == OpGlob && m.Value == "":
		errs.Add("value", "is required for glob")
	}
	switch {
	case m.Field == "label" && m.Name == "":
		errs.Add("name", "must name the label")
	case m.Field != "label" && m.Name != "":
		errs.Add("name", "goes with field label only")
	}
	if m.Field == "severity" {
		for _, v := range m.wanted() {
			if _, ok := event.ParseSeverity(v); !ok && m.Op != OpGlob {
				errs.Add("value", "%q is no severity: want one of %s", event.Clip(v, 64), strings.Join(event.Severities(), ", "))
			}
		}
	}
	return errs.Err()
}

// wanted are the values that the matcher names.
func (m *Matcher) wanted() []string {
	if m.Op == OpOneOf {
		return m.Values
	}
	return []string{m.Value}
}

// String is the matcher for people.
func (m Matcher) String() string {
	field := m.Field
	if m.Name != "" {
		field += "." + m.Name
	}
	if m.Op == OpOneOf {
		return field + " in " + strings.Join(m.Values, "|")
	}
	op := m.Op
	if op == OpGlob {
		op = "~"
	}
	return field + op + strings.Map(seen, m.Value)
}

func seen(r rune) rune {
	if unicode.IsControl(r) {
		return '\ufffd'
	}
	return r
}

// glob says whether a text fits a pattern. It takes at most as many steps as the text is long, times the pattern.
func glob(pattern, text string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(text) {
		_, n := utf8.DecodeRuneInString(text[j:])
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && pattern[i] == '?':
			i++
			j += n
		case i < len(pattern) && pattern[i] == text[j]:
			i++
			j++
		case star >= 0:
			_, n := utf8.DecodeRuneInString(text[mark:])
			mark += n
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}
