package connector

import (
	"encoding/json"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Policy is the "delivery" part of an integration: how its deliveries are made, whatever the vendor.
type Policy struct {
	// Order is OrderByKey or OrderNone.
	Order string
	// Concurrency is the most requests in flight.
	Concurrency int
	// Timeout bounds one attempt as a whole; 0 leaves it to the connector's own timeouts.
	Timeout time.Duration
	// PerSecond limits requests; 0 is no limit.
	PerSecond float64
	// BatchEvents, BatchBytes and BatchWait bound one request of the batch engine; 0 leaves each to the connector.
	BatchEvents int
	BatchBytes  int
	BatchWait   time.Duration
	// Schedule is the delay before each attempt; Schedule[0] is that before the first. After the last: the mailbox.
	Schedule []time.Duration
	// MaxAge bounds how long a delivery may be tried or throttled, counted from its first try.
	MaxAge time.Duration
	// Noise is what is held back.
	Noise Noise
}

// The values of Policy.Order: never two deliveries of one ordering key in flight, or no care.
const (
	OrderByKey = "by_key"
	OrderNone  = "none"
)

// Limits of a Policy.
const (
	// MaxConcurrency bounds requests in flight per integration.
	MaxConcurrency = 256
	// MaxScheduleSteps bounds the attempts of one delivery.
	MaxScheduleSteps = 50
	// MaxRetryDelay bounds one step of the schedule.
	MaxRetryDelay = 7 * 24 * time.Hour
	// MaxDeliveryTimeout bounds one attempt.
	MaxDeliveryTimeout = 10 * time.Minute
	// MaxBatchEvents bounds the events of one request.
	MaxBatchEvents = 10_000
	// MaxBatchBytes bounds the bytes of one request, before compression.
	MaxBatchBytes = 16 << 20
	// MaxBatchWait bounds how long a batch may wait to fill.
	MaxBatchWait = 5 * time.Minute

	defaultConcurrency = 32
	defaultMaxAge      = MaxRetryDelay
)

// DefaultSchedule is the retry schedule of Standard Webhooks 1.0.0: ten attempts over 75 hours. It is a function so that
// nobody can change it.
func DefaultSchedule() []time.Duration {
	return []time.Duration{
		0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
		14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
}

// ParsePolicy reads the "delivery" object of an integration of that kind. Errors are form.Errors.
func ParsePolicy(raw json.RawMessage, kind Kind) (Policy, error) {
	f := NewPolicyForm(kind)
	err := form.Decode(raw, f)
	return f.Policy(), err
}

// PolicyForm declares the "delivery" object.
type PolicyForm struct {
	policy       Policy
	orderDefault string
	rate         rateForm
	batch        policyBatchForm
	retry        retryForm
	noise        noiseForm
}

// NewPolicyForm is the form with the defaults of a kind.
func NewPolicyForm(kind Kind) *PolicyForm {
	order := OrderNone
	if kind.OrderedByKey {
		order = OrderByKey
	}
	return &PolicyForm{orderDefault: order, rate: rateForm{def: kind.DefaultRate}}
}

// Form declares the settings.
func (p *PolicyForm) Form(f *form.Set) {
	f.Choice("order", &p.policy.Order, "Order", []string{OrderByKey, OrderNone}, form.Default(p.orderDefault),
		form.Help("by_key: deliveries of one ordering key (incident or dedup key) go one after the other."))
	f.Int("concurrency", &p.policy.Concurrency, "Concurrent requests", form.Default(defaultConcurrency),
		form.Min(1), form.Max(MaxConcurrency), form.Help("The most requests in flight at once."))
	f.Duration("timeout", &p.policy.Timeout, "Attempt timeout", form.Max(MaxDeliveryTimeout),
		form.Help("Bounds one attempt as a whole; 0 leaves it to the connector's own timeouts."))
	f.Object("rate", &p.rate, "Rate limit")
	f.Object("batch", &p.batch, "Batches", form.Help("Narrows the connector's own batch settings."))
	f.Object("retry", &p.retry, "Retries")
	f.Object("noise", &p.noise, "Noise control", form.Help("What is held back: repeats, what comes in quiet hours, what is one message with others."))
}

// Policy is what was decoded.
func (p *PolicyForm) Policy() Policy {
	out := p.policy
	out.PerSecond = p.rate.perSecond
	out.BatchEvents, out.BatchBytes, out.BatchWait = p.batch.events, int(p.batch.bytes), p.batch.wait
	out.Schedule, out.MaxAge = p.retry.schedule, p.retry.maxAge
	out.Noise = p.noise.noise()
	return out
}

type rateForm struct {
	perSecond float64
	def       float64
}

func (r *rateForm) Form(f *form.Set) {
	opts := []form.Option{form.Min(0.0), form.Max(100_000.0), form.Help("0: no limit.")}
	if r.def > 0 {
		opts = append(opts, form.Default(r.def))
	}
	f.Float("per_second", &r.perSecond, "Requests per second", opts...)
}

type policyBatchForm struct {
	events int
	bytes  form.Size
	wait   time.Duration
}

func (b *policyBatchForm) Form(f *form.Set) {
	f.Int("max_events", &b.events, "Most events", form.Min(0), form.Max(MaxBatchEvents))
	f.Size("max_bytes", &b.bytes, "Most bytes", form.Max(form.Size(MaxBatchBytes)), form.Help("Before compression."))
	f.Duration("max_wait", &b.wait, "Longest wait", form.Max(MaxBatchWait))
}

type retryForm struct {
	schedule []time.Duration
	maxAge   time.Duration
}

func (r *retryForm) Form(f *form.Set) {
	f.Durations("schedule", &r.schedule, "Schedule", form.Default(DefaultSchedule()), form.Max(MaxScheduleSteps),
		form.Help("The delay before each attempt, the first included; after the last one the delivery is in the mailbox."))
	f.Duration("max_age", &r.maxAge, "Longest age", form.Default(defaultMaxAge), form.Max(30*24*time.Hour),
		form.Help("How long a delivery may be tried, or held back by throttling, before the mailbox takes it."))
}

// Validate refuses what would never deliver.
func (r *retryForm) Validate() error {
	var errs form.Errors
	if len(r.schedule) == 0 {
		errs.Add("schedule", "must name at least one attempt, such as [\"0s\"]")
	}
	for _, d := range r.schedule {
		if d < 0 || d > MaxRetryDelay {
			errs.Add("schedule", "each delay must be between 0s and %s", form.DurationText(MaxRetryDelay))
			break
		}
	}
	return errs.Err()
}
