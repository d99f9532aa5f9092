// Package pulse keeps how deliveries went over time: what came in, what went out, what failed and how long it took, of
// each account and integration. It looks at the counters of the delivery room every ten seconds and remembers the
// differences, in memory and in the store; nothing on an event's way waits for it.
package pulse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/spread"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Times of the room.
const (
	// every is how often the counters are looked at: the finest step.
	every = 10 * time.Second
	// saveFine is how often what changed of the finest steps is stored, saveRest of the others. A crash loses as much of
	// the charts.
	saveFine = time.Minute
	saveRest = 5 * time.Minute
	// pruneEvery is how often old pieces are deleted.
	pruneEvery = time.Hour
	// nowFor is how long an answer about now is given again.
	nowFor = time.Second
	// stopTime bounds the last writes.
	stopTime = 5 * time.Second
)

// saveBatch is how many pieces are stored in one transaction, so that the settling of deliveries need not wait long for
// it; pruneBatch how many are deleted.
const (
	saveBatch  = 250
	pruneBatch = 1000
)

// Reading is what the counters of one integration say. Matched, Delivered, Failed, Retried and Took only grow while the
// process runs; all but Matched begin with it.
type Reading struct {
	Integration                         event.ID
	Account                             event.Account
	Matched, Delivered, Failed, Retried uint64
	Took                                spread.Counts
	Backlog, Mailbox                    uint64
	Failing                             bool
}

// Deps are what a Service is made of. Log and Now may be nil.
type Deps struct {
	Store store.Pulses
	// Read gives the readings of every integration of an account; of all accounts for an empty one.
	Read func(account event.Account) []Reading
	// Accounts are all there are, and Received is how many events one ever got.
	Accounts func() []event.Account
	Received func(event.Account) uint64
	Log      *slog.Logger
	Now      func() time.Time
}

// key names a series: an integration's, an account's without one, and without both that of the hub, which has a sample in
// every step in which it was up.
type key struct {
	account     event.Account
	integration event.ID
}

// series is the history of one key in every grain.
type series [len(grains)]ring

// Service keeps the history. Make it with Open.
type Service struct {
	deps Deps

	mu     sync.Mutex
	series map[key]*series
	// last is what the counters said when they were looked at last, and totals the sums of the two last looks.
	last     map[key]Reading
	received map[event.Account]uint64
	totals   [2]look
	looked   bool
	nows     map[event.Account]rememberedNow
	saved    [len(grains)]time.Time
	pruned   time.Time
}

// look is what the counters of accounts and integrations said at a time.
type look struct {
	at time.Time
	of map[key]total
}

// total is what rates are made of.
type total struct{ received, delivered uint64 }

type rememberedNow struct {
	at  time.Time
	now Now
}

// Open reads what was kept. Nothing is counted before Run.
func Open(ctx context.Context, d Deps) (*Service, error) {
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	if d.Now == nil {
		d.Now = time.Now
	}
	s := &Service{
		deps: d, series: map[key]*series{}, last: map[key]Reading{}, received: map[event.Account]uint64{},
		nows: map[event.Account]rememberedNow{},
	}
	now := d.Now()
	s.pruned = now.Add(-pruneEvery)
	for i := range grains {
		g := &grains[i]
		s.saved[i] = now
		rows, err := d.Store.LoadPulses(ctx, g.step, now.Add(-g.keep-g.piece))
		if err != nil {
			return nil, fmt.Errorf("reading the history of deliveries: %w", err)
		}
		for _, r := range rows {
			s.load(i, &r)
		}
	}
	return s, nil
}

// load takes over a piece that was stored. One that cannot be read is left out.
func (s *Service) load(grain int, r *store.PulsePiece) {
	p := &piece{start: r.At, data: r.Data}
	if err := p.read(func(int64, *sample) {}); err != nil {
		s.deps.Log.Warn("a piece of the history of deliveries is left out", slog.String("account", string(r.Account)), slog.Time("at", r.At), slog.Any("error", err))
		return
	}
	of := s.of(key{r.Account, r.Integration})
	of[grain].pieces = append(of[grain].pieces, p)
}

func (s *Service) of(k key) *series {
	of := s.series[k]
	if of == nil {
		of = new(series)
		s.series[k] = of
	}
	return of
}

// Run looks at the counters until ctx is done, and then stores what is left.
func (s *Service) Run(ctx context.Context) {
	s.Look()
	for {
		now := s.deps.Now()
		timer := time.NewTimer(begins(now, every).Add(every).Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			s.Look()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
			defer cancel()
			s.save(last, true)
			return
		case <-timer.C:
		}
		s.Look()
		s.save(ctx, false)
		s.prune(ctx)
	}
}

// Look takes the counters' differences since the last look into the history.
func (s *Service) Look() {
	readings, accounts := s.deps.Read(""), s.deps.Accounts()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.deps.Now()
	at := now
	if s.looked { // what a timer that rings at a step's end has to tell is of that step
		at = now.Add(-min(max(now.Sub(s.totals[1].at), 0), every) / 2)
	}
	samples := map[key]*sample{{}: {}}
	seen := look{at: now, of: map[key]total{}}
	for _, a := range accounts {
		n := s.deps.Received(a)
		was, known := s.received[a]
		if !known && !s.looked {
			was = n // before the process
		}
		if d := n - min(was, n); d > 0 {
			samples[key{account: a}] = &sample{received: d}
		}
		s.received[a] = n
		seen.of[key{account: a}] = total{received: n}
	}
	next := make(map[key]Reading, len(readings))
	for i := range readings {
		r := &readings[i]
		k := key{r.Account, r.Integration}
		one := s.difference(k, r)
		next[k] = *r
		samples[k] = &one
		whole := samples[key{account: r.Account}]
		if whole == nil {
			whole = new(sample)
			samples[key{account: r.Account}] = whole
		}
		received := whole.received
		whole.sum(&one)
		whole.received = received // an event is received once, however many want it
		whole.backlog += one.backlog
		whole.mailbox += one.mailbox
		sum := seen.of[key{account: r.Account}]
		sum.delivered += r.Delivered
		seen.of[key{account: r.Account}], seen.of[k] = sum, total{r.Matched, r.Delivered}
	}
	s.last, s.looked = next, true
	s.totals[0], s.totals[1] = s.totals[1], seen
	s.keep(samples, at, now)
}

// difference is what happened at an integration since the last look.
func (s *Service) difference(k key, r *Reading) sample {
	was, known := s.last[k]
	if !known && !s.looked {
		was.Matched = r.Matched // before the process
	}
	return sample{
		received: r.Matched - min(was.Matched, r.Matched), delivered: r.Delivered - min(was.Delivered, r.Delivered),
		failed: r.Failed - min(was.Failed, r.Failed), retried: r.Retried - min(was.Retried, r.Retried),
		took: r.Took.Since(&was.Took), backlog: r.Backlog, mailbox: r.Mailbox,
	}
}

// keep puts samples into every grain.
func (s *Service) keep(samples map[key]*sample, at, now time.Time) {
	nothing := new(sample)
	for k := range s.series {
		if samples[k] == nil {
			samples[k] = nothing // and nothing waits any more
		}
	}
	for k, one := range samples {
		hub := k == key{}
		if s.series[k] == nil && one.empty() && !hub {
			continue
		}
		of, empty := s.of(k), true
		for i := range grains {
			g := &grains[i]
			if err := s.keepOne(&of[i], g, begins(at, g.step), one, hub); err != nil {
				s.deps.Log.Error("a part of the history of deliveries is lost", slog.Any("error", err))
			}
			of[i].forget(g, now)
			empty = empty && len(of[i].pieces) == 0
		}
		if empty {
			delete(s.series, k)
		}
	}
}

func (s *Service) keepOne(r *ring, g *grain, step time.Time, one *sample, hub bool) error {
	if hub {
		return r.stand(g, step)
	}
	return r.add(g, step, one)
}

// save stores what changed, all of it or what it is time for. What cannot be stored now is stored later.
func (s *Service) save(ctx context.Context, all bool) {
	for i := range grains {
		wait := saveRest
		if i == fine {
			wait = saveFine
		}
		// A look is worth a little less than a step apart.
		if now := s.deps.Now(); all || now.Sub(s.saved[i]) >= wait-every/2 || now.Before(s.saved[i]) {
			s.saved[i] = now
			if err := s.saveGrain(ctx, i); err != nil && (all || ctx.Err() == nil) {
				s.deps.Log.Error("saving the history of deliveries failed; it will be tried again", slog.Any("error", err))
			}
		}
	}
}

func (s *Service) saveGrain(ctx context.Context, grain int) error {
	var errs []error
	for list, pieces := s.dirty(grain); len(list) > 0; {
		n := min(len(list), saveBatch)
		if err := s.deps.Store.SavePulses(ctx, list[:n]); err != nil {
			s.mu.Lock()
			for _, p := range pieces[:n] {
				p.dirty = true
			}
			s.mu.Unlock()
			errs = append(errs, err)
		}
		list, pieces = list[n:], pieces[n:]
	}
	return errors.Join(errs...)
}

// dirty gives what is to be stored of a grain, and takes it for stored.
func (s *Service) dirty(grain int) (list []store.PulsePiece, pieces []*piece) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, of := range s.series {
		for _, p := range of[grain].pieces {
			if p.dirty {
				p.dirty = false
				pieces = append(pieces, p)
				list = append(list, store.PulsePiece{
					Account: k.account, Integration: k.integration, Step: grains[grain].step, At: p.start, Data: slices.Clone(p.data),
				})
			}
		}
	}
	return list, pieces
}

// prune deletes what is older than anybody can ask for.
func (s *Service) prune(ctx context.Context) {
	now := s.deps.Now()
	if now.Sub(s.pruned) < pruneEvery {
		return
	}
	s.pruned = now
	for i := range grains {
		for {
			n, err := s.deps.Store.PrunePulses(ctx, grains[i].step, now.Add(-grains[i].keep-grains[i].piece), pruneBatch)
			if err != nil && ctx.Err() == nil {
				s.deps.Log.Error("deleting old pieces of the history of deliveries failed", slog.Any("error", err))
			}
			if err != nil || n < pruneBatch {
				break
			}
		}
	}
}
