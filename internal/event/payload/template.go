package payload

import (
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
)

// templateProfile is the form that people write themselves: an expression whose value is an object. Its names stand in
// the template and what comes from an event is only ever a value, so an event cannot change the structure.
var templateProfile = Profile{
	Name: Template, Title: "Own template",
	Help:  `An object of your own, such as {"text": event.title, "level": event.severity_level}; see the page about expressions.`,
	Lossy: true, Open: openTemplate,
}

func openTemplate(o Options) (Writer, error) {
	if o.Template == "" {
		return nil, errors.New(`a template is needed, such as {"text": event.title}`)
	}
	value, err := expr.ParseObject(o.Template)
	if err != nil {
		return nil, fmt.Errorf("the template is wrong %w", err) // "… at line 1, column 6: …"
	}
	return func(dst []byte, r *event.Record) ([]byte, error) {
		return value.AppendJSON(dst, r, r.Link(o.PublicURL))
	}, nil
}
