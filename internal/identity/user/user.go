// Package user is the life of people: how they are invited, sign in with a password and a second factor, stay signed
// in, and lose their rights.
//
// Passwords are kept as argon2id hashes, the secret of the second factor sealed, and of tokens (sessions, one-time
// links, recovery codes) only the SHA-256: they are random and need no slow hash.
package user

import (
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity/known"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Defaults of Deps.
const (
	DefaultIdle    = 12 * time.Hour
	DefaultLongest = 7 * 24 * time.Hour
)

// Client is where a request comes from.
type Client struct {
	Address string // as the API sees it, behind trusted proxies
	Agent   string // User-Agent
}

// Limits of what is kept of a client, in bytes.
const (
	maxAddressBytes = 64
	maxAgentBytes   = 256
)

// kept is the client as it may be stored and shown.
func (c Client) kept() Client {
	return Client{clean(c.Address, maxAddressBytes), clean(c.Agent, maxAgentBytes)}
}

// clean makes bounded text that acts on nothing around it.
func clean(text string, limit int) string {
	text = event.Clip(strings.ToValidUTF8(text, "\ufffd"), limit)
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, text)
}

// Store is what the service needs of the store.
type Store interface {
	store.Users
	store.Sessions
	store.Links
}

// Sealer keeps the secret of the second factor at rest.
type Sealer interface {
	Seal(plain form.Secret, aad seal.AAD) ([]byte, error)
	Unseal(sealed []byte, aad seal.AAD) (form.Secret, error)
	// Hold keeps the key from being replaced between sealing a value and storing it, until release is called.
	Hold() (release func())
}

// Deps are what a Service is made of. Store and Sealer must be set.
type Deps struct {
	Store  Store
	Sealer Sealer
	// Recorder writes down every act. Nil records nothing: for tests only.
	Recorder act.Recorder
	// AccountOpen says whether an account exists and is not closed; nil: every one. It is asked with every request.
	AccountOpen func(event.Account) bool
	// Idle ends a session that was not used for so long. Default DefaultIdle.
	Idle time.Duration
	// Longest ends a session whatever its use. Default DefaultLongest.
	Longest time.Duration
	// Issuer is what an authenticator app shows beside the address. Default "Tocsin".
	Issuer string
	Now    func() time.Time // default time.Now
	Log    *slog.Logger     // default: discarded
	Rand   io.Reader        // default crypto/rand
}

// Service is the life of people. It is safe for concurrent use.
type Service struct {
	Deps

	hasher   *hasher
	throttle *throttle
	failures *failures
	sessions *known.Cache[*entry]
	counts   counts
	uses     uses
}

// New makes a service. Its Run keeps it tidy.
func New(d Deps) *Service {
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	d.Idle, d.Longest = cmp.Or(d.Idle, DefaultIdle), cmp.Or(d.Longest, DefaultLongest)
	d.Issuer = cmp.Or(d.Issuer, "Tocsin")
	if d.Recorder == nil {
		d.Recorder = act.Discard{}
	}
	if d.AccountOpen == nil {
		d.AccountOpen = func(event.Account) bool { return true }
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Rand == nil {
		d.Rand = rand.Reader
	}
	return &Service{
		Deps: d, hasher: newHasher(d.Rand, currentCost), throttle: newThrottle(), failures: newFailures(),
		sessions: known.New[*entry](), uses: newUses(),
	}
}

// now is the time as the store keeps it.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// do records an act around f.
func (s *Service) do(ctx context.Context, a act.Act, f func(context.Context) error) error {
	return act.Do(ctx, s.Recorder, a, f)
}
