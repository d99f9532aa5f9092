package api

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/tocsin-hub/tocsin/internal/identity/plan"
)

// PlanLimits are a plan's numbers; 0 is no limit.
type PlanLimits struct {
	RequestsPerMinute int    `json:"requests_per_minute" doc:"Most requests a minute; 0: no limit." example:"1000"`
	EventsPerSecond   int    `json:"events_per_second" doc:"Most events a second; 0: no limit." example:"100"`
	BatchEvents       int    `json:"batch_events" doc:"Most events in one request; 0: the hub's own limit." example:"100"`
	EventsPerMonth    int    `json:"events_per_month" doc:"Events a month; 0: no limit." example:"100000"`
	Above             string `json:"above" enum:"refuse,flag" doc:"What happens above the monthly number: events are refused, or accepted and counted as over."`
}

// Plan is one column of the matrix.
type Plan struct {
	Name       string     `json:"name" doc:"Its name." example:"pro"`
	Title      string     `json:"title" doc:"Its name for people." example:"Pro"`
	Connectors []string   `json:"connectors" doc:"The kinds it has; category:siem means all of a category, * means all." example:"[\"email\",\"slack\",\"webhook\"]"`
	Limits     PlanLimits `json:"limits" doc:"Its numbers."`
}

func newPlanLimits(p plan.Plan) PlanLimits {
	return PlanLimits{p.RequestsPerMinute, p.EventsPerSecond, p.BatchEvents, p.EventsPerMonth, p.Above}
}

// EgressAddress is one address that the hub's connections come from.
type EgressAddress struct {
	Address string `json:"address" doc:"An address or a network." example:"203.0.113.7/32"`
	Family  string `json:"family" enum:"ipv4,ipv6" doc:"Its family."`
}

// EgressAddresses is what receivers' firewall people need.
type EgressAddresses struct {
	Items []EgressAddress `json:"items" doc:"The addresses that receivers see, as the operator states them."`
	Bound []string        `json:"bound" doc:"The local addresses that connections leave from (egress.bind); they may be translated on their way." example:"[\"10.0.0.7\"]"`
	Proxy bool            `json:"proxy" doc:"Whether connections go through a proxy, whose address receivers see."`
	Help  string          `json:"help" doc:"What to do with it."`
}

func (a *server) planOperations() {
	register(a, op{
		id: "list-plans", method: http.MethodGet, path: "/api/v1/plans", tag: tagAccounts, scope: scopeAny,
		summary: "List plans", about: "The matrix of plans: which connectors and how much each of them has.",
	}, a.listPlans)
	register(a, op{
		id: "get-egress-addresses", method: http.MethodGet, path: "/api/v1/egress-addresses", tag: tagState, scope: scopeAny,
		summary: "Get the addresses that deliveries come from",
		about:   "For the firewalls of receivers. The operator states them with egress.addresses, and fixes them with egress.bind.",
	}, a.egressAddresses)
}

func (a *server) listPlans(context.Context, *struct{}) (*body[list[Plan]], error) {
	plans := a.Matrix.Plans()
	l := list[Plan]{Items: make([]Plan, len(plans))}
	for i, p := range plans {
		l.Items[i] = Plan{p.Name, p.Title, p.Connectors, newPlanLimits(p)}
	}
	return answer(l), nil
}

// Egress is how connections leave the hub, as its operator configured it.
type Egress struct {
	Addresses []netip.Prefix
	Bind      []netip.Addr
	Proxy     bool
}

const (
	helpAddresses = "Allow these addresses at the receiver's firewall; deliveries come from no others."
	helpNone      = "The operator has not stated the addresses that deliveries come from: set egress.addresses to what receivers see, " +
		"and egress.bind to the local addresses that connections are to leave from."
)

func (a *server) egressAddresses(context.Context, *struct{}) (*body[EgressAddresses], error) {
	out := EgressAddresses{Items: []EgressAddress{}, Bound: []string{}, Proxy: a.Egress.Proxy, Help: helpNone}
	for _, p := range a.Egress.Addresses {
		family := "ipv6"
		if p.Addr().Is4() {
			family = "ipv4"
		}
		out.Items = append(out.Items, EgressAddress{p.String(), family})
		out.Help = helpAddresses
	}
	for _, b := range a.Egress.Bind {
		out.Bound = append(out.Bound, b.String())
	}
	return answer(out), nil
}
