package respond

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// book is an account's open blocks, and what was done lately. Whoever holds it is the only one who decides and writes
// about the account's blocks: so rates hold, what is asked for twice merges, and a target has one open block.
type book struct {
	account event.Account
	holder  chan struct{} // has room for one: the holder
	// What follows belongs to the holder.
	index
	// recent is when blocks became active within the last hour, the oldest first.
	recent []time.Time
	// gone are targets whose blocks have ended since the start.
	gone memory
	// stale: it was not read yet, or a write went wrong, and nobody knows whether the store has it.
	stale bool
}

// maxRecent bounds how many activations of the last hour are remembered: more than any policy allows.
const maxRecent = 1_000_000

// hour and minute are what rates count over.
const (
	minute = time.Minute
	hour   = time.Hour
)

func newBook(account event.Account) *book {
	return &book{account: account, holder: make(chan struct{}, 1), index: newIndex(), stale: true}
}

// book gives an account's book, made when it is asked for first.
func (s *Service) book(account event.Account) *book {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.books[account]
	if b == nil {
		b = newBook(account)
		s.books[account] = b
	}
	return b
}

// hold waits for an account's book. The caller gives it back by release.
func (s *Service) hold(ctx context.Context, account event.Account) (*book, error) {
	b := s.book(account)
	select {
	case b.holder <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if b.stale {
		if err := s.reread(ctx, b); err != nil {
			b.release()
			return nil, err
		}
	}
	return b, nil
}

func (b *book) release() { <-b.holder }

// reread makes a book agree with the store again.
func (s *Service) reread(ctx context.Context, b *book) error {
	fresh := newIndex()
	f := store.BlockFilter{Account: b.account, States: []store.BlockState{store.BlockPending, store.BlockActive}}
	var all []store.Block
	for page := (store.Page{Limit: store.MaxPage}); ; {
		list, next, err := s.deps.Store.ListBlocks(ctx, f, page)
		if err != nil {
			return fmt.Errorf("reading the open blocks of account %s: %w", b.account, err)
		}
		all = append(all, list...)
		if page.After = next; next == "" {
			break
		}
	}
	recent, err := s.deps.Store.ActivatedBlocks(ctx, b.account, s.now().Add(-hour), maxRecent)
	if err != nil {
		return fmt.Errorf("reading when blocks of account %s became active: %w", b.account, err)
	}
	fresh.put(all...)
	b.index, b.recent, b.stale = fresh, recent, false
	return nil
}

// save stores a change, and then makes the book agree; activated is how many blocks become active by it. The caller holds
// the book. Whoever asked does not keep it from being finished by hanging up. A write that went wrong changes nothing; the
// book is read anew before it is used again, because an answer may have been lost.
func (s *Service) save(ctx context.Context, b *book, w store.BlockWrite, activated int) error {
	if len(w.Blocks)+len(w.Place)+len(w.Steps)+len(w.Say) == 0 {
		return nil
	}
	if err := s.deps.Store.SaveBlocks(context.WithoutCancel(ctx), w); err != nil {
		b.stale = true
		if errors.Is(err, store.ErrConflict) {
			return ErrVersion
		}
		return fmt.Errorf("storing blocks: %w", err)
	}
	for i := range w.Blocks {
		if w.Blocks[i].Version++; !w.Blocks[i].State.Open() {
			b.gone.add(w.Blocks[i].Target)
		}
	}
	b.put(w.Blocks...)
	b.activated(s.now(), activated)
	if len(w.Say) > 0 && s.deps.Wake != nil {
		s.deps.Wake()
	}
	s.sooner(w.Blocks)
	return nil
}

// activated notes that n blocks have become active.
func (b *book) activated(at time.Time, n int) {
	if len(b.recent) > 0 && at.Before(b.recent[len(b.recent)-1]) { // the clock was set back
		at = b.recent[len(b.recent)-1]
	}
	b.recent = append(b.recent, slices.Repeat([]time.Time{at}, n)...)
}

// within counts what became active after a time.
func (b *book) within(since time.Time) int {
	at, _ := slices.BinarySearchFunc(b.recent, since, func(t, since time.Time) int {
		if t.After(since) {
			return 1
		}
		return -1
	})
	return len(b.recent) - at
}

// forget drops what is older than an hour.
func (b *book) forget(now time.Time) {
	if n := len(b.recent) - b.within(now.Add(-hour)); n > 0 {
		b.recent = slices.Delete(b.recent, 0, n)
	}
}

// maxGone bounds how many targets are remembered; with more, all are taken as known.
const maxGone = 10_000

// memory is a set of targets that is never wrong about what it does not have.
type memory struct {
	set  map[netip.Prefix]bool
	full bool
}

func (m *memory) add(p netip.Prefix) {
	switch {
	case m.full:
	case len(m.set) >= maxGone:
		m.set, m.full = nil, true
	case m.set == nil:
		m.set = map[netip.Prefix]bool{p: true}
	default:
		m.set[p] = true
	}
}

func (m *memory) has(p netip.Prefix) bool { return m.full || m.set[p] }
