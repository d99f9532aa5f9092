package plan

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Limits of a matrix.
const (
	// MaxPlans bounds the plans of a matrix.
	MaxPlans = 50
	// MaxConnectors bounds the entries of one plan's connectors.
	MaxConnectors = 500
	// maxPerSecond keeps a second's events countable in nanoseconds.
	maxPerSecond = 1_000_000
	// maxNumber bounds every other number of a plan.
	maxNumber = 1_000_000_000_000
)

//go:embed plans.json
var embedded []byte

// EmbeddedJSON gives the data of [Embedded], as a beginning for a matrix of one's own.
func EmbeddedJSON() []byte { return append([]byte(nil), embedded...) }

// Embedded gives the matrix that an installation has which brings none: the default plan has everything, and there are
// free, starter, pro and business.
func Embedded() *Matrix {
	m, err := Load(embedded)
	if err != nil {
		panic(fmt.Sprintf("plan: the embedded matrix: %v", err))
	}
	return m
}

// Load reads a matrix: {"plans": [{…}, …]}, the cheapest first, with fields as in [Plan]. What is wrong comes back all
// at once as form.Errors.
func Load(raw []byte) (*Matrix, error) {
	var in matrixForm
	if err := form.Decode(json.RawMessage(raw), &in); err != nil {
		return nil, err
	}
	m := &Matrix{plans: make([]Plan, len(in.Plans)), byName: map[string]*Plan{}}
	for i, p := range in.Plans {
		m.plans[i] = Plan(p)
		m.byName[p.Name] = &m.plans[i]
	}
	return m, nil
}

type matrixForm struct{ Plans []planForm }

func (m *matrixForm) Form(f *form.Set) {
	form.List(f, "plans", &m.Plans, "Plans", form.Required(), form.Min(1), form.Max(MaxPlans))
}

// Validate checks what spans plans.
func (m *matrixForm) Validate() error {
	var errs form.Errors
	seen := map[string]bool{}
	for i, p := range m.Plans {
		if p.Name != "" && seen[p.Name] {
			errs.Add(fmt.Sprintf("plans.%d.name", i), "is the name of an earlier plan too")
		}
		seen[p.Name] = true
	}
	if len(m.Plans) > 0 && !seen[Default] {
		errs.Add("plans", "must hold one that is named %q: accounts that have no other have it", Default)
	}
	return errs.Err()
}

type planForm Plan

func (p *planForm) Form(f *form.Set) {
	f.Text("name", &p.Name, "Name", form.Required(),
		form.Pattern(`^[a-z][a-z0-9_-]{0,31}$`, "1 to 32 of a-z, 0-9, _ and -, a letter first"))
	f.Text("title", &p.Title, "Title", form.Max(100))
	f.Texts("connectors", &p.Connectors, "Connectors", form.Required(), form.Max(MaxConnectors),
		form.Pattern(`^(\*|(category:)?[a-z][a-z0-9_-]{0,63})$`, `a connector's kind, "category:" and a category, or "*"`))
	number := func(name string, dst *int, title string, most int) {
		f.Int(name, dst, title, form.Min(0), form.Max(most))
	}
	number(RequestsPerMinute, &p.RequestsPerMinute, "Requests per minute", 1<<30)
	number(EventsPerSecond, &p.EventsPerSecond, "Events per second", maxPerSecond)
	number(BatchEvents, &p.BatchEvents, "Events of one request", maxPerSecond)
	number(EventsPerMonth, &p.EventsPerMonth, "Events per month", maxNumber)
	f.Choice("above", &p.Above, "Above the month's events", []string{Refuse, Flag}, form.Default(Refuse))
}

// Validate checks what spans fields.
func (p *planForm) Validate() error {
	var errs form.Errors
	if p.EventsPerSecond > 0 && p.BatchEvents == 0 {
		errs.Add(BatchEvents, "is required with %s: it is what may come at once", EventsPerSecond)
	}
	if strings.TrimSpace(p.Title) == "" {
		p.Title = p.Name
	}
	return errs.Err()
}
