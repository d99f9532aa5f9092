package identity

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// AdminKeyEnv is the environment variable that holds an administrator's key for automation. It is also the name of
// that key.
const AdminKeyEnv = "TOCSIN_ADMIN_KEY"

// envPrefix stands where other keys show their beginning: nothing of a chosen value is shown.
const envPrefix = "environment"

// firstKeyName is the name of the key that is made when there is none.
const firstKeyName = "first administrator"

// Bootstrap makes sure that somebody can administer the default account.
//
// With a key from the environment, that value is an administrator's key from now on, and earlier values of the
// variable are revoked. Without one, they are revoked too, and if no valid administrator's key is left, one is made and
// returned: it is shown this once. The error for an unfit value is an *InvalidError.
func (s *Service) Bootstrap(ctx context.Context, adminKeyFromEnv form.Secret) (made form.Secret, err error) {
	ctx = act.With(ctx, act.System("start"))
	text := adminKeyFromEnv.Reveal()
	if err := checkAdminKey(text); err != nil {
		return form.Secret{}, err
	}
	keys, err := s.allKeys(ctx, event.DefaultAccount)
	if err != nil {
		return form.Secret{}, err
	}
	hash := sha256.Sum256([]byte(text))
	if text != "" {
		if err := s.acceptAdminKey(ctx, hash); err != nil {
			return form.Secret{}, err
		}
	}
	hasAdmin := text != ""
	for i := range keys {
		k := &keys[i]
		switch {
		case text != "" && k.Hash == hash || !validAdmin(k, s.now()):
		case k.Prefix == envPrefix:
			if err := s.Revoke(ctx, k.Account, k.ID); err != nil {
				return form.Secret{}, err
			}
			s.log.Info("the earlier administrator's key from the environment was revoked", "key", k.ID.Text(event.PrefixKey))
		default:
			hasAdmin = true
		}
	}
	if hasAdmin {
		return form.Secret{}, nil
	}
	_, made, err = s.Create(ctx, event.DefaultAccount, KeySpec{Name: firstKeyName, Scopes: []Scope{Admin}})
	return made, err
}

func checkAdminKey(text string) error {
	bad := func(reason string) error { return &InvalidError{Field: AdminKeyEnv, Reason: reason} }
	switch {
	case text == "":
		return nil
	case len(text) < MinAdminKeyBytes:
		return bad(fmt.Sprintf("must be at least %d characters; make one with: openssl rand -hex 32", MinAdminKeyBytes))
	case len(text) > MaxKeyBytes:
		return bad(fmt.Sprintf("must be at most %d characters", MaxKeyBytes))
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return bad("must be printable ASCII without spaces, so that it can stand in a header")
		}
	}
	return nil
}

// acceptAdminKey makes the key with that hash a valid administrator's key.
func (s *Service) acceptAdminKey(ctx context.Context, hash [32]byte) error {
	k, err := s.keys.KeyByHash(ctx, hash)
	switch {
	case notFound(err):
		k = store.Key{
			ID: event.NewID(), Account: event.DefaultAccount, Name: AdminKeyEnv, Prefix: envPrefix, Hash: hash,
			Scopes: []string{string(Admin)}, Environment: Live, CreatedAt: s.now().UTC(),
		}
		err = act.Do(ctx, s.record, keyAct("api_key.create", nil, &k), func(ctx context.Context) error {
			return s.keys.CreateKey(ctx, k)
		})
	case err != nil:
	case k.Account == event.DefaultAccount && validAdmin(&k, s.now()): // an administrator's key that was made here may be reused
	case k.Prefix == envPrefix: // a value that is set again after another one was
		again := k
		again.RevokedAt = time.Time{}
		err = act.Do(ctx, s.record, keyAct("api_key.create", &k, &again), func(ctx context.Context) error {
			return s.keys.RevokeKey(ctx, k.Account, k.ID, time.Time{}) // the zero time: valid again
		})
	default:
		return &InvalidError{Field: AdminKeyEnv, Reason: fmt.Sprintf(
			"is the value of %s, which is revoked, expired or not an administrator's: choose another value", k.ID.Text(event.PrefixKey))}
	}
	if err != nil {
		return fmt.Errorf("accepting the key in %s: %w", AdminKeyEnv, err)
	}
	s.cache.Forget(hash)
	return nil
}

func (s *Service) allKeys(ctx context.Context, account event.Account) (all []store.Key, err error) {
	p := store.Page{Limit: store.MaxPage}
	for {
		list, next, err := s.List(ctx, account, p)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if next == "" {
			return all, nil
		}
		p.After = next
	}
}
