package mapping

import (
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
)

// Compiled is a rule that runs. It is immutable and safe for concurrent use.
type Compiled struct {
	rule    Rule
	when    *expr.Condition // nil: always
	set     event.Changes   // what stands in the rule
	compute []computing
}

// computing is one expression of a rule.
type computing struct {
	name  string
	value *expr.Value
}

// Compile makes a rule run. Its error is form.Errors.
func Compile(r Rule) (*Compiled, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	c := &Compiled{rule: r}
	if r.When != "" {
		when, err := expr.ParseCondition(r.When)
		if err != nil {
			return nil, fmt.Errorf("when: %w", err)
		}
		c.when = when
	}
	c.set = event.Changes{Type: given(r.Set.Type), Project: given(r.Set.Project), AlertType: given(r.Set.AlertType), AddTags: r.Set.Tags, SetLabels: r.Set.Labels}
	if s, ok := event.ParseSeverity(r.Set.Severity); ok {
		c.set.Severity = &s
	}
	for _, f := range c.rule.Compute.fields() {
		if *f.source == "" {
			continue
		}
		v, err := f.parse(*f.source)
		if err != nil {
			return nil, fmt.Errorf("compute.%s: %w", f.name, err)
		}
		c.compute = append(c.compute, computing{f.name, v})
	}
	return c, nil
}

func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// For says whether the rule is about events of a dialect and, where they came to a source of its own, of that.
func (c *Compiled) For(dialect, source string) bool {
	s := c.rule.Source
	return s == AnySource || s == dialect || source != "" && s == source
}

// May says what the sender of an event may; nil functions allow everything.
type May struct {
	Type    func(eventType string) bool
	Account func(event.Account) bool
	// Limits bound a changed event.
	Limits event.Limits
}

// Outcome is what rules made of an event.
type Outcome struct {
	// Record is the event as it is now; nil when a rule dropped it.
	Record *event.Record
	// Steps are the rules that had to do with it, in their order.
	Steps []Step
}

// Step is one rule that matched, or failed.
type Step struct {
	Rule    int // its index
	Dropped bool
	Err     error // it failed and changed nothing
}

// Apply applies rules in their order. It does not touch r.
func Apply(rules []*Compiled, r *event.Record, may May) Outcome {
	o := Outcome{Record: r}
	var view *expr.View
	for i, c := range rules {
		if view == nil && (c.when != nil || len(c.compute) > 0) {
			view = expr.NewView(o.Record)
		}
		if c.when != nil {
			holds, err := c.when.MatchView(view)
			if err != nil {
				o.Steps = append(o.Steps, Step{Rule: i, Err: fmt.Errorf("when: %w", err)})
			}
			if !holds {
				continue
			}
		}
		if c.rule.Drop {
			o.Record = nil
			o.Steps = append(o.Steps, Step{Rule: i, Dropped: true})
			return o
		}
		next, err := c.change(o.Record, view, may)
		o.Steps = append(o.Steps, Step{Rule: i, Err: err})
		if err == nil && next != o.Record {
			o.Record, view = next, nil
		}
	}
	return o
}

// change makes the changed event. Its error says what is wrong for this event.
func (c *Compiled) change(r *event.Record, view *expr.View, may May) (*event.Record, error) {
	changes, account := c.set, c.rule.Set.Account
	for _, x := range c.compute {
		if err := x.into(&changes, &account, view); err != nil {
			return nil, fmt.Errorf("compute.%s: %w", x.name, err)
		}
	}
	if changes.Type != nil && *changes.Type != r.Type && may.Type != nil && !may.Type(*changes.Type) {
		return nil, fmt.Errorf("the sender may not send events of type %q", event.Clip(*changes.Type, 128))
	}
	if account != "" && account != r.Account && may.Account != nil && !may.Account(account) {
		return nil, fmt.Errorf("%q is no account below the sender's", event.Clip(string(account), event.MaxAccount))
	}
	next, err := event.Change(r, changes, may.Limits)
	if err != nil {
		return nil, fmt.Errorf("changing the event: %w", err)
	}
	if account != "" && account != r.Account {
		moved := *next
		moved.Account = account
		next = &moved
	}
	return next, nil
}

// into puts what an expression gives beside what stands in the rule.
func (x *computing) into(c *event.Changes, account *event.Account, view *expr.View) error {
	switch x.name {
	case "tags":
		tags, err := x.value.TextsView(view)
		c.AddTags = append(c.AddTags[:len(c.AddTags):len(c.AddTags)], tags...)
		return err
	case "labels":
		labels, err := x.value.TextMapView(view)
		for name, value := range c.SetLabels {
			if _, both := labels[name]; !both && labels != nil {
				labels[name] = value
			}
		}
		c.SetLabels = labels
		return err
	}
	text, err := x.value.TextView(view)
	if err != nil {
		return err
	}
	switch x.name {
	case "type":
		c.Type = &text
	case "severity":
		s, ok := event.ParseSeverity(text)
		if !ok {
			return fmt.Errorf("%q is none of %s", event.Clip(text, 64), strings.Join(event.Severities(), ", "))
		}
		c.Severity = &s
	case "project":
		c.Project = &text
	case "alert_type":
		c.AlertType = &text
	case "account":
		*account = event.Account(text)
	}
	return nil
}
