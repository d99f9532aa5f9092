package silence

import (
	"fmt"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
)

// Compiled is a silence that is asked. It is immutable and safe for concurrent use.
type Compiled struct {
	matchers     []Matcher
	where        *expr.Condition // nil: none
	integrations []string
	starts, ends time.Time
}

// Compile makes a silence that was checked.
func Compile(s Silence, starts, ends time.Time) (*Compiled, error) {
	c := &Compiled{matchers: s.Matchers, integrations: s.Integrations, starts: starts, ends: ends}
	for i := range c.matchers {
		if c.matchers[i].Field == "severity" && c.matchers[i].Op != OpGlob {
			c.matchers[i] = canonical(c.matchers[i])
		}
	}
	if s.Where != "" {
		where, err := expr.ParseCondition(s.Where)
		if err != nil {
			return nil, fmt.Errorf("where: %w", err)
		}
		c.where = where
	}
	return c, nil
}

// canonical writes severities as events have them.
func canonical(m Matcher) Matcher {
	name := func(text string) string {
		if s, ok := event.ParseSeverity(text); ok {
			return s.String()
		}
		return text
	}
	m.Value = name(m.Value)
	m.Values = slices.Clone(m.Values)
	for i := range m.Values {
		m.Values[i] = name(m.Values[i])
	}
	return m
}

// For says whether the silence is in force at a time for an event on its way to an integration.
func (c *Compiled) For(v *view, integration string, now time.Time) bool {
	return c.inForce(now) && (len(c.integrations) == 0 || slices.Contains(c.integrations, integration)) && c.matches(v)
}

// inForce says whether it is in force at a time.
func (c *Compiled) inForce(now time.Time) bool { return !now.Before(c.starts) && now.Before(c.ends) }

// Matches says whether it is about the event. An expression that cannot be evaluated for it does not hold: what nobody
// foresaw is told.
func (c *Compiled) Matches(r *event.Record) bool { return c.matches(&view{r: r}) }

func (c *Compiled) matches(v *view) bool {
	for i := range c.matchers {
		if m := &c.matchers[i]; slices.ContainsFunc(v.values(m), m.fits) == (m.Op == OpIsNot) {
			return false
		}
	}
	if c.where == nil {
		return true
	}
	holds, err := c.where.Match(v.r)
	return err == nil && holds
}

// fits compares one value; of "!=" as "=".
func (m *Matcher) fits(v string) bool {
	switch m.Op {
	case OpOneOf:
		return slices.Contains(m.Values, v)
	case OpGlob:
		return glob(m.Value, v)
	}
	return v == m.Value
}

// view is an event as many silences look at it: what one has read of it the next finds read.
type view struct {
	r    *event.Record
	read map[string][]string // by field
}

// values are what the event has of a field; an event that has nothing of it has an empty one, where it is single.
func (v *view) values(m *Matcher) []string {
	switch m.Field {
	case "type":
		return []string{v.r.Type}
	case "severity":
		return []string{v.r.Severity.String()}
	case "alert_type":
		return []string{v.r.AlertType}
	case "project":
		return []string{v.r.Project}
	case "dedup_key":
		return []string{v.r.DedupKey}
	case "account":
		return []string{string(v.r.Account)}
	}
	name := m.Field + "." + m.Name
	list, known := v.read[name]
	if !known {
		if v.read == nil {
			v.read = map[string][]string{}
		}
		list = read(v.r, m)
		v.read[name] = list
	}
	return list
}

// read reads a field of the body.
func read(r *event.Record, m *Matcher) (list []string) {
	body := func(path string) gjson.Result { return gjson.GetBytes(r.Body, path) }
	several := func(paths ...string) {
		for _, path := range paths {
			if v := body(path); v.Exists() {
				list = append(list, v.String())
			}
		}
	}
	switch m.Field {
	case "endpoint":
		return []string{body("endpoint").String()}
	case "label":
		return []string{label(r, m.Name)}
	case "rule":
		several("rule.id", "rule.name")
	case "source":
		several("source.vendor", "source.product", "source.instance")
	case "tag":
		body("tags").ForEach(func(_, v gjson.Result) bool {
			list = append(list, v.String())
			return true
		})
	case "entity":
		body("entities").ForEach(func(_, e gjson.Result) bool {
			value := e.Get("value").String()
			list = append(list, value, e.Get("type").String()+":"+value)
			return true
		})
	}
	return list
}

// label is a label's value; its name may hold whatever a path may not.
func label(r *event.Record, name string) (value string) {
	gjson.GetBytes(r.Body, "labels").ForEach(func(k, v gjson.Result) bool {
		if k.String() == name {
			value = v.String()
		}
		return k.String() != name
	})
	return value
}
