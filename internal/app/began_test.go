package app

import (
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connectors"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// A new hub has its vendors' budgets at once; one that is started again cannot know what was used up before.
func TestBegan(t *testing.T) {
	t.Parallel()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	h := &hub{store: s, catalogue: connectors.All()}
	for _, kind := range []string{"capture", "cloudflare"} {
		began, err := h.began()
		if err != nil || !began.IsZero() {
			t.Errorf("without a responder, before there is one of kind %s: %v, %v", kind, began, err)
		}
		if err := s.CreateIntegration(t.Context(), store.Integration{
			ID: event.NewID(), Account: event.DefaultAccount, Kind: kind, Name: kind, Enabled: true, CreatedAt: time.Now(), UpdatedAt: time.Now(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	if began, err := h.began(); err != nil || time.Since(began) > time.Minute {
		t.Errorf("with a responder: %v, %v", began, err)
	}
}
