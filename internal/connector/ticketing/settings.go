package ticketing

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Rule says how a field is kept in step.
type Rule string

// The rules. The first three go both ways and say who wins when both sides changed since they last agreed.
const (
	Newest Rule = "newest"
	Tocsin Rule = "tocsin"
	Vendor Rule = "vendor"
	Out    Rule = "out" // from Tocsin to the ticket alone
	In     Rule = "in"  // from the ticket to Tocsin alone
	Off    Rule = "off"
)

func rules() []string {
	return []string{string(Newest), string(Tocsin), string(Vendor), string(Out), string(In), string(Off)}
}

// The values of Settings.Per.
const (
	PerAuto     = "auto"
	PerIncident = "incident"
	PerAlert    = "alert"
)

// The values of Settings.WhenDeleted.
const (
	Stop     = "stop"
	Recreate = "recreate"
)

// Limits and defaults of the settings.
const (
	defaultPoll = 3 * time.Minute
	minPoll     = time.Minute
	maxPoll     = time.Hour
	maxFields   = 50
	maxPeople   = 500
	maxLabels   = 20
	maxLabel    = 100 // bytes
	maxField    = 200 // bytes of a field's name
)

// Settings are the part of a ticket connector's settings that is about keeping in step. A connector embeds it, calls Fields
// from its Form and Check from its Validate.
type Settings struct {
	Per         string
	Labels      []string
	Levels      connector.Levels
	Custom      []Field
	Status      string // the rules
	Assignee    string
	Severity    string
	Comments    string
	ChangeNotes bool
	WhenDeleted string
	Attach      bool
	Poll        time.Duration
	People      []Person
}

// Field is a field of the ticket that people have added, and what goes into it.
type Field struct{ Name, Value string }

// Person says who somebody at the vendor is here.
type Person struct{ ID, Email string }

// Form declares the fields of an item.
func (c *Field) Form(f *form.Set) {
	f.Text("name", &c.Name, "Field", form.Required(), form.Max(maxField), form.Help("As it is called on the ticket."))
	f.Text("value", &c.Value, "Value", form.Required(), form.Max(expr.MaxSource), form.Placeholder("event.risk_score"),
		form.Help("A CEL expression about the event. In quotes it is a fixed text."))
}

// Form declares the fields of an item.
func (p *Person) Form(f *form.Set) {
	f.Text("id", &p.ID, "Their id", form.Required(), form.Max(200))
	f.Text("email", &p.Email, "E-mail address", form.Required(), form.Max(254), form.Pattern(`^[^@\s]+@[^@\s]+$`, "an e-mail address"))
}

// Fields declares the settings; s.Levels holds the vendor's words, and vendor is its name for people.
func (s *Settings) Fields(f *form.Set, vendor string) {
	f.Choice("per", &s.Per, "A ticket for each", []string{PerAuto, PerIncident, PerAlert}, form.Default(PerAuto), form.Group("Tickets"),
		form.Help("auto: incident or alert, whatever the event is about; an alert that belongs to an incident with a ticket gets none of its own. "+
			"incident: incidents alone. alert: everything but incidents. Which events get here at all, and from which severity on, the subscription says."))
	f.Texts("labels", &s.Labels, "Labels", form.Max(maxLabels), form.Group("Tickets"), form.Check(checkLabel),
		form.Help("Beside \""+Label+"\" and a mark that names what the ticket is about, which are always there."))
	s.Levels.Fields(f, "priority", "Priority", vendor+"'s word for each severity.")
	form.List(f, "fields", &s.Custom, "Custom fields", form.Max(maxFields), form.Key("name"), form.Group("Mapping"),
		form.Help("Fields of the ticket that your "+vendor+" has beside its own, and what goes into them."))
	f.Object("sync", (*syncForm)(s), "Kept in step", form.Group("Both ways"))
	form.List(f, "people", &s.People, "People", form.Max(maxPeople), form.Key("id"), form.Group("Both ways"), form.Advanced(),
		form.Help("Who somebody is here, where "+vendor+" does not show their e-mail address."))
	f.Choice("when_deleted", &s.WhenDeleted, "When a ticket was deleted", []string{Stop, Recreate}, form.Default(Stop),
		form.Group("Tickets"), form.Advanced(), form.Help("stop: nothing more is said about its subject. recreate: the next change opens another."))
	f.Bool("attach_event", &s.Attach, "Attach the event", form.Group("Tickets"), form.Advanced(), form.Help("The first event goes with the ticket as a JSON file."))
	f.Duration("poll_interval", &s.Poll, "Time between two looks", form.Default(defaultPoll), form.Min(minPoll), form.Max(maxPoll),
		form.Group("Both ways"), form.Advanced(), form.Help("How often "+vendor+" is asked what changed, because calls get lost."))
}

// syncForm declares the object "sync".
type syncForm Settings

// Form declares a rule for each field.
func (s *syncForm) Form(f *form.Set) {
	help := form.Help("newest, tocsin, vendor: both ways; when both sides changed, who wins. out, in: one way alone. off: left alone.")
	f.Choice("status", &s.Status, "Status", rules(), form.Default(string(Newest)), help)
	f.Choice("assignee", &s.Assignee, "Assignee", rules(), form.Default(string(Newest)))
	f.Choice("severity", &s.Severity, "Severity", rules(), form.Default(string(Tocsin)))
	f.Choice("comments", &s.Comments, "Comments", rules(), form.Default(string(Newest)), form.Help("There is nothing to win: newest, tocsin and vendor are the same."))
	f.Bool("changes", &s.ChangeNotes, "Changes as comments", form.Default(true), form.Help("Says on the ticket who acknowledged, resolved or reopened."))
}

// Check reports what spans the settings, and expressions that do not compile.
func (s *Settings) Check(errs *form.Errors) {
	for i, c := range s.Custom {
		if _, err := compileField(c.Value); err != nil {
			errs.Add(fmt.Sprintf("fields.%d.value", i), "%v", err)
		}
	}
}

func checkLabel(label string) error {
	if len(label) > maxLabel || strings.ContainsAny(label, " \t\r\n,\"") {
		return fmt.Errorf("must be at most %d characters without spaces, commas and quotes", maxLabel)
	}
	return nil
}

// compileField compiles the value of a field, which may be of any type: it becomes the member of an object.
func compileField(source string) (*expr.Value, error) {
	return expr.ParseObject("{\"v\": (" + source + "\n)}")
}

// fieldValues evaluates the custom fields; link is event.link. What fails is left out, and named.
func fieldValues(custom []Field, r *event.Record, link string) (values []FieldValue, failed []string) {
	for _, c := range custom {
		v, err := compileField(c.Value)
		var raw []byte
		if err == nil {
			raw, err = v.AppendJSON(nil, r, link)
		}
		var o struct{ V json.RawMessage }
		if err == nil {
			err = json.Unmarshal(raw, &o)
		}
		if err != nil {
			failed = append(failed, fmt.Sprintf("field %q: %v", c.Name, err))
			continue
		}
		values = append(values, FieldValue{c.Name, o.V})
	}
	return values, failed
}

// rule gives the rule of a field.
func (s *Settings) rule(name string) Rule {
	switch name {
	case fieldStatus:
		return Rule(s.Status)
	case fieldAssignee:
		return Rule(s.Assignee)
	case fieldSeverity:
		return Rule(s.Severity)
	}
	return Rule(s.Comments)
}

func (r Rule) out() bool { return r != In && r != Off }
func (r Rule) in() bool  { return r != Out && r != Off }
