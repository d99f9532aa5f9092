package app

import (
	"context"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/pulse"
)

// openPulse reads how deliveries went. Nothing runs yet.
func (h *hub) openPulse(ctx context.Context) (err error) {
	h.pulse, err = pulse.Open(ctx, pulse.Deps{
		Store: h.store, Accounts: h.trust.accounts.Names, Received: h.journal.Journalled, Log: h.log,
		Read: func(account event.Account) []pulse.Reading {
			beats := h.deliver.Beats(account)
			list := make([]pulse.Reading, len(beats))
			for i := range beats {
				list[i] = pulse.Reading(beats[i])
			}
			return list
		},
	})
	return err
}
