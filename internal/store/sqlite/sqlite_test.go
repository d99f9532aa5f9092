package sqlite_test

import (
	"testing"

	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
	"github.com/tocsin-hub/tocsin/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Place {
		dir := t.TempDir()
		return func() (store.Store, error) { return sqlite.Open(t.Context(), dir, sqlite.Options{}) }
	})
}
