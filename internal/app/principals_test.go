package app

import (
	"context"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// keysOf are keys by account and id.
type keysOf map[event.Account]map[event.ID]store.Key

func (k keysOf) GetKey(_ context.Context, account event.Account, id event.ID) (store.Key, error) {
	if key, ok := k[account][id]; ok {
		return key, nil
	}
	return store.Key{}, store.ErrNotFound
}

// TestPrincipals: whoever made a key, by whichever keys in between, and in whichever account above, is the same person.
func TestPrincipals(t *testing.T) {
	t.Parallel()
	id := func(n byte) event.ID { return event.ID{15: n} }
	text := func(n byte) string { return id(n).Text(event.PrefixKey) }
	keys := keysOf{
		"holding": {id(1): {CreatedBy: "usr_dana"}},
		"acme": {
			id(2): {CreatedBy: text(1)},                              // by the key of the account above, which acted below
			id(3): {CreatedBy: "usr_erin", Replaces: id(2)},          // rotated by somebody else
			id(4): {CreatedBy: text(5)}, id(5): {CreatedBy: text(4)}, // each by the other
			id(6): {CreatedBy: text(99)}, // by one that is gone
			id(7): {},
		},
		"other": {id(8): {CreatedBy: text(1)}}, // not below the account that the key is of
	}
	p := principals{keys, func(a event.Account) []event.Account {
		if a == "acme" {
			return []event.Account{"holding"}
		}
		return nil
	}, slog.New(slog.DiscardHandler)}
	for _, test := range []struct {
		actor act.Actor
		want  []string
	}{
		{act.Actor{Kind: act.KindUser, ID: "usr_dana", Account: "holding"}, []string{"usr_dana"}},
		{act.Actor{Kind: act.KindKey, ID: text(1), Account: "holding"}, []string{text(1), "usr_dana"}},
		{act.Actor{Kind: act.KindKey, ID: text(2), Account: "acme"}, []string{text(2), text(1), "usr_dana"}},
		{act.Actor{Kind: act.KindKey, ID: text(3), Account: "acme"}, []string{text(3), "usr_erin", text(2), text(1), "usr_dana"}},
		{act.Actor{Kind: act.KindKey, ID: text(4), Account: "acme"}, []string{text(4), text(5)}},
		{act.Actor{Kind: act.KindKey, ID: text(6), Account: "acme"}, []string{text(6), text(99)}},
		{act.Actor{Kind: act.KindKey, ID: text(7), Account: "acme"}, []string{text(7)}},
		{act.Actor{Kind: act.KindKey, ID: text(8), Account: "other"}, []string{text(8), text(1)}},
		{act.Actor{Kind: act.KindLocal}, []string{"local"}},
	} {
		if diff := cmp.Diff(test.want, p.of(t.Context(), test.actor)); diff != "" {
			t.Errorf("%s %s: %s", test.actor.Kind, test.actor.ID, diff)
		}
	}
}
