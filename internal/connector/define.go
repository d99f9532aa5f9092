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
	Category     string // "webhook", "siem", "chat", "paging", "ticketing", "testing", CategoryResponse, …
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
	// Place are the settings of a responder that say where its entries are. They stay as they are while it holds some: what
	// is ours there would be anybody's at another place, and what is another's there would be taken for ours.
	Place []string
}

// CategoryResponse is the category of kinds that are responders alone.
const CategoryResponse = "response"

// The groups of settings, as people look for them.
const (
	GroupResponse      = "response_actions"
	GroupExport        = "data_export"
	GroupNotifications = "notifications"
	GroupTicketing     = "ticketing"
	GroupTesting       = "testing"
)

// Groups lists them in the order in which they are shown.
func Groups() []string {
	return []string{GroupResponse, GroupExport, GroupNotifications, GroupTicketing, GroupTesting}
}

// Group is where people look for the kind. It follows from the category; one that is not known here takes data out.
func (k Kind) Group() string {
	switch k.Category {
	case CategoryResponse:
		return GroupResponse
	case "chat", "paging", "email":
		return GroupNotifications
	case "ticketing":
		return GroupTicketing
	case "testing":
		return GroupTesting
	}
	return GroupExport
}

// Instance is an opened connector. It implements at least one of Sender, BatchSender and Blocker.
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
	// Blocks: an integration of the kind is a responder (see Blocker).
	Blocks bool

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
	_, d.Blocks = any(c).(Blocker)
	if !d.Sends() && !d.Blocks {
		panic(fmt.Sprintf("connector %s: %T is neither a Sender nor a BatchSender nor a Blocker", kind.Name, c))
	}
	return d
}

// Sends says whether integrations of the kind receive events. One that does not is a responder alone: it has no subscription
// and no deliveries.
func (d Definition) Sends() bool { return d.Single || d.Batch }

// Responds says whether integrations of the kind are responders and nothing else. A kind that is not known (the zero
// Definition) is none.
func (d Definition) Responds() bool { return d.Blocks && !d.Sends() }

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
