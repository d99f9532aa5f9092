package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/pulse"
)

// PulseReader knows how deliveries go and went; *pulse.Service is one.
type PulseReader interface {
	// History gives an account's figures, or with an integration those of it alone.
	History(account event.Account, integration event.ID, w pulse.Window) pulse.History
	// Sparks gives those of all its integrations in few points each.
	Sparks(account event.Account, w pulse.Window) []pulse.Spark
	Now(account event.Account) pulse.Now
}

// PulseWindow is how far back to look.
type PulseWindow struct {
	Window string `query:"window" enum:"1h,24h,7d" default:"1h" doc:"How far back." example:"24h"`
}

// PulsePoint is one step.
type PulsePoint struct {
	At        time.Time `json:"at" doc:"When the step began."`
	Received  uint64    `json:"received" doc:"Events that were made durable for the account; of an integration, those that it wanted."`
	Delivered uint64    `json:"delivered" doc:"Deliveries that succeeded."`
	Failed    uint64    `json:"failed" doc:"Deliveries that entered the mailbox."`
	Retried   uint64    `json:"retried" doc:"Attempts that failed and were to be made again."`
	Backlog   uint64    `json:"backlog" doc:"What waited, was parked or was still to be read when the step ended."`
	Mailbox   uint64    `json:"mailbox" doc:"What was in the mailbox when the step ended."`
	P50MS     *float64  `json:"p50_ms,omitempty" doc:"Half of the deliveries of the step came at most this long after their event, in milliseconds; absent if there was none." example:"12.5"`
	P99MS     *float64  `json:"p99_ms,omitempty" doc:"99 % of them did." example:"80"`
	Partial   bool      `json:"partial,omitempty" doc:"The step has not ended yet: its sums still grow."`
}

// PulseNow is how it goes at this moment.
type PulseNow struct {
	ReceivedPerSecond  float64  `json:"received_per_second" doc:"Events a second, over the last ten to twenty seconds." example:"12.4"`
	DeliveredPerSecond float64  `json:"delivered_per_second" doc:"Deliveries that succeed a second, over the same time." example:"37.1"`
	Backlog            uint64   `json:"backlog" doc:"What waits, is parked or is still to be read."`
	Mailbox            uint64   `json:"mailbox" doc:"What is in the mailbox."`
	Failing            int      `json:"failing" doc:"Integrations that fail: their breaker is open, or their last attempt or cycle failed. One that is paused or disabled does not."`
	P50MS              *float64 `json:"p50_ms,omitempty" doc:"Half of the deliveries of the last minute came at most this long after their event, in milliseconds; absent if there was none." example:"12.5"`
	P99MS              *float64 `json:"p99_ms,omitempty" doc:"99 % of them did." example:"80"`
}

// Pulse is how deliveries went.
type Pulse struct {
	Window      string       `json:"window" enum:"1h,24h,7d" doc:"How far back it goes."`
	StepSeconds int          `json:"step_seconds" doc:"How long a step is." example:"300"`
	From        time.Time    `json:"from" doc:"When the window's first step began."`
	Points      []PulsePoint `json:"points" doc:"The steps, the oldest first. A step in which the hub was not up has no point."`
	Now         PulseNow     `json:"now" doc:"How it goes at this moment."`
}

// SparkPoint is one step of an integration's line.
type SparkPoint struct {
	At        time.Time `json:"at" doc:"When the step began."`
	Delivered uint64    `json:"delivered" doc:"Deliveries that succeeded."`
	Failed    uint64    `json:"failed" doc:"Deliveries that entered the mailbox."`
	Retried   uint64    `json:"retried" doc:"Attempts that failed and were to be made again."`
	P50MS     *float64  `json:"p50_ms,omitempty" doc:"Half of the deliveries came at most this long after their event, in milliseconds; absent if there was none." example:"12.5"`
}

// Spark is one integration's line.
type Spark struct {
	Integration string       `json:"integration" doc:"The integration." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Points      []SparkPoint `json:"points" doc:"At most 48 steps, the oldest first. A step in which the hub was not up has no point."`
}

func (a *server) pulseOperations() {
	register(a, op{
		id: "get-pulse", method: http.MethodGet, path: "/api/v1/pulse", tag: tagState, scope: scopeDeliveries,
		summary: "Get the pulse", about: "What came in and went out over time, how long it took from the arrival of an event to its delivery, and how it goes now: of the account, or of one integration. " +
			"An hour has steps of 10 seconds, a day of 5 minutes, a week of 30 minutes. A step in which the hub was not up has no point; one in which nothing happened has zeros.",
		problems: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, a.getPulse)
	register(a, op{
		id: "list-pulses", method: http.MethodGet, path: "/api/v1/pulse/integrations", tag: tagState, scope: scopeDeliveries,
		summary: "List the integrations' pulses", about: "What went out over time at each integration that delivers, in few points: for small charts of all of them at once.",
		problems: []int{http.StatusUnprocessableEntity},
	}, a.listPulses)
}

func (a *server) getPulse(ctx context.Context, in *struct {
	PulseWindow
	Integration string `query:"integration" maxLength:"64" doc:"Only this integration's figures." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}) (*body[Pulse], error) {
	id, err := queryID(event.PrefixIntegration, "integration", in.Integration)
	if err != nil {
		return nil, err
	}
	if !id.IsZero() {
		i, err := a.Integrations.Get(ctx, accountOf(ctx), id)
		if err != nil {
			return nil, err
		}
		if a.Catalogue[i.Kind].Responds() {
			return nil, problem(http.StatusNotFound, "a responder has no deliveries to count")
		}
	}
	h := a.Pulse.History(accountOf(ctx), id, pulse.Window(in.Window))
	out := Pulse{Window: string(h.Window), StepSeconds: int(h.Step / time.Second), From: h.From, Points: make([]PulsePoint, len(h.Points)), Now: newPulseNow(h.Now)}
	if id.IsZero() {
		out.Now.Failing += a.failingResponders(accountOf(ctx))
	}
	for i, p := range h.Points {
		out.Points[i] = PulsePoint{
			At: p.At, Received: p.Received, Delivered: p.Delivered, Failed: p.Failed, Retried: p.Retried, Backlog: p.Backlog, Mailbox: p.Mailbox,
			P50MS: timed(p.Timed, p.P50), P99MS: timed(p.Timed, p.P99), Partial: p.Partial,
		}
	}
	return answer(out), nil
}

// failingResponders is how many of an account's responders fail: blocks are neither brought there nor taken back.
func (a *server) failingResponders(account event.Account) (n int) {
	for _, s := range a.Responders.States(account) {
		if s.Enabled && s.Error != "" {
			n++
		}
	}
	return n
}

func newPulseNow(n pulse.Now) PulseNow {
	return PulseNow{
		ReceivedPerSecond: n.ReceivedPerSecond, DeliveredPerSecond: n.DeliveredPerSecond, Backlog: n.Backlog, Mailbox: n.Mailbox, Failing: n.Failing,
		P50MS: timed(n.Timed, n.P50), P99MS: timed(n.Timed, n.P99),
	}
}

// timed is a time in milliseconds; nil if nothing was timed.
func timed(any bool, d time.Duration) *float64 {
	if !any {
		return nil
	}
	ms := milliseconds(d)
	return &ms
}

func (a *server) listPulses(ctx context.Context, in *PulseWindow) (*body[list[Spark]], error) {
	sparks := a.Pulse.Sparks(accountOf(ctx), pulse.Window(in.Window))
	l := list[Spark]{Items: make([]Spark, len(sparks))}
	for i, s := range sparks {
		l.Items[i] = Spark{Integration: s.Integration.Text(event.PrefixIntegration), Points: make([]SparkPoint, len(s.Points))}
		for j, p := range s.Points {
			l.Items[i].Points[j] = SparkPoint{At: p.At, Delivered: p.Delivered, Failed: p.Failed, Retried: p.Retried, P50MS: timed(p.Timed, p.P50)}
		}
	}
	return answer(l), nil
}
