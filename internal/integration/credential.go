package integration

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Credential names the credential that an integration sends with, so that integrations that share one vendor's token can
// share its budget: equal names mean the same account, kind, destination and secrets. The name is a hash under a key of
// this process, which tells nothing about the secrets. It is empty for an integration without secrets, or whose secrets
// cannot be read now.
func (s *Service) Credential(_ context.Context, i store.Integration) string {
	def, err := s.kind(i.Kind)
	if err != nil {
		return ""
	}
	plain, err := s.plain(i, def)
	if err != nil {
		return ""
	}
	return s.credential(i, def, plain)
}

func (s *Service) credential(i store.Integration, def connector.Definition, plain []byte) string {
	secrets := form.SecretValues(def.Settings(), plain)
	if len(secrets) == 0 {
		return ""
	}
	slices.Sort(secrets)
	h := hmac.New(sha256.New, s.budgetKey[:])
	put := func(text string) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(text)))
		h.Write(size[:])
		h.Write([]byte(text))
	}
	put(string(i.Account))
	put(i.Kind)
	destinations := form.Destinations(def.Settings(), plain)
	for _, name := range slices.Sorted(maps.Keys(destinations)) {
		put(name)
		for _, value := range destinations[name] {
			put(value)
		}
	}
	put("secrets")
	for _, secret := range secrets {
		put(secret)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// watchEvery is how often references are looked at for something new behind them.
const watchEvery = 30 * time.Second

// ReferenceLoop has the lanes open an integration anew when what its references stand for has changed, or can be read
// again, until ctx is done. So a token that another program renews in a file is in use within half a minute.
func (s *Service) ReferenceLoop(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := s.refresh(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("looking for changed references failed; it is tried again", slog.Any("error", err))
		}
	}
}

// refresh applies the integrations whose references stand for something else than when they were opened last.
func (s *Service) refresh(ctx context.Context) error {
	rows, err := s.Store.AllIntegrations(ctx)
	if err != nil {
		return fmt.Errorf("reading the integrations: %w", err)
	}
	present := map[event.ID]bool{}
	for _, i := range rows {
		def, known := s.Catalogue[i.Kind]
		if !known || !i.Enabled || i.Held() || !s.refers(i, def) {
			continue
		}
		present[i.ID] = true
		before, opened := s.opened.Load(i.ID)
		now := s.Credential(ctx, i)
		if !opened || now == before || now == "" { // what cannot be read now changes nothing for what is open
			continue
		}
		if err := s.reapply(ctx, i); err != nil {
			return err
		}
	}
	s.opened.Range(func(id, _ any) bool {
		if !present[id.(event.ID)] {
			s.opened.Delete(id)
		}
		return true
	})
	return nil
}

// remember keeps the name of the credential that an integration with references was opened with; empty if it could not be
// opened.
func (s *Service) remember(i store.Integration, def connector.Definition, plain []byte, err error) {
	if !s.refers(i, def) {
		return
	}
	name := ""
	if err == nil {
		name = s.credential(i, def, plain)
	}
	s.opened.Store(i.ID, name)
}

func (s *Service) refers(i store.Integration, def connector.Definition) bool {
	for _, text := range form.SecretTexts(def.Settings(), i.Settings) {
		if isReference(text) {
			return true
		}
	}
	return false
}

// reapply hands the row as it is now to the lanes, which open it anew.
func (s *Service) reapply(ctx context.Context, i store.Integration) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	now, err := s.Get(ctx, i.Account, i.ID)
	if err != nil {
		return nil //nolint:nilerr // deleted meanwhile, or looked at again in a moment
	}
	s.Log.Info("what a secret refers to has changed; the integration is opened anew", slog.String("integration", idText(i)))
	return s.tellLanes(ctx, now)
}
