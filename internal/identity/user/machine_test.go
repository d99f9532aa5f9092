package user

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// modelUser, modelSession and modelLink are what must be true.
type modelUser struct {
	id       event.ID
	email    string
	password string // empty: none yet
	disabled bool
}

type modelSession struct {
	user     *modelUser
	start    time.Time
	seen     time.Time
	ended    bool
	seenOver int
}

type modelLink struct {
	user     *modelUser
	ends     time.Time
	over     bool
	seenOver int
}

type machine struct {
	*fixture
	account  event.Account
	users    []*modelUser
	sessions map[form.Secret]*modelSession
	links    map[form.Secret]*modelLink
	tries    int
}

// TestSessionsAndLinks does what people and administrators do in any order; after each step every session and link that
// was ever handed out works exactly as it should.
func TestSessionsAndLinks(t *testing.T) {
	t.Parallel()
	f, run := newFixture(t), 0 // each run in an account of its own
	rapid.Check(t, func(rt *rapid.T) {
		run++
		f.throttle = newThrottle()
		m := &machine{
			fixture: f, account: event.Account(fmt.Sprintf("acme-%d", run)), sessions: map[form.Secret]*modelSession{},
			links: map[form.Secret]*modelLink{},
		}
		rt.Repeat(map[string]func(*rapid.T){
			"":               m.check,
			"invite":         m.invite,
			"redeem":         m.redeem,
			"signIn":         m.signIn,
			"signOut":        m.signOut,
			"endSessions":    m.endSessions,
			"changePassword": m.changePassword,
			"resetLink":      m.resetLink,
			"disable":        m.disable,
			"delete":         m.delete,
			"wait":           m.wait,
		})
	})
}

// from is a new client each time, so that nobody is throttled.
func (m *machine) from() Client {
	m.tries++
	return Client{Address: fmt.Sprintf("10.%d.%d.%d", m.tries>>16, m.tries>>8&255, m.tries&255)}
}

func (m *machine) user(t *rapid.T) *modelUser {
	if len(m.users) == 0 {
		t.Skip("nobody is there")
	}
	return rapid.SampledFrom(m.users).Draw(t, "user")
}

func (m *machine) invite(t *rapid.T) {
	if len(m.users) >= 4 {
		t.Skip("enough")
	}
	m.tries++
	u := &modelUser{email: fmt.Sprintf("%d@example.com", m.tries)}
	row, ticket, err := m.Invite(t.Context(), root(m.account), m.account, Invitation{Email: u.email, Role: identity.RoleViewer})
	if err != nil {
		t.Fatal(err)
	}
	u.id = row.ID
	m.users = append(m.users, u)
	m.links[ticket.Token] = &modelLink{user: u, ends: ticket.ExpiresAt}
}

func (m *machine) resetLink(t *rapid.T) {
	u := m.user(t)
	ticket, err := m.ResetLink(t.Context(), root(m.account), m.account, u.id)
	if err != nil {
		t.Fatal(err)
	}
	m.endLinks(u)
	m.links[ticket.Token] = &modelLink{user: u, ends: ticket.ExpiresAt}
}

func (m *machine) endLinks(u *modelUser) {
	for _, l := range m.links {
		if l.user == u {
			l.over = true
		}
	}
}

func (m *machine) endAll(u *modelUser, keep *modelSession) {
	for _, s := range m.sessions {
		if s.user == u && s != keep {
			s.ended = true
		}
	}
}

func (m *machine) works(l *modelLink) bool {
	return !l.over && !l.user.disabled && m.clock.now().Before(l.ends)
}

func (m *machine) valid(s *modelSession) bool {
	now := m.clock.now()
	return !s.ended && !s.user.disabled && now.Sub(s.start) < DefaultLongest && now.Sub(s.seen) < DefaultIdle
}

func (m *machine) begin(in SignedIn, u *modelUser) {
	now := m.clock.now()
	m.sessions[in.Token] = &modelSession{user: u, start: now, seen: now}
}

func (m *machine) redeem(t *rapid.T) {
	if len(m.links) == 0 {
		t.Skip("no link")
	}
	tokens := slices.SortedFunc(maps.Keys(m.links), func(a, b form.Secret) int { return m.links[a].ends.Compare(m.links[b].ends) })
	token := rapid.SampledFrom(tokens).Draw(t, "link")
	l, password := m.links[token], rapid.SampledFrom([]string{good, good2}).Draw(t, "password")
	in, err := m.Redeem(t.Context(), token, Redemption{Password: form.NewSecret(password)}, m.from())
	if !m.works(l) {
		if !errors.Is(err, ErrLink) {
			t.Fatalf("a link that is over: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	l.user.password = password
	m.endLinks(l.user)
	m.endAll(l.user, nil)
	m.begin(in, l.user)
}

func (m *machine) signIn(t *rapid.T) {
	u, password := m.user(t), rapid.SampledFrom([]string{good, good2, "x", ""}).Draw(t, "password")
	in, err := m.SignIn(t.Context(), Credentials{Account: m.account, Email: u.email, Password: form.NewSecret(password)}, m.from())
	if u.disabled || u.password == "" || u.password != password {
		if !errors.Is(err, ErrSignIn) {
			t.Fatalf("signing in: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.begin(in, u)
}

// anySession draws a session that is valid.
func (m *machine) anySession(t *rapid.T) (form.Secret, *modelSession, identity.Principal) {
	var valid []form.Secret
	for token, s := range m.sessions {
		if m.valid(s) {
			valid = append(valid, token)
		}
	}
	if len(valid) == 0 {
		t.Skip("no session")
	}
	slices.SortFunc(valid, func(a, b form.Secret) int {
		x, y := m.sessions[a], m.sessions[b]
		return x.start.Compare(y.start)*2 + slices.Index(m.users, x.user) - slices.Index(m.users, y.user)
	})
	token := rapid.SampledFrom(valid).Draw(t, "session")
	p, err := m.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	m.sessions[token].seen = m.clock.now()
	return token, m.sessions[token], p
}

func (m *machine) signOut(t *rapid.T) {
	_, s, p := m.anySession(t)
	if err := m.SignOut(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	s.ended = true
}

func (m *machine) endSessions(t *rapid.T) {
	u := m.user(t)
	if _, err := m.EndSessions(t.Context(), root(m.account), m.account, u.id); err != nil {
		t.Fatal(err)
	}
	m.endAll(u, nil)
}

func (m *machine) changePassword(t *rapid.T) {
	_, s, p := m.anySession(t)
	next := map[string]string{good: good2, good2: good}[s.user.password]
	err := m.ChangePassword(t.Context(), p, form.NewSecret(s.user.password), form.NewSecret(next), m.from())
	if err != nil {
		t.Fatal(err)
	}
	s.user.password = next
	m.endLinks(s.user)
	m.endAll(s.user, s)
}

func (m *machine) disable(t *rapid.T) {
	u, disabled := m.user(t), rapid.Bool().Draw(t, "disabled")
	if _, err := m.Update(t.Context(), root(m.account), m.account, u.id, 0, Patch{Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	if disabled && !u.disabled {
		m.endLinks(u)
		m.endAll(u, nil)
	}
	u.disabled = disabled
}

func (m *machine) delete(t *rapid.T) {
	u := m.user(t)
	if err := m.Delete(t.Context(), root(m.account), m.account, u.id); err != nil {
		t.Fatal(err)
	}
	m.endLinks(u)
	m.endAll(u, nil)
	m.users = slices.DeleteFunc(m.users, func(o *modelUser) bool { return o == u })
}

func (m *machine) wait(t *rapid.T) {
	m.clock.move(time.Duration(rapid.IntRange(1, 30*3600).Draw(t, "seconds")) * time.Second)
	m.flush(t.Context())
	m.prune(t.Context())
}

// enough is how often what is over for good is looked at.
const enough = 4

func over(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (m *machine) check(t *rapid.T) {
	for token, s := range m.sessions {
		p, err := m.Authenticate(t.Context(), token)
		if want := m.valid(s); want != (err == nil) || err != nil && !errors.Is(err, ErrUnauthenticated) {
			t.Fatalf("a session of %s works: %v, want %v", s.user.email, err, want)
		}
		if s.seenOver += over(s.ended); s.seenOver > enough {
			delete(m.sessions, token)
		}
		if err == nil {
			s.seen = m.clock.now()
			if p.ID != textOf(s.user.id) {
				t.Fatalf("a session of %s is %s", s.user.email, p.Name)
			}
		}
	}
	for token, l := range m.links {
		info, err := m.InspectLink(t.Context(), token)
		if want := m.works(l); want != (err == nil) || err != nil && !errors.Is(err, ErrLink) || err == nil && info.Email != l.user.email {
			t.Fatalf("a link of %s: %+v (%v), want %v", l.user.email, info, err, want)
		}
		if l.seenOver += over(l.over); l.seenOver > enough {
			delete(m.links, token)
		}
	}
}
