package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a key.
const (
	// MaxNameRunes bounds the name of a key or a person, in characters.
	MaxNameRunes = 100
	// MaxExpiryDays is the longest life of a key that has an end (ten years).
	MaxExpiryDays = 3650
	// MaxEventTypes bounds the patterns that limit what may be sent with a key. They are all tried for each event.
	MaxEventTypes = 50
	// MaxRateLimit is the greatest limit of a key's own, in requests per minute.
	MaxRateLimit = 1_000_000
	// MaxKeyBytes bounds what is taken for a key at all.
	MaxKeyBytes = 512
	// MinAdminKeyBytes is the least length of TOCSIN_ADMIN_KEY.
	MinAdminKeyBytes = 24
)

// The text of a key: prefix, 8 characters that name it, underscore, 52 characters (260 bits) that nobody can guess.
const (
	livePrefix  = "tsk_live_"
	testPrefix  = "tsk_test_"
	nameChars   = 8
	secretChars = 52
	// keyAlphabet is Crockford's base32: no letter can be taken for a digit, and a double click selects all of it.
	keyAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"
)

// KeySpec is a wish for a key.
type KeySpec struct {
	Name          string
	Scopes        []Scope
	ExpiresInDays int      // 0: never
	EventTypes    []string // what may be sent with it, as in subscriptions; empty: every type
	RateLimit     int      // requests per minute; 0: no limit of its own
	Test          bool     // a key of the environment Test
}

// Create makes a key. The secret is given this once; what is stored cannot be turned back into it. A wish that cannot
// be granted gives form.Errors with a path for each wrong field. Whether the maker may give these rights is what
// [Grant] says.
func (s *Service) Create(ctx context.Context, account event.Account, spec KeySpec) (store.Key, form.Secret, error) {
	names, err := s.check(spec)
	if err != nil {
		return store.Key{}, form.Secret{}, err
	}
	k := store.Key{
		Account: account, Name: spec.Name, Scopes: names, Environment: Live, EventTypes: spec.EventTypes, RateLimit: spec.RateLimit,
	}
	if spec.Test {
		k.Environment = Test
	}
	secret := s.mint(ctx, &k)
	if spec.ExpiresInDays > 0 {
		k.ExpiresAt = k.CreatedAt.AddDate(0, 0, spec.ExpiresInDays)
	}
	err = act.Do(ctx, s.record, keyAct("api_key.create", nil, &k), func(ctx context.Context) error {
		return s.keys.CreateKey(ctx, k)
	})
	if err != nil {
		return store.Key{}, form.Secret{}, fmt.Errorf("creating the key: %w", err)
	}
	s.cache.Forget(k.Hash)
	return k, secret, nil
}

// mint gives k its id, text, maker and time.
func (s *Service) mint(ctx context.Context, k *store.Key) form.Secret {
	text := newKeyText(k.Environment)
	k.ID, k.CreatedAt, k.CreatedBy = event.NewID(), s.now().UTC(), act.From(ctx).ID
	k.Prefix, k.Hash = text[:len(livePrefix)+nameChars], sha256.Sum256([]byte(text))
	return form.NewSecret(text)
}

func newKeyText(environment string) string {
	var random [nameChars + secretChars]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	for i, b := range random {
		random[i] = keyAlphabet[b&31]
	}
	prefix := livePrefix
	if environment == Test {
		prefix = testPrefix
	}
	return prefix + string(random[:nameChars]) + "_" + string(random[nameChars:])
}

// check says everything that is wrong with a wish, and gives the scopes in the order shown.
func (s *Service) check(spec KeySpec) (scopeNames []string, err error) {
	var errs form.Errors
	if p := NameProblem(spec.Name); p != "" {
		errs.Add("name", "%s", p)
	} else if spec.Name == AdminKeyEnv {
		errs.Add("name", "is taken by the key from the environment")
	}
	scopeNames = checkScopes(spec.Scopes, &errs)
	if spec.ExpiresInDays < 0 || spec.ExpiresInDays > MaxExpiryDays {
		errs.Add("expires_in_days", "must be 0 (never) to %d", MaxExpiryDays)
	}
	checkEventTypes(spec, &errs)
	if spec.RateLimit < 0 || spec.RateLimit > MaxRateLimit {
		errs.Add("rate_limit", "must be 0 (none of its own) to %d requests per minute", MaxRateLimit)
	}
	if spec.Test && s.refuseTest {
		errs.Add("test", "must be false: this hub refuses test keys")
	}
	return scopeNames, errs.Err()
}

func checkEventTypes(spec KeySpec, errs *form.Errors) {
	if len(spec.EventTypes) > MaxEventTypes {
		errs.Add("event_types", "must be at most %d", MaxEventTypes)
		return
	}
	for i, t := range spec.EventTypes {
		if err := event.TypeFilter(t).Check(); err != nil {
			errs.Add(fmt.Sprintf("event_types.%d", i), "is not an event type, a prefix such as \"alert.*\", or \"*\"")
		}
	}
	if len(spec.EventTypes) > 0 && !Scopes(spec.Scopes).Can(EventsWrite) {
		errs.Add("event_types", "limits what may be sent, for which the key needs the scope %s", EventsWrite)
	}
}

// NameProblem says what is wrong with the name of a key or a person; empty if nothing is.
func NameProblem(name string) string {
	switch n := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unseen):
		return "must be text without control characters"
	case strings.TrimSpace(name) == "":
		return "must not be empty"
	case n > MaxNameRunes:
		return fmt.Sprintf("must be at most %d characters", MaxNameRunes)
	}
	return ""
}

// unseen says whether a character acts on the text around it instead of being seen: it could make a name look like
// another one in a list or a log.
func unseen(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}
