package integration

import (
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// checkNoise refuses what an integration that sends in batches cannot hold back. Whether it does may be a matter of its
// settings: plain are those with their secrets, nil if they did not change. The error is form.Errors below "delivery".
func (s *Service) checkNoise(i store.Integration, def connector.Definition, plain json.RawMessage) error {
	policy, err := connector.ParsePolicy(i.Delivery, def.Kind)
	if err != nil {
		return nil //nolint:nilerr // it was checked
	}
	refused := policy.CheckBatches()
	if refused == nil || !s.batches(i, def, plain) {
		return nil
	}
	return refused
}

// batches says whether the integration sends many events in one request. If its settings cannot be opened now, nobody knows,
// and delivery sees to it.
func (s *Service) batches(i store.Integration, def connector.Definition, plain json.RawMessage) bool {
	if !def.Batch || !def.Single {
		return def.Batch
	}
	if plain == nil {
		var err error
		if plain, err = s.plain(i, def); err != nil {
			return false
		}
	}
	o, err := s.open(def, i.Account, i.ID.Text(event.PrefixIntegration), plain)
	if err != nil {
		return false
	}
	defer o.close()
	chooser, ok := o.instance.(connector.EngineChooser)
	return !ok || chooser.UsesBatch()
}
