package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// offlineKeys works on the files of a data directory. The hub may run meanwhile; it sees the change.
type offlineKeys struct {
	store   *sqlite.Store
	audit   *audit.Log
	service *identity.Service
}

func openOfflineKeys(ctx context.Context, dir string) (*offlineKeys, error) {
	// Opening would make the files: a mistyped directory must not become an empty hub.
	if _, err := os.Stat(filepath.Join(dir, sqlite.ConfigFile)); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no hub's data (no %s): give the directory that tocsin serve was started with",
			dir, sqlite.ConfigFile)
	}
	s, err := sqlite.Open(ctx, dir, sqlite.Options{})
	if err != nil {
		return nil, fmt.Errorf("opening the data directory: %w", err)
	}
	record, err := audit.New(ctx, audit.Deps{Store: s})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &offlineKeys{store: s, audit: record, service: identity.New(identity.Deps{Keys: s, Recorder: record})}, nil
}

func (k *offlineKeys) create(ctx context.Context, w keyWish) (keyRow, string, error) {
	wanted := make([]identity.Scope, len(w.Scopes))
	for i, s := range w.Scopes {
		wanted[i] = identity.Scope(s)
	}
	return newKeyRow(k.service.Create(locally(ctx), event.DefaultAccount, identity.KeySpec{
		Name: w.Name, Scopes: wanted, ExpiresInDays: w.ExpiresInDays, EventTypes: w.EventTypes, RateLimit: w.RateLimit, Test: w.Test,
	}))
}

func (k *offlineKeys) rotate(ctx context.Context, id string, overlap time.Duration) (keyRow, string, error) {
	parsed, err := event.ParseID(event.PrefixKey, id)
	if err != nil {
		return keyRow{}, "", fmt.Errorf("%q is not a key's id: %w", id, err)
	}
	return newKeyRow(k.service.Rotate(locally(ctx), event.DefaultAccount, parsed, overlap))
}

// newKeyRow is a new key as the command prints it.
func newKeyRow(k store.Key, secret form.Secret, err error) (keyRow, string, error) {
	if err != nil {
		return keyRow{}, "", err
	}
	return rowOf(k), secret.Reveal(), nil
}

func (k *offlineKeys) list(ctx context.Context) (rows []keyRow, err error) {
	for page := (store.Page{Limit: 200}); ; {
		keys, next, err := k.service.List(ctx, event.DefaultAccount, page)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			rows = append(rows, rowOf(key))
		}
		if page.After = next; next == "" {
			return rows, nil
		}
	}
}

func (k *offlineKeys) revoke(ctx context.Context, id string) error {
	parsed, err := event.ParseID(event.PrefixKey, id)
	if err != nil {
		return fmt.Errorf("%q is not a key's id: %w", id, err)
	}
	return k.service.Revoke(locally(ctx), event.DefaultAccount, parsed)
}

func (k *offlineKeys) close() error {
	k.service.Close()
	return errors.Join(k.audit.Close(), k.store.Close())
}

func rowOf(k store.Key) keyRow {
	return keyRow{
		ID: k.ID.Text(event.PrefixKey), Name: k.Name, Prefix: k.Prefix, Scopes: k.Scopes, CreatedAt: k.CreatedAt,
		ExpiresAt: &k.ExpiresAt, RevokedAt: &k.RevokedAt, LastUsedAt: &k.LastUsedAt,
	}
}
