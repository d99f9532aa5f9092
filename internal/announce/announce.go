// Package announce brings what Tocsin itself says into the journal.
//
// A change that is worth saying (an integration was disabled, a receiver keeps failing) puts its fact into the store's
// outbox in the transaction of the change itself. [Pump] takes facts from there, appends them to the journal as events
// of their account, and forgets them. So a fact is said if and only if its change happened. After a crash between the
// append and the forgetting a fact is appended once more, with the same id: like any delivery, at least once.
//
// A fact carries the integration that it is about (its origin), which never gets it, and how many facts led to it (its
// hops), so that integrations that report each other's failures come to an end.
package announce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of the pump.
const (
	// MaxHops is the longest chain of facts, each caused by the one before it. What would be a link further is not said.
	MaxHops = 3
	// pageRows is how many facts are read and appended at once.
	pageRows = store.MaxPage
	// maxBlocked is how many accounts at their quota are passed over at once. With more of them, all wait.
	maxBlocked = 1000
)

// Waits of the pump.
const (
	// idleWait is how often the outbox is looked at unasked: what puts facts there should call Wake.
	idleWait = 5 * time.Second
	// gapWait lets facts that come in a burst share an append.
	gapWait = 100 * time.Millisecond
	// firstWait and longestWait bound the waits between attempts that fail; each is twice the one before.
	firstWait   = time.Second
	longestWait = time.Minute
	// forgetTime bounds the deleting of what was appended, which goes on when the pump is told to stop.
	forgetTime = 5 * time.Second
)

// Appender makes records durable in the journal.
type Appender interface {
	// Append gives journal.ErrQuota when the account may not have more now; any other error concerns all accounts.
	Append(ctx context.Context, a journal.Append) error
}

// Deps are what a Pump is made of. Log and Now may be zero.
type Deps struct {
	Outbox   store.Outbox
	Appender Appender
	Now      func() time.Time
	Log      *slog.Logger
}

// Stats is what the pump did since it was made.
type Stats struct {
	Said    uint64 // facts that were appended
	Refused uint64 // facts that were given up: too many hops, or no valid event
}

// Pump takes facts from the outbox to the journal. One per installation runs at a time.
type Pump struct {
	deps Deps
	wake chan struct{}

	said, refused atomic.Uint64

	// What follows belongs to Run.

	// done are facts that are settled but still in the outbox. Nothing more is read before they are forgotten, or they
	// would be appended again.
	done    []event.ID
	blocked map[event.Account]*backoff
	failing backoff
	dropped uint64 // the store's count when it was last asked
	counted bool   // it was asked at all: what was dropped before this process began is old news
}

// New makes a pump. Nothing happens before Run.
func New(d Deps) *Pump {
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Pump{deps: d, wake: make(chan struct{}, 1), blocked: map[event.Account]*backoff{}}
}

// Wake says that the outbox holds something new. It never waits.
func (p *Pump) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Stats may be called at any time.
func (p *Pump) Stats() Stats { return Stats{Said: p.said.Load(), Refused: p.refused.Load()} }

// Run says what there is to say until ctx is done. What is left then is said by the next Run.
func (p *Pump) Run(ctx context.Context) {
	for ctx.Err() == nil {
		read, err := p.round(ctx)
		p.countDropped(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.trouble(err)
			p.sleep(ctx, p.failing.next(p.deps.Now()), nil)
			continue
		}
		p.recovered()
		switch {
		case read == pageRows:
			continue
		case read > 0:
			p.sleep(ctx, gapWait, nil)
		}
		p.sleep(ctx, p.idle(), p.wake)
	}
}

// sleep waits for a time, or less if it is woken.
func (p *Pump) sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}

// idle is how long nothing needs to be done unless something new comes.
func (p *Pump) idle() time.Duration {
	wait, now := idleWait, p.deps.Now()
	for _, b := range p.blocked {
		if left := b.until.Sub(now); left > 0 {
			wait = min(wait, left)
		}
	}
	return max(wait, gapWait)
}

// round says one page of facts and gives the number of rows that it read.
func (p *Pump) round(ctx context.Context) (read int, err error) {
	if err := p.forget(ctx); err != nil {
		return 0, err
	}
	skip := p.skipped()
	rows, err := p.deps.Outbox.ListOutbox(ctx, pageRows, skip...)
	if err != nil {
		return 0, fmt.Errorf("reading the outbox: %w", err)
	}
	if len(rows) == 0 && len(skip) == 0 {
		clear(p.blocked)
	}
	var failed error
	for _, a := range p.records(rows) {
		if failed = p.append(ctx, a); failed != nil {
			break
		}
	}
	return len(rows), errors.Join(failed, p.forget(ctx))
}

// append makes an account's facts durable. An account at its quota is no error: it is passed over for a while.
func (p *Pump) append(ctx context.Context, a journal.Append) error {
	err := p.deps.Appender.Append(ctx, a)
	b := p.blocked[a.Account]
	switch {
	case err == nil:
		for _, r := range a.Records {
			p.done = append(p.done, r.ID)
		}
		p.said.Add(uint64(len(a.Records)))
		if b != nil {
			delete(p.blocked, a.Account)
			p.deps.Log.Info("what Tocsin says about an account is in the journal again", slog.String("account", string(a.Account)))
		}
		return nil
	case !errors.Is(err, journal.ErrQuota), b == nil && len(p.blocked) == maxBlocked:
		return fmt.Errorf("appending %d facts: %w", len(a.Records), err)
	case b == nil:
		b = new(backoff)
		p.blocked[a.Account] = b
		p.deps.Log.Warn("what Tocsin says about an account has to wait", slog.String("account", string(a.Account)), slog.Any("error", err))
	}
	b.next(p.deps.Now())
	return nil
}

// forget deletes settled facts from the outbox. It is not cut off by the end of ctx: facts that stay would be said twice.
func (p *Pump) forget(ctx context.Context) error {
	if len(p.done) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetTime)
	defer cancel()
	if err := p.deps.Outbox.DeleteOutbox(ctx, p.done); err != nil {
		return fmt.Errorf("deleting from the outbox what was said: %w", err)
	}
	p.done = p.done[:0]
	return nil
}

// skipped are the accounts that have to wait.
func (p *Pump) skipped() []event.Account {
	var list []event.Account
	now := p.deps.Now()
	for a, b := range p.blocked {
		if b.until.After(now) {
			list = append(list, a)
		}
	}
	return list
}
