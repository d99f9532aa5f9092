package api

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// MailboxCause is what some deliveries of the mailbox have in common.
type MailboxCause struct {
	Integration string    `json:"integration" doc:"Where they were to go." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	CauseClass  string    `json:"cause_class" doc:"The class of the cause, as in a delivery." example:"exhausted"`
	Cause       string    `json:"cause" doc:"The last error, or why they were discarded." example:"the webhook's receiver answered 503 Service Unavailable"`
	Count       int       `json:"count" doc:"How many there are." example:"12"`
	Oldest      time.Time `json:"oldest" doc:"When the first one got its status."`
	Newest      time.Time `json:"newest" doc:"When the last one got its status."`
	Example     string    `json:"example" doc:"One of them." example:"dlv_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

// MailboxCauses sum the mailbox up.
type MailboxCauses struct {
	Items       []MailboxCause `json:"items" doc:"The causes, the most frequent first."`
	Total       int            `json:"total" doc:"How many deliveries were counted, also those of causes that are not among items." example:"12"`
	Approximate bool           `json:"approximate,omitempty" doc:"Only the newest ones were counted, and there may be others."`
	More        bool           `json:"more,omitempty" doc:"There are further causes."`
}

func (a *server) listMailboxCauses(ctx context.Context, in *struct{ MailboxQuery }) (*body[MailboxCauses], error) {
	f, err := in.parked(accountOf(ctx))
	if err != nil {
		return nil, err
	}
	causes, err := a.Mailbox.ParkedCauses(ctx, *f)
	if err != nil {
		return nil, err
	}
	out := MailboxCauses{Items: make([]MailboxCause, len(causes.Causes)), Total: causes.Total, Approximate: causes.Approximate, More: causes.More}
	for i, c := range causes.Causes {
		out.Items[i] = MailboxCause{
			Integration: c.Integration.Text(event.PrefixIntegration), CauseClass: c.CauseClass, Cause: c.Cause, Count: c.Count,
			Oldest: c.Oldest, Newest: c.Newest, Example: c.Example.Text(event.PrefixDelivery),
		}
	}
	return answer(out), nil
}
