package api

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// StreamHealth is the data of a stream's message health: how the account does at this moment. What the caller may not read
// is absent.
type StreamHealth struct {
	At                 time.Time `json:"at" doc:"When that was."`
	ReceivedPerSecond  float64   `json:"received_per_second" doc:"Events a second, over the last ten to twenty seconds." example:"12.4"`
	DeliveredPerSecond float64   `json:"delivered_per_second" doc:"Deliveries that succeed a second, over the same time." example:"37.1"`
	Backlog            uint64    `json:"backlog" doc:"What waits, is parked or is still to be read."`
	Mailbox            uint64    `json:"mailbox" doc:"What is in the mailbox."`
	Failing            int       `json:"failing" doc:"Integrations that fail: their breaker is open, or their last attempt or cycle failed. One that is paused or disabled does not."`
	AlertsOpen         *int      `json:"alerts_open,omitempty" doc:"Alerts that are open; with alerts:read."`
	IncidentsOpen      *int      `json:"incidents_open,omitempty" doc:"Incidents that are not closed; with incidents:read."`
	BlocksActive       *int      `json:"blocks_active,omitempty" doc:"Blocks that are active; with blocks:read."`
	BlocksPending      *int      `json:"blocks_pending,omitempty" doc:"Blocks that wait for approval; with blocks:read."`
	JournalOK          bool      `json:"journal_ok" doc:"Whether the hub takes events."`
}

// healthPauses is how many pauses of a stream lie between two messages health at least.
const healthPauses = 2

// liveHealth is what one stream has told of health.
type liveHealth struct {
	next time.Time // not before then is it looked again
	sent time.Time
	last StreamHealth
}

// tellHealth writes how the account does: at once, then when it has changed, and else as often as a stream gives a sign of
// life.
func (s *liveStream) tellHealth(ctx context.Context) error {
	now := time.Now()
	if now.Before(s.health.next) || !slices.Contains(s.topics, topicHealth) {
		return nil
	}
	s.health.next = now.Add(healthPauses * s.a.streamPause())
	h := s.a.healthOf(ctx, s.who)
	if reflect.DeepEqual(h, s.health.last) && now.Sub(s.health.sent) < s.a.keepAlive()-healthPauses*s.a.streamPause() {
		return nil
	}
	s.health.last, s.health.sent = h, now
	h.At = now.UTC()
	return s.message("health", "", jsonOf(h))
}

// healthOf is how the account does, as far as somebody may know, without a time.
func (a *server) healthOf(ctx context.Context, who identity.Principal) StreamHealth {
	account := accountOf(ctx)
	n := a.Pulse.Now(account)
	h := StreamHealth{
		ReceivedPerSecond: tenths(n.ReceivedPerSecond), DeliveredPerSecond: tenths(n.DeliveredPerSecond), Backlog: n.Backlog, Mailbox: n.Mailbox,
		Failing: n.Failing, JournalOK: a.JournalOK(),
	}
	open := a.standing.of(account, healthPauses*a.streamPause(), func() standing { return a.countOpen(ctx, account) })
	h.Failing += open.responders
	if who.Can(identity.AlertsRead) {
		h.AlertsOpen = open.alerts
	}
	if who.Can(identity.IncidentsRead) {
		h.IncidentsOpen = open.incidents
	}
	if who.Can(identity.BlocksRead) {
		h.BlocksActive, h.BlocksPending = open.active, open.pending
	}
	return h
}

// tenths rounds a rate, so that what hardly changed has not changed.
func tenths(rate float64) float64 { return math.Round(rate*10) / 10 }

// standing is how many things of an account are open; nil: it could not be found out.
type standing struct {
	alerts, incidents, active, pending *int
	responders                         int // that fail

	at time.Time
}

// standings remembers them for a moment, so that many streams cost little. The zero value is ready.
type standings struct {
	mu       sync.Mutex
	accounts map[event.Account]standing
}

// maxStandings bounds how many accounts are remembered.
const maxStandings = 1000

// of gives what is remembered of an account, or counts again when it is older than it may be.
func (s *standings) of(account event.Account, most time.Duration, count func() standing) standing {
	s.mu.Lock()
	was, known := s.accounts[account]
	s.mu.Unlock()
	if known && time.Since(was.at) < most {
		return was
	}
	at := time.Now()
	now := count()
	now.at = at
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts == nil || len(s.accounts) >= maxStandings {
		s.accounts = map[event.Account]standing{}
	}
	s.accounts[account] = now
	return now
}

// countOpen asks the rooms.
func (a *server) countOpen(ctx context.Context, account event.Account) (s standing) {
	var errs [3]error
	known := func(n int, err error) *int {
		if err != nil {
			return nil
		}
		return &n
	}
	var alerts, incidents, active, pending int
	alerts, errs[0] = a.Alerts.Open(ctx, account)
	incidents, errs[1] = a.Incidents.Open(ctx, account)
	active, pending, errs[2] = a.Blocks.Open(ctx, account)
	s.responders = a.failingResponders(account)
	s.alerts, s.incidents = known(alerts, errs[0]), known(incidents, errs[1])
	s.active, s.pending = known(active, errs[2]), known(pending, errs[2])
	if err := errors.Join(errs[:]...); err != nil && ctx.Err() == nil {
		a.log.ErrorContext(ctx, "what is open could not be counted for a stream", slog.Any("error", err))
	}
	return s
}
