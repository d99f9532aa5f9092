package reconcile

import (
	"context"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// learn finds out what a responder can block before it was read for the first time: opening it makes no request, and whoever
// asks for a block right after a start, or after the integration was made, is not refused for want of knowledge.
func (s *Service) learn(e *entry) {
	e.mu.Lock()
	known := len(e.state.Limits.IPv4)+len(e.state.Limits.IPv6) > 0 || s.unusable(&e.row) != ""
	e.mu.Unlock()
	if known {
		return
	}
	i, row, err := s.open(context.Background(), e)
	if err != nil {
		return // the next cycle says so
	}
	defer i.release()
	if b, ok := i.Instance.(connector.Blocker); ok {
		limits := b.BlockLimits()
		e.mu.Lock()
		if e.row.Version == row.Version {
			e.state.Limits = limits
		}
		e.mu.Unlock()
	}
}
