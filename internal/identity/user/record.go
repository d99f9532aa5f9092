package user

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The acts of this room.
const (
	actInvite         = "user.invite"
	actUpdate         = "user.update"
	actDelete         = "user.delete"
	actSignIn         = "user.sign_in"
	actSignInFailed   = "user.sign_in_failed"
	actSignOut        = "user.sign_out"
	actPasswordChange = "user.password_change"
	actTOTPEnable     = "user.totp_enable"
	actTOTPDisable    = "user.totp_disable"
	actReset          = "user.reset"
	actRevoke         = "session.revoke"
)

// userRecord is what the audit record holds of a person: no hash, no token, no secret.
type userRecord struct {
	Email    string `json:"email"`
	Name     string `json:"name,omitempty"`
	Role     string `json:"role"`
	Disabled bool   `json:"disabled,omitempty"`
}

func recordOf(u store.User) json.RawMessage {
	raw, _ := json.Marshal(userRecord{u.Email, u.Name, u.Role, u.Disabled}) //nolint:errchkjson // texts and a flag
	return raw
}

// actOn is an act on a person by whoever the context names.
func actOn(action string, u store.User) act.Act {
	return act.Act{Account: u.Account, Action: action, Target: textOf(u.ID)}
}

// actBy is an act of a person on themselves, before the context can name them.
func actBy(action string, u store.User, from Client) act.Act {
	a := actOn(action, u)
	a.Actor = act.Actor{Kind: act.KindUser, ID: textOf(u.ID), Name: u.Email, Account: u.Account, Address: from.kept().Address}
	return a
}

func textOf(id event.ID) string { return id.Text(event.PrefixUser) }

// Failed sign-ins are somebody else's to cause: only so many of them go to the audit record, the rest is counted and
// told with the next one.
const (
	failuresPerClient  = 5  // a minute
	failuresPerAccount = 60 // a minute
)

// failures bounds the failed sign-ins that are recorded.
type failures struct {
	mu      sync.Mutex
	minute  int64
	clients map[string]int
	account map[event.Account]int
	missed  map[event.Account]uint64
}

func newFailures() *failures {
	return &failures{clients: map[string]int{}, account: map[event.Account]int{}, missed: map[event.Account]uint64{}}
}

// admit says whether a failure is recorded, and how many of its account were not since the last that was. Only accounts
// that exist come here, so their number is bounded; clients are bounded by the accounts' bounds.
func (f *failures) admit(account event.Account, address string, now time.Time) (record bool, missed uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if minute := now.Unix() / 60; minute != f.minute {
		f.minute = minute
		clear(f.clients)
		clear(f.account)
	}
	client := clientOf(address)
	if f.account[account] >= failuresPerAccount || f.clients[client] >= failuresPerClient {
		f.missed[account]++
		return false, 0
	}
	f.account[account]++
	f.clients[client]++
	missed = f.missed[account]
	delete(f.missed, account)
	return true, missed
}

// counts are what Counts gives.
type counts struct{ signIns, failed, throttled, unrecorded atomic.Uint64 }

// Counts are sums since the start.
type Counts struct {
	SignIns    uint64 // succeeded
	Failed     uint64 // wrong address, password or code
	Throttled  uint64 // refused without looking at the password
	Unrecorded uint64 // failed, and counted instead of recorded
	Sessions   int    // that are held in memory
}

// Counts gives the sums, for metrics.
func (s *Service) Counts() Counts {
	held, _ := s.sessions.Len()
	return Counts{
		s.counts.signIns.Load(), s.counts.failed.Load(), s.counts.throttled.Load(), s.counts.unrecorded.Load(), held,
	}
}

// recordFailure writes down that somebody could not sign in. Nothing depends on it: an error is only logged.
func (s *Service) recordFailure(ctx context.Context, account event.Account, email string, u store.User, from Client, cause error) {
	s.counts.failed.Add(1)
	if !s.AccountOpen(account) {
		s.counts.unrecorded.Add(1)
		return
	}
	record, missed := s.failures.admit(account, from.Address, s.now())
	if !record {
		s.counts.unrecorded.Add(1)
		return
	}
	a := act.Act{Account: account, Action: actSignInFailed}
	if !u.ID.IsZero() {
		a.Target = textOf(u.ID)
	}
	if act.From(ctx).Kind != act.KindUser { // nobody has proven who they are: the address is what was typed
		a.Actor = act.Actor{Kind: act.KindUser, Name: email, Account: account, Address: from.kept().Address}
	}
	if missed > 0 {
		a.Note = fmt.Sprintf("%d more failures before this one were counted and not recorded", missed)
	}
	// The caller may hang up to keep the failure out of the record.
	refused := fmt.Errorf("%w: %w", act.ErrRefused, cause)
	err := s.do(context.WithoutCancel(ctx), a, func(context.Context) error { return refused })
	if !errors.Is(err, refused) {
		s.Log.WarnContext(ctx, "a failed sign-in was not recorded", slog.Any("error", err))
	}
}
