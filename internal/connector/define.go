package connector

import (
	"encoding/json"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Kind describes a connector to people: the catalogue, the console and the docs read it.
type Kind struct {
	Name         string // "webhook": lower case, stable for ever
	Title        string // "Webhook"
	Summary      string // one sentence
	Category     string // "webhook", "siem", "chat", "paging", "ticketing", "testing", …
	Auth         string // how it authenticates, one sentence
	Retry        string // how it retries and deduplicates, one sentence
	Ownership    string // whose the payload is and what it holds, one sentence
	DocsURL      string // the vendor's own page
	Readme       string // the folder's README.md, embedded
	OrderedByKey bool   // the default of delivery.order: true for pagers and tickets
	// ConfirmsDelivery: false when the vendor's success only means "accepted". An instance may say otherwise: see Grader.
	ConfirmsDelivery bool
	// DefaultRate is the default of delivery.rate.per_second, for a vendor that is known to allow no more; 0: no limit.
	DefaultRate float64
}

// Instance is an opened connector. It implements at least one of Sender and BatchSender.
type Instance any

// Definition is one entry of the catalogue.
type Definition struct {
	Kind Kind
	// Single and Batch say which engines an instance may use; both may be true (settings decide, see Engine).
	Single, Batch, Tests bool
	// Grades: settings decide how sure a success is (see Grader).
	Grades bool
	// CallsBack: the vendor may call (see Callback). Reconciles: its side is looked at from time to time (see Reconciler).
	CallsBack, Reconciles bool
	// Digests: settings may ask for digests (see Digester).
	Digests bool

	newSettings func() form.Form
	open        func(form.Form, Env) (Instance, error)
}

// EngineChooser is implemented by an instance whose settings choose between its two engines.
type EngineChooser interface {
	// UsesBatch says whether this instance wants SendBatch.
	UsesBatch() bool
}

// Batcher is implemented by a batch instance that has its own view of a good batch.
type Batcher interface {
	// BatchLimits gives the most events and bytes of one request; 0 leaves the hub's default.
	BatchLimits() (events, bytes int)
}

// Define makes a catalogue entry. Settings and the capabilities are inferred from open.
func Define[S any, P interface {
	*S
	form.Form
}, C any](kind Kind, open func(*S, Env) (C, error)) Definition {
	var c C
	d := Definition{
		Kind:        kind,
		newSettings: func() form.Form { return P(new(S)) },
		open: func(f form.Form, env Env) (Instance, error) {
			return open((*S)(f.(P)), env)
		},
	}
	_, d.Single = any(c).(Sender)
	_, d.Batch = any(c).(BatchSender)
	_, d.Tests = any(c).(Tester)
	_, d.Grades = any(c).(Grader)
	_, d.CallsBack = any(c).(Callback)
	_, d.Reconciles = any(c).(Reconciler)
	_, d.Digests = any(c).(Digester)
	if !d.Single && !d.Batch {
		panic(fmt.Sprintf("connector %s: %T is neither a Sender nor a BatchSender", kind.Name, c))
	}
	return d
}

// Settings gives an empty settings value, for its schema, docs and secrets.
func (d Definition) Settings() form.Form { return d.newSettings() }

// Open decodes raw settings (with their secrets in place) and opens an instance. A settings error is a form.Errors.
func (d Definition) Open(raw json.RawMessage, env Env) (Instance, error) {
	f := d.newSettings()
	if err := form.Decode(raw, f); err != nil {
		return nil, err
	}
	inst, err := d.open(f, env)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", d.Kind.Name, err)
	}
	return inst, nil
}

// Catalogue is the set of known connectors, by kind.
type Catalogue map[string]Definition

// NewCatalogue indexes definitions and refuses a kind that is defined twice.
func NewCatalogue(defs ...Definition) Catalogue {
	c := make(Catalogue, len(defs))
	for _, d := range defs {
		if _, dup := c[d.Kind.Name]; dup {
			panic("connector kind defined twice: " + d.Kind.Name)
		}
		c[d.Kind.Name] = d
	}
	return c
}
